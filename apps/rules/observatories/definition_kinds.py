"""The kinds of values in a definition: each reads its part of the tree and has a JSON schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Protocol

from apps.rules.observatories.definition_lines import Mistake, TreeNode

__all__ = [
    "DefinedKey",
    "DefinedValue",
    "KeyTable",
    "ListValue",
    "MapValue",
    "OneOf",
    "Reading",
    "TextValue",
    "suggestion",
]

LONGEST_TEXT = 4000  # characters
_NO_CONTROL = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]*")


@dataclass(slots=True)
class Reading:
    """The mistakes that were found, and the lines of what was read, by its path."""

    mistakes: list[Mistake] = field(default_factory=list)
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)

    def complain(self, line: int, text: str) -> None:
        self.mistakes.append(Mistake(line, text))

    def line_of(self, *path: str) -> int:
        """Return the line of a path, or of the nearest thing above it that was read."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class DefinedValue(Protocol):
    """A kind of value."""

    def read(self, node: TreeNode, path: tuple[str, ...], reading: Reading) -> Any:
        """Return the plain value, or None after a complaint."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of such values."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known word, or lists them all; at most twenty.

    Examples
    --------
    >>> suggestion("mtach", ["match", "text"]), suggestion("x", ["match", "text"])
    ('Did you mean match?', 'Known are match, text.')
    """
    names = list(known)
    near = get_close_matches(word.lower(), [name.lower() for name in names], n=1)
    if near:
        return f"Did you mean {next(name for name in names if name.lower() == near[0])}?"
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"Known are {', '.join(names[:20])}{more}."


@dataclass(frozen=True)
class TextValue:
    """A text that fits a pattern as a whole; `says` tells people what would do."""

    pattern: str = r"(?s).+"
    says: str = "a text"
    case: Callable[[str], str] = str
    longest: int = LONGEST_TEXT

    def read(self, node: TreeNode, path: tuple[str, ...], reading: Reading) -> str | None:
        if not isinstance(node.value, str):
            reading.complain(node.line, f"{_named(path)} is {node.kind}. Write {self.says}.")
            return None
        text = self.case(node.value.strip())
        if len(text) > self.longest:
            reading.complain(
                node.line, f"{_named(path)} has {len(text)} characters; at most {self.longest} fit."
            )
        elif not _NO_CONTROL.fullmatch(text):
            reading.complain(node.line, f"{_named(path)} has a control character.")
        elif not re.fullmatch(self.pattern, text):
            found = f"{text[:60]!r}" if text else "empty"
            reading.complain(node.line, f"{_named(path)} is {found}. Write {self.says}.")
        else:
            return text
        return None

    def schema(self) -> dict[str, Any]:
        # A number without quotes is a text for us: `version: 1.0`.
        return {
            "type": ["string", "number", "boolean"],
            "description": f"{self.says[:1].upper()}{self.says[1:]}.",
        }


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]
    case: Callable[[str], str] = str

    def read(self, node: TreeNode, path: tuple[str, ...], reading: Reading) -> str | None:
        text = self.case(node.value) if isinstance(node.value, str) else ""
        if text in self.words:
            return text
        found = repr(text[:60]) if text else node.kind
        reading.complain(node.line, f"{_named(path)} is {found}. {suggestion(text, self.words)}")
        return None

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class ListValue:
    """A list, or its only item; no item twice. The word `empty_word` stands for an empty list."""

    item: DefinedValue
    minimum: int = 0
    maximum: int = 5000
    empty_word: str = ""

    def read(self, node: TreeNode, path: tuple[str, ...], reading: Reading) -> list[Any] | None:
        if self.empty_word and node.value == self.empty_word:
            return []
        items = node.value if isinstance(node.value, list) else [node]
        if isinstance(node.value, dict) or len(items) < self.minimum or len(items) > self.maximum:
            found = f"{len(items)} items" if isinstance(node.value, list) else node.kind
            how_many = f"{self.minimum} to {self.maximum} items"
            reading.complain(node.line, f"{_named(path)} has {found}. Write a list of {how_many}.")
            return None
        read: list[Any] = []
        for part in items:
            value = self.item.read(part, path, reading)
            if value is not None and value in read:
                reading.complain(part.line, f"{_named(path)} has {value!r} twice.")
            elif value is not None:
                read.append(value)
                if isinstance(value, str):
                    reading.lines[*path, value] = part.line
        return read

    def schema(self) -> dict[str, Any]:
        item = self.item.schema()
        several = {"type": "array", "items": item, "minItems": self.minimum, "uniqueItems": True}
        return {"anyOf": [several, item] + ([{"const": self.empty_word}] if self.empty_word else [])}


@dataclass(frozen=True)
class MapValue:
    """A mapping whose keys somebody chooses."""

    key: TextValue
    value: DefinedValue
    minimum: int = 0
    maximum: int = 2000

    def read(self, node: TreeNode, path: tuple[str, ...], reading: Reading) -> dict[str, Any] | None:
        if not isinstance(node.value, dict) or not self.minimum <= len(node.value) <= self.maximum:
            found = f"{len(node.value)} entries" if isinstance(node.value, dict) else node.kind
            how_many = f"{self.minimum} to {self.maximum} entries"
            reading.complain(
                node.line, f"{_named(path)} has {found}. Write {how_many} of the form `key: value`."
            )
            return None
        read: dict[str, Any] = {}
        for child in node.value.values():
            key = self.key.read(TreeNode(child.key_line, child.key), path, reading)
            if key is None:
                continue
            if key in read:
                reading.complain(child.key_line, f"{_named(path)} has {key} twice.")
                continue
            reading.lines[*path, key] = child.key_line
            value = self.value.read(child, (*path, key), reading)
            if value is not None:
                read[key] = value
        return read

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "additionalProperties": self.value.schema(),
            "propertyNames": {"description": f"{self.key.says[:1].upper()}{self.key.says[1:]}."},
            "minProperties": self.minimum,
        }


@dataclass(frozen=True)
class DefinedKey:
    """One key of a section: its kind, what it is for, and an example for the file that we write."""

    name: str
    kind: DefinedValue
    about: str
    is_required: bool = False


@dataclass(frozen=True)
class KeyTable:
    """A mapping whose keys we know.

    Attributes
    ----------
    short
        DefinedKey that a list or a text instead of the mapping stands for: ``FILTER: [J, H]`` for
        ``FILTER: {values: [J, H]}``. Empty if there is no short form.
    """

    fields: tuple[DefinedKey, ...]
    short: str = ""

    def read(self, node: TreeNode, path: tuple[str, ...], reading: Reading) -> dict[str, Any] | None:
        if not isinstance(node.value, dict) and self.short:
            node = TreeNode(
                node.line, {self.short: TreeNode(node.line, node.value, node.line, key=self.short)}
            )
        if not isinstance(node.value, dict):
            reading.complain(node.line, f"{_named(path)} is {node.kind}. Write a mapping: {self._keys()}.")
            return None
        known = {field.name: field for field in self.fields}
        read: dict[str, Any] = {}
        for name, child in node.value.items():
            reading.lines[*path, name] = child.key_line
            if name not in known:
                where = f" in {_named(path)}" if path else ""
                reading.complain(
                    child.key_line, f"Unknown key {name[:60]!r}{where}. {suggestion(name, known)}"
                )
                continue
            value = known[name].kind.read(child, (*path, name), reading)
            if value is not None:
                read[name] = value
        for name, wanted in known.items():
            if wanted.is_required and name not in node.value:
                line = node.key_line or node.line
                where = f"{_named(path)} lacks" if path else "The definition lacks"
                reading.complain(line, f"{where} `{name}`: {wanted.about}")
        return read

    def _keys(self) -> str:
        return ", ".join(field.name for field in self.fields)

    def schema(self) -> dict[str, Any]:
        whole: dict[str, Any] = {
            "type": "object",
            "properties": {one.name: _described(one) for one in self.fields},
            "additionalProperties": False,
        }
        required = [one.name for one in self.fields if one.is_required]
        if required:
            whole["required"] = required
        short = next((one.kind.schema() for one in self.fields if one.name == self.short), None)
        return {"anyOf": [whole, short]} if short else whole


def _described(field: DefinedKey) -> dict[str, Any]:
    return {**field.kind.schema(), "description": field.about}


def _named(path: tuple[str, ...]) -> str:
    """Return a path for people."""
    return ".".join(path) if path else "the definition"


def frozen(value: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    """Return a list of a section as a tuple, empty if it is missing."""
    return tuple(value.get(key, ()))

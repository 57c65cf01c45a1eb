"""YAML or JSON as a tree of texts that knows its lines.

Every scalar stays the text that somebody wrote: ``NO`` is a value of a keyword and no boolean, and version
``1.10`` is not ``1.1``. What a bomb of aliases or of depth needs is refused while the text is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from apps.rules.errors import CrdsError

LARGEST = 4 << 20  # bytes; the largest known definition has a tenth of it
DEEPEST = 12  # levels
MOST_NODES = 200_000
MOST_MISTAKES = 100


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake in a definition, with the number of its line, which counts from 1."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


class DefinitionError(CrdsError):
    """A definition has mistakes; the message has one line for each of them."""

    code = "definition"

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(map(str, self.mistakes[:MOST_MISTAKES])))


@dataclass(slots=True)
class TreeNode:
    """A text, a list or a mapping, with the line where it begins, and the line of its key if it has one."""

    line: int
    value: str | list[TreeNode] | dict[str, TreeNode]
    key_line: int = 0
    is_quoted: bool = False
    key: str = ""

    @property
    def kind(self) -> str:
        """The word for people."""
        if isinstance(self.value, dict):
            return "a mapping"
        return "a list" if isinstance(self.value, list) else f"the text {self.value[:60]!r}"


@dataclass(slots=True)
class _Open:
    """A list or a mapping whose end has not been read."""

    node: TreeNode
    key: tuple[str, int] | None = None
    mistakes: list[Mistake] = field(default_factory=list)


def read_tree(text: str) -> TreeNode:
    """Return the tree of a text in YAML or JSON.

    Raises
    ------
    DefinitionError
        Raised if the text is not YAML, is too large or too deep, has aliases, tags, several documents or a
        key twice.
    """
    if len(text.encode(errors="replace")) > LARGEST:
        raise _error(1, f"The file is larger than {LARGEST >> 20} MiB, which no definition needs.")
    try:
        root, mistakes = _grow(_events(text))
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        where = mark.line + 1 if mark else 1
        problem = " ".join(filter(None, (exc.context, exc.problem)))
        raise _error(where, f"This is not YAML: {problem}.") from exc
    except (yaml.YAMLError, UnicodeError) as exc:
        raise _error(_line_of(text, exc), f"This is not YAML: {_first_line(exc)}.") from exc
    if root is None:
        raise _error(1, "The file is empty. `manage.py new_observatory NAME` writes one to begin with.")
    if mistakes:
        raise DefinitionError(mistakes)
    return root


def _line_of(text: str, exc: Exception) -> int:
    """Return the line of a character that YAML does not allow."""
    position = getattr(exc, "position", 0)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1


def _first_line(exc: Exception) -> str:
    return str(exc).strip().partition("\n")[0] or type(exc).__name__


def _error(line: int, text: str) -> DefinitionError:
    return DefinitionError([Mistake(line, text)])


def _events(text: str) -> Iterator[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return iter(yaml.parse(text, Loader=loader))


def _grow(events: Iterator[Any]) -> tuple[TreeNode | None, list[Mistake]]:
    """Build the tree without recursion."""
    root: TreeNode | None = None
    open_: list[_Open] = []
    mistakes: list[Mistake] = []
    count = 0
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent) and root is not None:
            raise _error(line, "A second document begins here. A definition is one document.")
        if isinstance(event, yaml.AliasEvent):
            raise _error(
                line, f"*{event.anchor} is an alias. Write the values out, or name them in `keywords`."
            )
        if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            open_.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        _refuse_decorations(event, line)
        count += 1
        if count > MOST_NODES:
            raise _error(line, f"The file has more than {MOST_NODES} values, which no definition needs.")
        node = _node(event, line)
        if open_:
            _attach(node, open_[-1], mistakes)
        else:
            root = node
        if not isinstance(node.value, str):
            open_.append(_Open(node))
            if len(open_) > DEEPEST:
                raise _error(
                    line, f"Values are nested deeper than {DEEPEST} levels, which no definition needs."
                )
    return root, mistakes


def _refuse_decorations(event: Any, line: int) -> None:
    if event.anchor:
        raise _error(line, f"&{event.anchor} is an anchor. Values are written out here.")
    if event.tag and event.tag != "!":
        raise _error(line, f"The tag {event.tag} is not allowed. Write the value alone.")


def _node(event: Any, line: int) -> TreeNode:
    if isinstance(event, yaml.ScalarEvent):
        return TreeNode(line, event.value, is_quoted=event.style is not None)
    return TreeNode(line, [] if isinstance(event, yaml.SequenceStartEvent) else {})


def _attach(node: TreeNode, parent: _Open, mistakes: list[Mistake]) -> None:
    """Put a node into the list or mapping that is open. In a mapping, every other node is a key."""
    whole = parent.node.value
    if isinstance(whole, list):
        whole.append(node)
    elif isinstance(whole, dict) and parent.key is None:
        if not isinstance(node.value, str):
            raise _error(node.line, f"A key must be text; found {node.kind}.")
        if node.value in whole:
            first = whole[node.value].key_line
            mistakes.append(Mistake(node.line, f"{node.value!r} stands here again; line {first} has it too."))
        parent.key = node.value, node.line
    elif isinstance(whole, dict) and parent.key is not None:
        node.key, node.key_line = parent.key
        whole.setdefault(node.key, node)
        parent.key = None

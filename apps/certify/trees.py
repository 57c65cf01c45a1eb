"""Safe readers of YAML and JSON that return trees of plain values.

Tags and extensions in the text build no objects. A small text cannot become large through depth or aliases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from apps.rules.errors import CrdsError

MOST_NODES = 100_000
MOST_PLACES = 200_000  # of a YAML text: keys, values and items of lists; each takes up to 1 kB
MOST_MARKS = 1_000_000  # opening brackets and commas of a JSON text; each takes up to 100 bytes
DEEPEST_TREE = 200  # levels
LONGEST_KEY = 10_000  # characters

_TIME_TAG = re.compile(r"\btime/time-[0-9.]+\Z")
_FRACTION = re.compile(r"\.[0-9]+\Z")


class UnreadableTreeError(CrdsError):
    """A text that is not a tree, or whose tree is larger than any real one."""

    code = "unreadable_tree"


def read_yaml(text: bytes | str, *, as_written: bool = False) -> Any:
    """Return the plain value of a YAML document.

    Tags are ignored. A time with an ASDF tag loses its fraction of a second, as in the client. Dates without
    a tag stay text.

    Parameters
    ----------
    as_written
        Whether numbers and truth values also stay text.

    Raises
    ------
    UnreadableTreeError
        Raised if the text is not YAML, is nested too deeply, or names too many places through aliases.
    """
    import yaml

    try:
        require_small(text)
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader) if as_written else _loader()
        return yaml.load(text, Loader=loader)  # noqa: S506 (both make plain values only)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as exc:
        raise UnreadableTreeError(f"not YAML that can be read: {str(exc)[:300]}") from exc


def read_json(text: bytes | str) -> Any:
    """Return the value of a JSON document, which may begin with a byte order mark.

    Raises
    ------
    UnreadableTreeError
        Raised if the text is not JSON, is nested too deeply, or has more parts than any real one.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        if (marks := sum(map(text.count, "[{,"))) > MOST_MARKS:
            raise UnreadableTreeError(
                f"it has {marks:,} brackets and commas; at most {MOST_MARKS:,} are read"
            )
        return json.loads(text.removeprefix("\ufeff"))
    except RecursionError as exc:
        raise UnreadableTreeError("the JSON is nested too deeply") from exc
    except ValueError as exc:
        raise UnreadableTreeError(f"not JSON that can be read: {str(exc)[:300]}") from exc


def require_small(text: bytes | str, *, most_places: int = MOST_PLACES) -> None:
    """Refuse a YAML text that is too deep, has too many places, or is too large with its aliases written out.

    A reader overflows its stack on a deep tree, and a walk through nested aliases never ends. The values of a
    text take up to a hundred times its size.

    Raises
    ------
    UnreadableTreeError
        Raised if the text is too deep or too large; the message names levels, places or aliases.
    """
    import yaml

    sizes: dict[str, int] = {}
    open_branches: list[tuple[str | None, int]] = []
    places = written_out = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            open_branches.append((event.anchor, places))
            places += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_branches.pop()
            if anchor:
                sizes[anchor] = places - before
        elif isinstance(event, yaml.AliasEvent):
            # An alias within its own branch counts once, so every walk through the tree must count its steps.
            size = sizes.get(str(event.anchor), 1)
            places += size
            written_out += size
        elif isinstance(event, yaml.ScalarEvent):
            places += 1
        if len(open_branches) > DEEPEST_TREE:
            raise UnreadableTreeError(f"the tree is nested deeper than {DEEPEST_TREE} levels")
        if places - written_out > most_places:
            raise UnreadableTreeError(f"the tree has more than {most_places:,} keys, values and items")
        if written_out > MOST_NODES:
            raise UnreadableTreeError(
                f"its aliases, written out, make more than {MOST_NODES:,} places; real files have a few"
            )


def flatten(tree: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """Yield the dotted upper case key and the text of each value that is text, number, date or truth value.

    Raises
    ------
    UnreadableTreeError
        Raised if the tree has too many places, or endless ones: one part may be at many places, even inside
        itself.

    Notes
    -----
    Source: ``to_simple_types`` in ``crds.io.abstract``.

    Examples
    --------
    >>> dict(flatten({"meta": {"exposure": {"type": "MIR_IMAGE", "nints": 3}, "none": None}}))
    {'META.EXPOSURE.TYPE': 'MIR_IMAGE', 'META.EXPOSURE.NINTS': '3'}
    """
    waiting: list[tuple[str, Mapping[Any, Any]]] = [("", tree)]
    steps = 0
    while waiting:
        prefix, branch = waiting.pop()
        for key, value in branch.items():
            steps += 1
            if steps > MOST_NODES or len(prefix) > LONGEST_KEY:
                raise UnreadableTreeError(f"the tree has more than {MOST_NODES} nodes, or endless ones")
            if not isinstance(key, str):
                continue
            path = f"{prefix}{key.upper()}"
            if isinstance(value, Mapping):
                waiting.append((f"{path}.", value))
            elif isinstance(value, datetime | date):
                yield path, value.isoformat()
            elif isinstance(value, str | int | float):
                yield path, str(value)


@cache
def _loader() -> Any:
    """Return a reader of YAML that makes only plain values."""
    import yaml

    class Plain(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        def flatten_mapping(self, node: Any) -> None:
            """Keep merge keys unmerged: repeated merges would grow without end."""

    def plain(loader: Any, suffix: str, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        text = loader.construct_scalar(node)
        return _FRACTION.sub("", text) if _TIME_TAG.search(suffix) else text

    # The empty prefix matches every tag that has no reader of its own.
    Plain.add_multi_constructor("", plain)
    Plain.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))
    return Plain

"""JSON with one long list, written in parts so that memory stays flat."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson


def json_list(blocks: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield the JSON of one list, given its items in blocks.

    Examples
    --------
    >>> b"".join(json_list([["a", "b"], [], ["c"]]))
    b'["a","b","c"]'
    """
    separator = b"["
    for block in blocks:
        if block:
            yield separator + orjson.dumps(block)[1:-1]
            separator = b","
    yield b"[]" if separator == b"[" else b"]"


def json_object(
    facts: Mapping[str, object], name: str, blocks: Iterable[Sequence[object]]
) -> Iterator[bytes]:
    """Yield the JSON of an object, whose key `name` holds one list given in blocks.

    Examples
    --------
    >>> b"".join(json_object({"a": 1}, "ids", [["x"]]))
    b'{"a":1,"ids":["x"]}'
    """
    yield orjson.dumps(facts)[:-1] + (b"," if facts else b"") + orjson.dumps(name) + b":"
    yield from json_list(blocks)
    yield b"}"

"""Read the header of a data file: FITS keywords, or the tree of an ASDF file.

Only the header is read, never the data. The science stack is imported when the first file is read, so that a
process which reads none does without it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from apps.rules.errors import CrdsError

MOST_KEYWORDS = 20_000
MOST_NODES = 100_000
LARGEST_TREE = 16 << 20  # bytes of YAML
DEEPEST_TREE = 200  # levels
LONGEST_KEY = 10_000  # characters
_JOINED = ("COMMENT", "HISTORY")
_FITS_START, _ASDF_START = b"SIMPLE  =", b"#ASDF"
_ASDF_TREE_END = b"\n..."
_INCOMPLETE = ("truncated", "Error validating header")


class UnreadableHeaderError(CrdsError):
    """The file has no header that can be read."""

    code = "unreadable_header"


def read_header(path: Path) -> dict[str, str]:
    """Return keyword to value, both as text, of a FITS or ASDF file; its content tells which it is.

    FITS: the keywords of all extensions; of a keyword that stands in several the first one counts, COMMENT
    and HISTORY are joined by line ends. ASDF: the tree, its keys upper case and joined by periods; what is
    neither text nor number nor date is left away.

    Raises
    ------
    UnreadableHeaderError
        Raised if the file is neither, is cut off, or holds more than any real header does.

    Notes
    -----
    Source: ``get_free_header`` of the CRDS client, which names undefined values and suppressed types
    differently.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(len(_FITS_START))
            stream.seek(0)
            if start == _FITS_START:
                return _read_fits(stream)
            if start.startswith(_ASDF_START):
                return _read_asdf(stream)
    except OSError as exc:
        raise UnreadableHeaderError(f"the file cannot be read: {exc}") from exc
    raise UnreadableHeaderError(f"neither FITS nor ASDF: the file begins with {start!r}")


def _read_fits(stream: BinaryIO) -> dict[str, str]:
    from astropy.io import fits

    header: dict[str, str] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with fits.open(stream, mode="readonly", memmap=False, checksum=False) as extensions:
                for keyword, value in _cards(extensions):
                    if keyword in _JOINED and keyword in header:
                        header[keyword] += "\n" + value
                    else:
                        header.setdefault(keyword, value)
        except (
            OSError,
            fits.VerifyError,
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            AttributeError,
        ) as exc:
            raise UnreadableHeaderError(f"not FITS that can be read: {exc}") from exc
    for warning in caught:
        if any(word in str(warning.message) for word in _INCOMPLETE):
            raise UnreadableHeaderError(f"the file is cut off: {warning.message}")
    return header


def _cards(extensions: Iterable[Any]) -> Iterator[tuple[str, str]]:
    from astropy.io.fits.card import Undefined

    seen = 0
    for extension in extensions:
        for card in extension.header.cards:
            seen += 1
            if seen > MOST_KEYWORDS:
                raise UnreadableHeaderError(f"the file has more than {MOST_KEYWORDS} keywords")
            card.verify("fix")
            if card.keyword:
                value = "UNDEFINED" if isinstance(card.value, Undefined) else str(card.value)
                yield card.keyword.upper(), value


def _read_asdf(stream: BinaryIO) -> dict[str, str]:
    from asdf.util import load_yaml

    head = stream.read(LARGEST_TREE)
    end = head.find(_ASDF_TREE_END)
    if end < 0:
        raise UnreadableHeaderError(f"the ASDF tree does not end within {LARGEST_TREE} bytes")
    stream.seek(0)
    try:
        require_shallow(head[:end])
        # Without its tags the tree becomes plain values; no extension gets to build anything.
        tree = load_yaml(stream, tagged=False)
        if not isinstance(tree, Mapping):
            raise UnreadableHeaderError("the ASDF tree is not a mapping")
        return dict(_leaves(tree))
    except CrdsError:
        raise
    except Exception as exc:  # The YAML and ASDF packages each have several roots of errors.
        raise UnreadableHeaderError(f"not ASDF that can be read: {str(exc)[:300]}") from exc


def require_shallow(tree: bytes) -> None:
    """Refuse a tree so deep that building it overflows the stack, which would end the process."""
    import yaml

    depth = 0
    for event in yaml.parse(tree, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST_TREE:
            raise UnreadableHeaderError(f"the ASDF tree is nested deeper than {DEEPEST_TREE} levels")


def _leaves(tree: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """Yield dotted key and text of each simple value.

    One part may stand in a tree at many places, even inside itself, so the steps are counted.
    """
    waiting: list[tuple[str, Any]] = [("", tree)]
    steps = 0
    while waiting:
        prefix, branch = waiting.pop()
        for key, value in branch.items():
            steps += 1
            if steps > MOST_NODES or len(prefix) > LONGEST_KEY:
                raise UnreadableHeaderError(
                    f"the ASDF tree has more than {MOST_NODES} nodes, or endless ones"
                )
            path = f"{prefix}{str(key).upper()}"
            if isinstance(value, Mapping):
                waiting.append((f"{path}.", value))
            elif isinstance(value, datetime | date):
                yield path, value.isoformat()
            elif isinstance(value, str | int | float):
                yield path, str(value)

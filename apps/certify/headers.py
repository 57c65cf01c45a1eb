"""The header of a file: FITS keywords, or the tree of an ASDF, JSON or YAML file.

Only the header is read, never the data. The science packages are imported when the first file is read, so
that a process which reads no file does not need them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from apps.certify.trees import UnreadableTreeError, flatten, read_json, read_yaml
from apps.rules.errors import CrdsError

MOST_KEYWORDS = 20_000
LARGEST_TREE = 16 << 20  # bytes of YAML
CARD = 80  # characters
COMMENTARY = ("COMMENT", "HISTORY")
_FITS_START, _ASDF_START = b"SIMPLE  =", b"#ASDF"
_ASDF_TREE_END = b"\n..."
# Keywords of a compressed image in a table: those of the image after a Z.
_PACKED = re.compile(r"Z(BITPIX|NAXIS[0-9]*)")
_INCOMPLETE = ("truncated", "Error validating header")


class UnreadableHeaderError(CrdsError):
    """A file without a header that can be read."""

    code = "unreadable_header"


def read_header(path: Path, name: str = "") -> dict[str, str]:
    """Return the header of a file, keyword to value, both as text, as certification reads it.

    FITS: the keywords of all extensions. If several extensions have a keyword, the first one counts. COMMENT
    and HISTORY are joined by line ends. ASDF, JSON and YAML: the tree, its keys in upper case and joined by
    periods. Values that are not text, number or date are left out. Entries of an ASDF history become the
    lines of HISTORY.

    Parameters
    ----------
    name
        Name of the file, if the path ends in another one. FITS and ASDF files are known by their content,
        JSON and YAML files by their name.

    Raises
    ------
    UnreadableHeaderError
        Raised if the file has none of these formats, is cut off, or has a larger header than any real file.

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
                return read_asdf_tree(stream.read(LARGEST_TREE))
            if reader := _TREES.get(PurePath(name or path.name).suffix):
                return _read_tree(stream.read(LARGEST_TREE + 1), reader)
    except OSError as exc:
        raise UnreadableHeaderError(f"the file cannot be read: {exc}") from exc
    raise UnreadableHeaderError(f"neither FITS nor ASDF nor JSON nor YAML: the file begins with {start!r}")


def _read_fits(stream: BinaryIO) -> dict[str, str]:
    from astropy.io import fits

    header: dict[str, str] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with fits.open(stream, mode="readonly", memmap=False, checksum=False) as extensions:
                for keyword, value in _cards(extensions):
                    if keyword in COMMENTARY and keyword in header:
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


def read_cards(text: str) -> dict[str, str]:
    """Return keyword to value, both as text, of successive cards of 80 characters.

    If a keyword is given twice, the first value counts, as in files. Commentary is left out, and so are cards
    that astropy cannot read. Characters that a header must not have become question marks.

    Examples
    --------
    >>> cards = ("EXPTIME =              1.5D+03", "        FILTER = 'F606W'", "CCDAMP  = 'A' / amplifier")
    >>> read_cards("".join(card.ljust(80) for card in cards))
    {'EXPTIME': '1500.0', 'CCDAMP': 'A'}
    """
    from astropy.io import fits

    headers: list[dict[str, str]] = [{}]
    plain = "".join(each if " " <= each <= "~" else "?" for each in text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for card in fits.Header.fromstring(plain).cards:
            with suppress(fits.VerifyError, ValueError, TypeError, KeyError, IndexError, AttributeError):
                keyword, value = _read_card(card)
                if keyword == "XTENSION":
                    headers.append({})
                if keyword and keyword not in COMMENTARY:
                    headers[-1].setdefault(keyword, value)
    found: dict[str, str] = {}
    for header in map(_unpacked, headers):
        found = found | {keyword: value for keyword, value in header.items() if keyword not in found}
    return found


def _unpacked(header: dict[str, str]) -> dict[str, str]:
    """Return a header; if it is that of an image compressed in a table, with the axes of the image."""
    if header.get("ZIMAGE") != "True":
        return header
    return header | {key[1:]: value for key, value in header.items() if _PACKED.fullmatch(key)}


def _read_card(card: Any) -> tuple[str, str]:
    from astropy.io.fits.card import Undefined

    card.verify("fix")
    return card.keyword.upper(), "UNDEFINED" if isinstance(card.value, Undefined) else str(card.value)


def _cards(extensions: Iterable[Any]) -> Iterator[tuple[str, str]]:
    seen = 0
    for extension in extensions:
        for card in extension.header.cards:
            seen += 1
            if seen > MOST_KEYWORDS:
                raise UnreadableHeaderError(f"the file has more than {MOST_KEYWORDS} keywords")
            keyword, value = _read_card(card)
            if keyword:
                yield keyword, value


def read_asdf_tree(head: bytes) -> dict[str, str]:
    """Return the simple values of the tree at the start of an ASDF file: dotted upper case key to text.

    Parameters
    ----------
    head
        The first bytes of the file, at least up to the end of its tree.

    Raises
    ------
    UnreadableHeaderError
        Raised if the tree does not end, is not a mapping, or is larger than any real one.
    """
    end = head.find(_ASDF_TREE_END)
    if end < 0:
        raise UnreadableHeaderError(f"the ASDF tree does not end within {LARGEST_TREE} bytes")
    return _read_tree(head[: end + 1], read_yaml)


def _read_tree(text: bytes, reader: Callable[[bytes], Any]) -> dict[str, str]:
    if len(text) > LARGEST_TREE:
        raise UnreadableHeaderError(f"the file has more than {LARGEST_TREE} bytes")
    try:
        tree = reader(text)
        if not isinstance(tree, Mapping):
            raise UnreadableHeaderError("the tree is not a mapping")
        return {**dict(flatten(tree)), **_history(tree.get("history"))}
    except UnreadableTreeError as exc:
        raise UnreadableHeaderError(str(exc)) from exc


def _history(history: Any) -> dict[str, str]:
    """Return the entries of an ASDF history, joined as in the client; empty if there are none."""
    entries = history.get("entries") if isinstance(history, Mapping) else history
    lines = [
        f"{str(entry.get('time', ''))[:19].replace('T', ' ')} :: {entry.get('description', '')}"
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping)
    ]
    return {"HISTORY": "\n".join(lines)} if lines else {}


_TREES: dict[str, Callable[[bytes], Any]] = {".json": read_json, ".yaml": read_yaml, ".yml": read_yaml}

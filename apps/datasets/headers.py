"""Headers of datasets in the form that we store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.rules.observatories import Observatory
from apps.rules.observatories.dataset_ids import DatasetIds
from apps.rules.observatories.missions import INSTRUMENT_KEYWORDS

_SIMPLE = (str, int, float)  # Booleans are included, because they are whole numbers to Python.


def canonical(header: Mapping[str, Any], observatory: Observatory, grammar: DatasetIds) -> dict[str, str]:
    """Return a header with upper case keys and text for values.

    If a key is there in upper and in lower case, the lower case one counts. Values of other types become the
    text that Python gives them; lists, objects and nulls are left out. The client does both. The data model
    path of a FITS keyword is added, and keys get the prefix that an archive leaves out, unless the header
    already has that key.
    """
    is_upper = _is_upper(header)
    if is_upper and set(map(type, header.values())) <= {str}:
        texts = dict(header)  # Nearly all headers are.
    else:
        texts = _as_texts(header.items() if is_upper else _upper_first(header))
    texts |= _paths(texts, observatory) | _synonyms(texts, observatory)
    if grammar.key_prefix:
        return _prefixed(texts, grammar.key_prefix)
    return texts


def _as_texts(items: Iterable[tuple[str, Any]]) -> dict[str, str]:
    return {
        key.upper(): value if type(value) is str else str(value)
        for key, value in items
        if isinstance(value, _SIMPLE)
    }


def _paths(texts: Mapping[str, str], observatory: Observatory) -> dict[str, str]:
    """Return the data model paths and the FITS keywords, with the same value for both.

    If a header has both with different values, the later one counts, as in the client. A table does not keep
    the order.
    """
    if texts.keys().isdisjoint(observatory.keyword_paths):
        return {}
    keywords = {}
    paths = {}
    for key, value in texts.items():
        found = observatory.keyword_paths.get(key, (key,))
        if len(found) == 1:
            keywords[key] = found[0].upper()
            paths[found[0].upper()] = value
    return paths | {keyword: paths[path] for keyword, path in keywords.items()}


def _synonyms(texts: Mapping[str, str], observatory: Observatory) -> dict[str, str]:
    """Return the parkeys that the header has only under other keywords for the same fact."""
    return {
        parkey: next(texts[other] for other in others if other in texts)
        for parkey, others in observatory.synonyms.items()
        if parkey not in texts and not texts.keys().isdisjoint(others)
    }


def _is_upper(header: Mapping[str, Any]) -> bool:
    return "".join(header).isupper()


def _upper_first(header: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the items sorted so that the lower case spelling of a key is last and therefore counts."""
    return sorted(header.items(), key=lambda item: item[0] != item[0].upper())


def _prefixed(texts: dict[str, str], prefix: str) -> dict[str, str]:
    bare = {key: value for key, value in texts.items() if key.startswith("META.")}
    others = {key: value for key, value in texts.items() if key not in bare}
    return {prefix + key: value for key, value in bare.items()} | others


def find_instrument(header: Mapping[str, str], observatory: Observatory) -> str | None:
    """Return the instrument that a canonical header names, lower case, or None."""
    for key in (observatory.instrument_key, *INSTRUMENT_KEYWORDS):
        name = header.get(key, "UNDEFINED").strip().lower()
        if name not in ("", "undefined"):
            return observatory.instrument_aliases.get(name, name)
    return None

"""The overlay of an observatory in a child: values and conditions beyond those of the library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from apps.client_package.document import rows_of
from apps.rules.observatories import get_observatory
from apps.rules.observatories.overlay import Overlay, find_overlay

# A range of numbers, as in ``0:100``, and the beginnings of conditions and of named forms.
_RANGE, _OTHERS = ":", ("(", "&")


def apply(locator: Any, observatory: str) -> None:
    """Have the library check with the overlay of its observatory, if there is one.

    Parameters
    ----------
    locator
        The module of the library that answers for the observatory. The library asks it for the constraints on
        files, and for the values that rules may have.
    """
    overlay = find_overlay(observatory)
    if overlay is None:
        return
    of_library = locator.get_all_tpninfos

    def get_all_tpninfos(instrument: str, filekind: str, field: str) -> list[Any]:
        found = of_library(instrument, filekind, field)
        return sorted(set(_overlaid(found, overlay, instrument.lower(), filekind.lower())))

    locator.get_all_tpninfos = get_all_tpninfos


def _overlaid(found: Iterable[Any], overlay: Overlay, instrument: str, filekind: str) -> Iterator[Any]:
    from crds.core.generic_tpn import TpnInfo

    beyond = _by_every_name(overlay.values_beyond(instrument, filekind), overlay.name)
    for info in found:
        more = beyond.get(info.name.upper(), ())
        is_list = info.values and not info.values[0].startswith(_OTHERS) and _RANGE not in info.values[0]
        yield info._replace(values=tuple(dict.fromkeys((*info.values, *more)))) if more and is_list else info
    for row in rows_of(overlay.constraints_on(instrument, filekind)):
        yield TpnInfo(*row)


def _by_every_name(values: dict[str, tuple[str, ...]], observatory: str) -> dict[str, tuple[str, ...]]:
    """Return values under all names of a keyword.

    FILTER is META.INSTRUMENT.FILTER in data models, and the paths of an observatory may have a prefix or not.
    """
    known = get_observatory(observatory)
    keywords = {path.upper(): key.upper() for key, several in known.keyword_paths.items() for path in several}
    found: dict[str, tuple[str, ...]] = {}
    for key, allowed in values.items():
        keyword = keywords.get(key, key)
        bare = key.removeprefix(known.key_prefix)
        paths = (path.upper() for path in known.keyword_paths.get(keyword, ()))
        for name in {key, keyword, bare, known.key_prefix + bare, *paths}:
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *allowed)))
    return found

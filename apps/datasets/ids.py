"""Ids of datasets in the forms that people and clients write."""

from __future__ import annotations

import re
from typing import NamedTuple

from apps.datasets.errors import BadDatasetIdError
from apps.rules.observatories.dataset_ids import DatasetIds

# Characters in the ids of any observatory, up to the length of the columns.
_HALF = re.compile(r"[A-Z0-9][A-Z0-9._+-]{0,127}")
# An id in the form of archives, which needs no other spelling unless ids have a detector.
_WHOLE = re.compile(f"({_HALF.pattern}):({_HALF.pattern})")


class DatasetId(NamedTuple):
    """An id in upper case: product and exposure, or one half that may be either."""

    product: str
    exposure: str | None = None

    def __str__(self) -> str:
        return f"{self.product}:{self.exposure or self.product}"


def parse_id(text: str, grammar: DatasetIds) -> DatasetId:
    """Return the id in a text of any case.

    Raises
    ------
    BadDatasetIdError
        Raised if the text has more than two halves, or characters that no id has.

    Examples
    --------
    >>> from apps.rules.observatories import dataset_ids
    >>> str(parse_id("i9zf01010:i9zf01dzq", dataset_ids("tobs")))
    'I9ZF01010:I9ZF01DZQ'
    """
    if grammar.detector is None and (whole := _WHOLE.fullmatch(text)):
        return DatasetId(whole[1], whole[2])
    halves = [grammar.normalize(half) for half in text.split(":", 2)]
    # The upper case of some letters beyond ASCII is within ASCII.
    if not text.isascii() or len(halves) > 2 or not all(_HALF.fullmatch(half) for half in halves):
        raise BadDatasetIdError(
            f"{text[:300]!r} is not a dataset id; one looks like {' or '.join(grammar.examples)}."
        )
    return DatasetId(*halves)


def find_instrument(wanted: DatasetId, grammar: DatasetIds) -> str | None:
    """Return the instrument of a dataset read from its id, or None if the id does not show it."""
    if wanted.exposure and (instrument := grammar.find_instrument(wanted.exposure)):
        return instrument
    return grammar.find_instrument(wanted.product)

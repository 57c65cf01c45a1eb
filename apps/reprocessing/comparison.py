"""Comparison of the answers of two contexts, for one dataset and for all datasets of an instrument.

Notes
-----
Source: ``compare_bestrefs`` in ``crds.bestrefs``. The client leaves out an exposure if any of the changed
types fails for it. We list it: a needless calibration does less harm than a forgotten one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from apps.contexts import queries as contexts
from apps.datasets.queries import headers_of, ids_of_instrument
from apps.rules.errors import CrdsError
from apps.rules.lookup.context import Context

AT_ONCE = 1000  # headers in memory
SHOWN_ERRORS = 100  # errors that a summary lists
NOT_FOUND = "NOT FOUND"
NOT_APPLICABLE = "NOT FOUND n/a"

Types = dict[str, tuple[str, ...]]


@dataclass
class InstrumentComparison:
    """The result of a search so far.

    Attributes
    ----------
    products
        Ids of affected products, lower case.
    counts
        Instrument to reference type to the number of exposures that get another answer.
    errors
        Number of answers that fail under the new context only.
    first_errors
        The first of these errors, as text for people.
    """

    examined: int = 0
    products: set[str] = field(default_factory=set)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    errors: int = 0
    first_errors: list[str] = field(default_factory=list)

    def note_error(self, text: str) -> None:
        """Count an error, and keep it if there is room."""
        self.errors += 1
        if len(self.first_errors) < SHOWN_ERRORS:
            self.first_errors.append(text)


def changed_types(old: str, new: str) -> Types:
    """Return each instrument whose rules changed, with the types whose rmap changed; both sorted.

    Raises
    ------
    CrdsError
        Raised if a context is unknown, or one of its upper mappings cannot be read.
    """
    before, after = _rmaps(old), _rmaps(new)
    changed: dict[str, list[str]] = {}
    for place in sorted({**before, **after}):
        if before.get(place) != after.get(place):
            changed.setdefault(place[0], []).append(place[1])
    return {instrument: tuple(types) for instrument, types in changed.items()}


def _rmaps(context: str) -> dict[tuple[str, str], str]:
    """Return the rmap or special value by lower case instrument and type."""
    upper = contexts.upper_mappings_of(context)
    return {
        (instrument.lower(), reftype.lower()): rmap
        for instrument, imap in upper[context].selections
        if imap in upper
        for reftype, rmap in upper[imap].selections
    }


def compare_instrument(
    found: InstrumentComparison, old: Context, new: Context, instrument: str, types: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Compare all datasets of an instrument. After each batch, yield the number done and the total number."""
    ids = ids_of_instrument(instrument)
    counts = found.counts.setdefault(instrument, Counter())
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        for headers in headers_of(some).values():
            for dataset_id, header in headers.items():
                _compare(found, counts, old, new, dataset_id, header, types)
        yield start + len(some), len(ids)


def _compare(
    found: InstrumentComparison,
    counts: Counter[str],
    old: Context,
    new: Context,
    dataset_id: str,
    header: Mapping[str, str],
    types: Sequence[str],
) -> None:
    found.examined += 1
    before, after = _answers(old, header), _answers(new, header)
    if before == after:
        return
    if isinstance(after, str):
        if not isinstance(before, str):
            found.note_error(f"{dataset_id}: {after}")
        return
    known = {} if isinstance(before, str) else before
    for reftype in types:
        was, is_now = _needed(known.get(reftype)), _needed(after.get(reftype))
        if was == is_now:
            continue
        if is_now.startswith(NOT_FOUND):
            # A type that failed before is not worse if it fails with another message.
            if not was.startswith(NOT_FOUND):
                found.note_error(f"{dataset_id} {reftype}: {is_now}")
            continue
        counts[reftype] += 1
        found.products.add(dataset_id.partition(":")[0].lower())


def _answers(context: Context, header: Mapping[str, str]) -> dict[str, str] | str:
    """Return the answers for a header, or the reason why there are none."""
    try:
        return context.best_references(header)
    except CrdsError as exc:
        return str(exc)


def _needed(answer: str | None) -> str:
    """Return an answer; an empty text if no reference of the type is needed."""
    return "" if answer is None or answer.lower().startswith(NOT_APPLICABLE.lower()) else answer

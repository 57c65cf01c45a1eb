"""The references of one dataset under every context of the history, and the moves that changed them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from apps.bestrefs.errors import NoSuchExposureError
from apps.contexts import queries as contexts
from apps.contexts.models import ContextChange
from apps.datasets.queries import find_id, headers_of
from apps.rules.errors import CrdsError
from apps.rules.observatories import Observatory, get_observatory
from apps.rules.text.special_values import SPECIAL

NOT_FOUND = "NOT FOUND "
NOT_APPLICABLE = "NOT FOUND n/a"

References = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReferenceChange:
    """Another answer for one reference type; None where no reference was, or is, needed."""

    reftype: str
    was: str | None
    is_now: str | None


@dataclass(frozen=True, slots=True)
class DatasetEra:
    """The answers for a dataset from one move of the latest context until the next.

    Attributes
    ----------
    started_at
        Aware UTC.
    user, reason
        The account that moved the latest context, and why.
    problem
        The reason why there are no answers; empty if there are.
    changes
        Differences from the era before that had answers; all answers of the first such era.
    """

    context: str
    started_at: datetime
    user: str
    reason: str
    problem: str
    changes: tuple[ReferenceChange, ...]


@dataclass(frozen=True, slots=True)
class DatasetHistory:
    """The eras of a dataset, oldest first, and its answers in the last one; none if it has a problem."""

    dataset_id: str
    header: Mapping[str, str]
    eras: tuple[DatasetEra, ...]
    references: References

    @property
    def problem(self) -> str:
        """The reason why the last era has no answers; empty if it has some."""
        return self.eras[-1].problem if self.eras else ""

    @property
    def changed_eras(self) -> tuple[DatasetEra, ...]:
        """The eras that began with other answers or have none, newest first."""
        return tuple(era for era in reversed(self.eras) if era.changes or era.problem)


def dataset_history(text: str, observatory: str) -> DatasetHistory:
    """Return the history of the references of one exposure.

    Parameters
    ----------
    text
        Id in any case. One half is enough if it names one exposure.

    Raises
    ------
    NoSuchExposureError
        Raised if no exposure has the id, or several have it; the message lists them.
    """
    dataset_id, header = _require_one(text)
    definition = get_observatory(observatory)
    known: References = {}
    eras: list[DatasetEra] = []
    changes: tuple[ReferenceChange, ...]
    for change, answer in _answers(header, definition):
        problem, changes = "", ()
        if isinstance(answer, str):
            problem = answer
        else:
            changes, known = tuple(_changes(known, answer)), answer
        eras.append(
            DatasetEra(change.context, change.started_at, change.user, change.reason, problem, changes)
        )
    return DatasetHistory(dataset_id, header, tuple(eras), {} if eras and eras[-1].problem else known)


def _require_one(text: str) -> tuple[str, Mapping[str, str]]:
    found = headers_of([text])[text] if find_id(text) else {}
    if not found:
        raise NoSuchExposureError(f"No dataset with the id {text[:300]!r} is known.")
    if len(found) > 1:
        some = ", ".join(list(found)[:50])
        raise NoSuchExposureError(f"{text[:300]!r} names {len(found)} exposures. Ask for one: {some}.")
    ((dataset_id, header),) = found.items()
    return dataset_id, header


def _answers(
    header: Mapping[str, str], definition: Observatory
) -> Iterator[tuple[ContextChange, References | str]]:
    """Yield each move of the latest context, oldest first, with the answers under it or the reason for none.

    Successive contexts share most imaps, and each imap is asked once.
    """
    moves = list(contexts.history())[::-1]
    imaps = {move.context: _imap(move.context, header, definition) for move in moves}
    rules = contexts.contexts_named({imap for imap in imaps.values() if imap.endswith(".imap")})
    answers: dict[str, References | str] = {}
    for name, context in rules.items():
        try:
            answers[name] = (
                str(context) if isinstance(context, CrdsError) else context.best_references(header)
            )
        except CrdsError as exc:
            answers[name] = str(exc)
    for move in moves:
        imap = imaps[move.context]
        yield move, answers.get(imap, imap)


def _imap(context: str, header: Mapping[str, str], definition: Observatory) -> str:
    """Return the imap of the header's instrument, or the reason why there is none."""
    name = header.get(definition.instrument_key, "").strip().lower()
    instrument = definition.instrument_aliases.get(name, name)
    try:
        imap = contexts.imap_of(context, instrument)
    except CrdsError as exc:
        return str(exc)
    if imap is None or imap in SPECIAL:
        return f"{context} has no rules for {instrument.upper()}."
    return imap


def _changes(before: References, after: References) -> Iterator[ReferenceChange]:
    """Yield the changes. A type that does not apply and one that is left out need the same: nothing."""
    for reftype in sorted({*before, *after}):
        was, is_now = (_needed(each.get(reftype)) for each in (before, after))
        if was != is_now:
            yield ReferenceChange(reftype, was, is_now)


def _needed(answer: str | None) -> str | None:
    return None if answer == NOT_APPLICABLE else answer


def as_dict(found: DatasetHistory) -> dict[str, Any]:
    """Return a history as plain values, oldest era first."""
    eras = [asdict(era) | {"started_at": era.started_at.isoformat()} for era in found.eras]
    return {
        "dataset": found.dataset_id,
        "header": dict(found.header),
        "references": dict(found.references),
        "problem": found.problem,
        "history": eras,
    }

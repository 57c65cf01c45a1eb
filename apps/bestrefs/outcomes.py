"""Answers of the wire as outcomes: a reference, not applicable, or an error with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from apps.bestrefs.states import Outcome

_FAILED = "NOT FOUND"


@dataclass(frozen=True)
class TypeOutcome:
    """The outcome for one type: the reference, or the reason why there is none."""

    status: Outcome
    reference: str = ""
    message: str = ""


def outcome_of(answer: str) -> TypeOutcome:
    """Return the outcome that an answer means.

    Examples
    --------
    >>> outcome_of("a.fits").reference, outcome_of("NOT FOUND No match.").message
    ('a.fits', 'No match.')
    """
    if not answer.startswith(_FAILED):
        return TypeOutcome(Outcome.FOUND, reference=answer)
    reason = answer.removeprefix(_FAILED).strip()
    if reason.lower().startswith("n/a"):
        return TypeOutcome(Outcome.NOT_APPLICABLE, message=reason)
    return TypeOutcome(Outcome.ERROR, message=reason)

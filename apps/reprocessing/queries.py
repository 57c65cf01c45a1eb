"""Moves of latest, and the results for the datasets that they affect."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from apps.contexts import queries as contexts
from apps.contexts.models import ContextChange
from apps.core.addresses import absolute
from apps.datasets.modes import later_modes
from apps.datasets.queries import starts_in_modes
from apps.jobs import queries as jobs
from apps.reprocessing.errors import NotComputedError, UnknownTransitionError
from apps.reprocessing.mode_comparison import ChangedInterval
from apps.reprocessing.models import Transition
from apps.reprocessing.states import Status
from apps.rules.naming.file_names import is_file_name

KIND = "reprocessing"  # of its jobs
HELP = "reprocessing_help"  # of jobs of workers that do some parts of a search
_SERIAL = re.compile(r"_([0-9]+)\.pmap\Z")


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One step of the context history, and the context that was latest before it."""

    old: str
    change: ContextChange

    @property
    def new(self) -> str:
        """The context that is latest after this step."""
        return self.change.context

    @property
    def is_backward(self) -> bool:
        """Return whether latest moved to an older context.

        Examples
        --------
        >>> Step("keckao_9999.pmap", ContextChange(context="keckao_10000.pmap")).is_backward
        False
        """
        return serial(self.old) > serial(self.new)


def serial(name: str) -> int:
    """Return the serial of a context; 0 for a first context without a serial."""
    found = _SERIAL.search(name)
    return int(found[1]) if found else 0


def steps() -> list[HistoryStep]:
    """Return the steps of the context history, newest first."""
    return [HistoryStep(before.context, change) for change, before in pairwise(contexts.history())]


def unhandled_steps() -> list[HistoryStep]:
    """Return the steps after the newest one that has a transition, oldest first.

    If no step has one, return the last step only: an imported history may have hundreds of steps.
    """
    known = steps()
    handled = set(Transition.objects.values_list("change_id", flat=True))
    newest = next((place for place, step in enumerate(known) if step.change.pk in handled), None)
    return known[:1] if newest is None else known[:newest][::-1]


def _named(context: str | None) -> str:
    return "any context" if context is None else repr(context[:128])


def find_step(old: str | None = None, new: str | None = None) -> HistoryStep:
    """Return the newest step between two contexts. None means any context.

    Raises
    ------
    UnknownTransitionError
        Raised if the history has no such step.
    """
    for step in steps():
        if old in (None, step.old) and new in (None, step.new):
            return step
    raise UnknownTransitionError(f"The latest context never moved from {_named(old)} to {_named(new)}.")


def find_move(old: str, new: str) -> ContextChange | None:
    """Return the newest move of latest from one context to the other, or None."""
    return next((step.change for step in steps() if (step.old, step.new) == (old, new)), None)


def find_transition(step: HistoryStep) -> Transition | None:
    """Return the transition of a step, or None."""
    return Transition.objects.filter(change=step.change).first()


def find_comparison(old: str, new: str) -> Transition | None:
    """Return the search that somebody asked for between two contexts, or None."""
    if not (is_file_name(old) and is_file_name(new)):
        # PostgreSQL refuses a text with NUL, which an address may hold.
        return None
    return Transition.objects.filter(change=None, old=old, new=new).first()


def find_pair(old: str, new: str) -> tuple[ContextChange | None, Transition | None]:
    """Return the newest move between two contexts, and the search for it or between any two contexts.

    Raises
    ------
    UnknownTransitionError
        Raised if there is neither.
    """
    try:
        step = find_step(old, new)
    except UnknownTransitionError:
        comparison = find_comparison(old, new)
        if comparison is None:
            raise
        return None, comparison
    return step.change, find_transition(step)


def get_complete(old: str | None = None, new: str | None = None) -> Transition:
    """Return the newest transition between two contexts, which has a result. None means any context.

    Raises
    ------
    NotComputedError
        Raised if there is no result or no such step. The message gives the reason, and whether to expect one.
    """
    try:
        step = find_step(old, new)
    except UnknownTransitionError as exc:
        comparison = find_comparison(old or "", new or "")
        if comparison is None:
            raise NotComputedError(old or "any", new or "any", str(exc)) from exc
        return _require_complete(comparison.old, comparison.new, None, comparison)
    return _require_complete(step.old, step.new, step.change, find_transition(step))


def _require_complete(
    old: str, new: str, change: ContextChange | None, transition: Transition | None
) -> Transition:
    if transition is None or transition.status != Status.COMPLETE:
        raise NotComputedError(old, new, why_not(change, transition))
    return transition


def why_not(change: ContextChange | None, transition: Transition | None) -> str:
    """Return the reason why a change of the latest context, or a comparison, has no result."""
    if transition is None:
        is_next = change is not None and change.pk in {each.change.pk for each in unhandled_steps()}
        return "pending, it was not noticed yet." if is_next else "it is too old and was never computed."
    reasons = {
        Status.PENDING: "pending, it waits for a worker.",
        Status.RUNNING: "running, a worker computes it.",
        Status.SKIPPED: "skipped, because latest moved back to an older context.",
    }
    return reasons.get(Status(transition.status), f"failed. {transition.reason}")


def find_progress(transition: Transition | None) -> str:
    """Return the last message of the search; empty if there is none.

    Never return the key of its channel: everybody who has it may abort the search.
    """
    job = jobs.find_job(kind=KIND, subject_id=transition.pk) if transition else None
    if job is None or job.channel is None:
        return ""
    last = jobs.messages(job.channel.key, job.channel.last_number - 1)
    return last[-1].text if last else ""


def transitions() -> "QuerySet[Transition]":
    """Return all transitions, the newest move first."""
    found = Transition.objects.select_related("change")
    return found.order_by(Coalesce("change__started_at", "noticed_at").desc(), "-pk")


def affected_exposures(transition: Transition) -> Iterator[tuple[str, str, str, str]]:
    """Yield id, reference type, old and new answer of each affected exposure of a complete search.

    Answers are empty where no reference of the type is needed.
    """
    later = cache(later_modes)
    for chunk in transition.chunks.order_by("pk").iterator(chunk_size=1):
        changes = chunk.changes
        yield from map(tuple, changes.get("exposures", ()))
        intervals = [[ChangedInterval(*each) for each in some] for some in changes.get("intervals", ())]
        modes = {int(key): types for key, types in changes.get("modes", {}).items()}
        if modes and chunk.parkeys_id is not None:
            # If a parkey has come into use since the search, the exposures were sorted into other modes.
            successors = later(chunk.parkeys_id)
            modes |= {each: modes[mode] for mode in [*modes] for each in successors.get(mode, ())}
        for mode, starts, ids in starts_in_modes(sorted(modes), with_ids=True):
            for reftype, place in modes[mode].items():
                for interval in intervals[place]:
                    if not interval.is_error:
                        for dataset_id in ids[interval.places(starts)]:
                            yield dataset_id, reftype, interval.was, interval.is_now


def result(transition: Transition) -> dict[str, object]:
    """Return a result in the form that clients read (wire protocol, section 2.6), without the affected ids.

    The ids may be millions; `affected_products.ids_in_blocks` gives them for the key ``affected_ids``.
    Clients expect the folder of the computation. They get the address of its page instead.
    """
    return {
        "observatory": settings.OBSERVATORY,
        "old_context": transition.old,
        "new_context": transition.new,
        "bestrefs_status": int(bool(transition.error_count)),
        "bestrefs_err_summary": transition.summary,
        "computation_dir": absolute(transition.get_absolute_url()),
    }

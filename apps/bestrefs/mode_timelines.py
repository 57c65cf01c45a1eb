"""The timelines of modes, stored once for all modes and types that share one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from django.db import connection

from apps.bestrefs.models import KeptRules, ModeTimeline, ReferenceTimeline, TimelineStep
from apps.bestrefs.outcomes import outcome_of
from apps.rules.lookup.timelines import AnswerTimeline, ReftypeTimelines

BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)
AFTER_ALL = datetime(9999, 12, 31, tzinfo=UTC)

_AT_ONCE = 500  # timelines in one statement
_TABLE = ModeTimeline._meta.db_table
# Names belong to the model; values are passed as parameters.
_INSERT = f"INSERT INTO {_TABLE} (rules_id, mode_id, timeline_id)"
_ONE = f"{_INSERT} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_LISTS = "unnest(%s::bigint[], %s::bigint[], %s::bigint[])"
_ALL = f"{_INSERT} SELECT * FROM {_LISTS} ON CONFLICT DO NOTHING"  # noqa: S608

Answers = list[tuple[int, int, AnswerTimeline]]


class TimelineBook:
    """The keys of timelines during one operation. Timelines that are new are stored."""

    def __init__(self) -> None:
        self._keys: dict[AnswerTimeline, int] = {}

    def keys(self, timelines: Sequence[AnswerTimeline]) -> list[int]:
        """Return the key of each timeline."""
        unknown = {each for each in timelines if each not in self._keys}
        if unknown:
            self._learn({_digest(each): each for each in unknown})
        return [self._keys[each] for each in timelines]

    def _learn(self, unknown: Mapping[str, AnswerTimeline]) -> None:
        known = _find(sorted(unknown))
        new = {digest: unknown[digest] for digest in sorted(unknown.keys() - known.keys())}
        for digest, timeline in new.items():
            row = ReferenceTimeline.objects.create(digest=digest)
            TimelineStep.objects.bulk_create(_steps(row, timeline))
            known[digest] = row.pk
        self._keys.update((unknown[digest], key) for digest, key in known.items())


def _digest(timeline: AnswerTimeline) -> str:
    return hashlib.sha1(repr(list(timeline.steps())).encode(), usedforsecurity=False).hexdigest()


def _find(digests: Sequence[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    for start in range(0, len(digests), _AT_ONCE):
        rows = ReferenceTimeline.objects.filter(digest__in=digests[start : start + _AT_ONCE])
        known.update(rows.values_list("digest", "pk"))
    return known


def _steps(row: ReferenceTimeline, timeline: AnswerTimeline) -> Iterator[TimelineStep]:
    """Yield the steps of a timeline. Where it leaves the type out, there is none."""
    for start, answer, end in zip(timeline.starts, timeline.answers, (*timeline.starts[1:], ""), strict=True):
        if answer is None:
            continue
        outcome = outcome_of(answer)
        yield TimelineStep(
            timeline=row,
            begins_at=_moment(start) if start else BEFORE_ALL,
            ends_at=_moment(end) if end else AFTER_ALL,
            reference=outcome.reference,
            status=outcome.status,
            message=outcome.message,
        )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def answers(
    modes: Iterable[tuple[int, Mapping[str, str]]], wanted: Mapping[int, ReftypeTimelines]
) -> Answers:
    """Return the key of the rules, the key of the mode and the timeline, for each mode and type.

    Parameters
    ----------
    modes
        Key and header of each mode.
    wanted
        Key of kept rules to the timelines of their type.
    """
    return [
        (rules, mode, timelines.of(header)) for mode, header in modes for rules, timelines in wanted.items()
    ]


def store(rows: Answers, book: TimelineBook) -> None:
    """Store answers in the caller's transaction. Those that are there already stay."""
    keys = book.keys([timeline for _rules, _mode, timeline in rows])
    rules, modes = [row[0] for row in rows], [row[1] for row in rows]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_ALL, [rules, modes, keys])
        else:
            cursor.executemany(_ONE, list(zip(rules, modes, keys, strict=True)))


def count_modes(rules: Iterable[int]) -> None:
    """Store the number of modes that have an answer under each of some rules."""
    for key in rules:
        KeptRules.objects.filter(pk=key).update(mode_count=ModeTimeline.objects.filter(rules=key).count())

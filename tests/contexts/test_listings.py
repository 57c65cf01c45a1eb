"""The rules in use as rows."""

import threading
from collections.abc import Iterator

import pytest

from apps.contexts import listings
from apps.contexts.models import ContextChange, ListedRule, MatchedValue, Pointer
from tests.factories.races import Run, at_once
from tests.patience import HANG

SITE = "jwst_0001.pmap"


def test_two_workers_list_a_context_once(run_apart: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    both_saw_it_missing = threading.Barrier(2)

    def rows(context: str) -> Iterator[ListedRule]:
        both_saw_it_missing.wait(HANG / 3)
        yield ListedRule(context=context, reference="a.fits", match_params='{"FILTER": "F560W"}')

    monkeypatch.setattr(listings, "_rows", rows)

    def scenario() -> tuple[list[int], int, int]:
        ContextChange.objects.create(pointer=Pointer.LATEST, context=SITE, user="homer")
        numbers = at_once([listings.keep_listings] * 2)
        return sorted(numbers), ListedRule.objects.count(), MatchedValue.objects.count()

    assert run_apart(scenario) == ([0, 1], 1, 1)

"""The page of one submission."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.submissions.models import Submission
from apps.submissions.operations import cancel, confirm
from apps.submissions.pages.result import ROWS, MappingAction, actions
from apps.submissions.pipeline.sweep import end_unattended
from apps.submissions.states import Kind
from tests.factories.sites import deliver, find_user, make_content, make_ready, process

pytestmark = pytest.mark.usefixtures("site")


def shown(submission: Submission) -> str:
    return Client().get(f"/display_result/{submission.key}").content.decode()


def ended(submission: Submission) -> str:
    """Return the text of the page about the end, with MOMENT for each date and time."""
    [text] = re.findall(r"<dt[^>]*>Ended</dt>\s*<dd[^>]*>(.*?)</dd>", shown(submission), re.DOTALL)
    return re.sub(r"[\d-]{10} [\d:]{8}", "MOMENT", text)


def test_the_logical_differences_leave_out_what_every_new_mapping_has() -> None:
    [action] = actions(list(make_ready().files.all()))
    assert action.table is not None
    assert "boilerplate" in {row.kind for row in action.table.rows}
    assert action.shown
    assert "boilerplate" not in {row.kind for row in action.shown}
    assert not action.hidden


@pytest.mark.parametrize(("rows", "hidden"), [(ROWS - 1, 0), (ROWS, 0), (ROWS + 1, 1)])
def test_only_rows_that_are_shown_at_all_count_as_hidden(rows: int, hidden: int) -> None:
    [found] = actions(list(make_ready().files.all()))
    assert found.table is not None
    by_kind = {row.kind: row for row in found.table.rows}
    boilerplate = by_kind.pop("boilerplate")
    [other, *_] = by_kind.values()
    table = replace(found.table, rows=(boilerplate, *[other] * rows, boilerplate))
    action = MappingAction(found.old, found.new, table, ())
    assert (len(action.shown), action.hidden) == (min(rows, ROWS), hidden)


def test_nobody_has_ended_what_failed() -> None:
    submission = process(deliver({"broken.fits": b"no reference"}))
    assert submission.status == "failed"
    assert ended(submission) == "MOMENT UTC"


def test_nobody_has_ended_what_timed_out() -> None:
    submission = make_ready()
    Submission.objects.update(ready_at=timezone.now() - timedelta(days=1000))
    end_unattended()
    submission.refresh_from_db()
    assert submission.status == "timed out"
    assert ended(submission) == "MOMENT UTC"


def test_nobody_has_ended_a_certification() -> None:
    submission = process(deliver({"new.fits": make_content()}, kind=Kind.CERTIFY))
    assert submission.status == "certified"
    assert ended(submission) == "MOMENT UTC"


def test_who_confirmed_or_cancelled_is_named() -> None:
    submission = make_ready()
    confirm(submission, user=find_user())
    assert ended(submission) == "MOMENT UTC by homer"
    again = make_ready({"again.fits": make_content(useafter="2031-01-01")})
    cancel(again, user=find_user())
    assert ended(again) == "MOMENT UTC by homer"

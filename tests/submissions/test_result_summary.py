"""The top of a result page: its text, its readers, and its counts."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.locks.models import Lock
from apps.rules.differences import Difference, Differences
from apps.submissions.models import Submission
from apps.submissions.pages.result_summary import change
from apps.submissions.states import OVER, Kind, Status
from tests.factories.accounts import logged_in, make_user
from tests.factories.submissions import RMAP, make_listing_submission, make_submission

pytestmark = pytest.mark.django_db


def outlook(client: Client, submission: Submission) -> str:
    page = client.get(f"/display_result/{submission.key}").content.decode()
    found = re.search(r'<div id="outcome" class="notice [a-z ]*outlook">.*?</div>', page, re.DOTALL)
    assert found, page
    return re.sub(r"\s+", " ", found[0])


def test_the_submitter_hears_until_when_to_confirm() -> None:
    client = logged_in(instrument="miri")
    submission = make_listing_submission(lock=Lock.objects.get())
    shown = outlook(client, submission)
    assert "All checks passed." in shown
    assert re.search(r"confirm before the lock ends at \d\d:\d\d UTC", shown)
    assert 'href="#decide"' in shown


def test_without_a_lock_it_can_only_be_forced() -> None:
    submission = make_listing_submission()
    Lock.objects.update(
        created_at=timezone.now() - timedelta(hours=9), expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert "You can only force or cancel it" in outlook(logged_in(), submission)
    assert "You can only force or cancel it" in outlook(logged_in(make_user("lisa")), submission)


def test_others_and_strangers_hear_who_decides() -> None:
    submission = make_listing_submission()
    assert "homer decides whether to confirm or cancel it." in outlook(
        logged_in(make_user("lisa")), submission
    )
    assert "submitter must log in" in outlook(Client(), submission)


@pytest.mark.parametrize("status", OVER)
@pytest.mark.parametrize("kind", [Kind.BATCH, Kind.CERTIFY, Kind.REFERENCES])
def test_every_end_is_told_in_words(kind: str, status: str) -> None:
    submission = make_submission(kind, status=status, new_context="jwst_0002.pmap" * (kind == Kind.BATCH))
    shown = outlook(logged_in(), submission)
    if status in (Status.CONFIRMED, Status.FORCED):
        assert "official" in shown
        assert ("jwst_0002.pmap" in shown) == (kind == Kind.BATCH)
    elif status == Status.CERTIFIED:
        assert "passed all checks" in shown
    else:
        assert "Nothing was changed." in shown
        assert ("Start a new submission" if status == Status.CANCELLED else 'href="#repair"') in shown


def test_reasons_that_hold_a_word_of_the_client_do_not_confuse_it() -> None:
    submission = make_submission(status=Status.FAILED, reason="Logical Diff ('a', 'b') <script>")
    page = Client().get(f"/display_result/{submission.key}").content.decode()
    assert "Logical Diff" not in page
    assert "<script>" not in outlook(Client(), submission)


def test_each_section_is_in_the_contents_under_its_anchor() -> None:
    submission = make_listing_submission()
    page = logged_in().get(f"/display_result/{submission.key}").content.decode()
    contents = page[page.index('<nav class="contents"') :].split("</nav>")[0]
    anchors = re.findall(r'href="#([^"]+)"', contents)
    assert anchors == list(dict.fromkeys(anchors))
    sections = re.findall(r'<section [^>]*?id="([^"]+)"|<section id="([^"]+)"', page)
    assert anchors == [first or second for first, second in sections]
    assert "actions-jwst_miri_dark_0002-rmap" in anchors
    assert page.count("Logical Diff") == 1
    assert f"('jwst_miri_dark_0001.rmap', '{RMAP}')" in page.replace("&#x27;", "'")


def make_difference(kind: str, *steps: tuple[str, ...]) -> Difference:
    path = tuple(value for step in steps for value in step)
    return Difference(path, kind, (), kind, steps)  # type: ignore[arg-type]


def test_changes_are_counted_by_what_they_match_and_dated() -> None:
    rows = (
        make_difference("added", ("HRC", "F1"), ("2001-02-03", "04:05:06")),
        make_difference("replaced", ("HRC", "F1"), ("2000-01-01", "00:00:00")),
        make_difference("added_rule", ("HRC", "F2"), ("2020-01-01", "00:00:00")),
        make_difference("deleted_rule", ("WFC", "F2"), ("1999-01-01 00:00:00",)),
        make_difference("header"),
        make_difference("boilerplate"),
    )
    found = change(Differences("a.rmap", "b.rmap", (), rows), anchor="x")
    assert (found.added, found.replaced, found.deleted, found.other, found.cases) == (2, 1, 1, 1, 3)
    assert (found.first, found.last) == ("1999-01-01 00:00:00", "2020-01-01 00:00:00")


def test_a_mapping_without_dates_has_none() -> None:
    found = change(Differences("a.imap", "b.imap", (), (make_difference("replaced", ("dark",)),)), anchor="x")
    assert (found.first, found.last, found.cases) == ("", "", 1)

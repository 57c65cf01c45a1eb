"""The datasets that a move of latest affects, by the answers under both contexts."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from apps.contexts.queries import history
from apps.core.errors import ConflictError
from apps.jobs.models import Job, Message
from apps.jobs.operations import abort
from apps.mails.models import Mail
from apps.reprocessing import operations, pipeline
from apps.reprocessing.models import Transition
from tests.factories.contexts import make_change
from tests.factories.datasets import make_dataset, make_header
from tests.factories.reprocessing import (
    DEADTAB,
    NEW,
    NEW_DEADTAB,
    OLD,
    affected_ids,
    make_exposures,
    make_transition,
    move,
    publish,
    publish_both,
    work,
)

pytestmark = pytest.mark.django_db


def test_the_affected_products_are_those_whose_answer_changes() -> None:
    row = make_transition()
    assert (row.old, row.new, row.status) == (OLD, NEW, "complete")
    assert affected_ids(row) == ["lb4q02010"]
    assert row.counts == {"cos": {"deadtab": 2}}
    assert (row.affected_count, row.examined_count, row.error_count) == (1, 4, 0)


def test_an_rmap_with_another_name_and_the_same_rules_affects_nothing() -> None:
    publish_both(new=DEADTAB)
    make_exposures()
    move(NEW)
    work()
    row = Transition.objects.get()
    assert (row.status, affected_ids(row), row.examined_count) == ("complete", [], 4)


def test_instruments_whose_rules_did_not_change_are_not_looked_at() -> None:
    publish_both()
    make_dataset(header=make_header(INSTRUME="ACS"), instrument="acs")
    move(NEW)
    work()
    assert Transition.objects.get().examined_count == 0


def test_an_answer_that_fails_since_the_move_is_an_error_and_affects_nothing() -> None:
    publish_both()
    make_dataset(header=make_header(DETECTOR="NUV"))
    make_dataset("LB4Q05010:LB4Q05ABQ", header=make_header(DETECTOR="XXX"))
    move(NEW)
    work()
    row = Transition.objects.get()
    assert (row.status, row.error_count, affected_ids(row)) == ("complete", 1, [])
    assert "ERROR LB4Q04010:LB4Q04ABQ deadtab: NOT FOUND" in row.summary
    assert "LB4Q05010" not in row.summary


def test_a_mode_that_is_read_in_parts_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.datasets.queries._ROWS_AT_ONCE", 1)
    publish_both()
    make_exposures()
    for number in (1, 2):
        start = datetime(2011, 1, number, tzinfo=UTC)
        header = make_header(DETECTOR="NUV", DATE_OBS=f"2011-01-0{number}", TIME_OBS="00:00:00")
        make_dataset(f"LB4Q0{number}N1Q:LB4Q0{number}N1Q", header=header, observed_at=start)
    move(NEW)
    work()
    row = Transition.objects.get()
    assert (row.counts, row.error_count) == ({"cos": {"deadtab": 2}}, 2)
    assert affected_ids(row) == ["lb4q02010"]
    assert row.summary.count("ERROR LB4Q0") == 2


def test_an_answer_that_failed_until_the_move_is_affected() -> None:
    publish_both(new={**DEADTAB, "XXX": {"1996-10-01 00:00:00": "new.fits"}})
    make_dataset("LB4Q05010:LB4Q05ABQ", header=make_header(DETECTOR="XXX"))
    move(NEW)
    work()
    assert affected_ids(Transition.objects.get()) == ["lb4q05010"]


def test_a_type_that_fails_does_not_hide_another_one_that_changes() -> None:
    nuv = {"NUV": {"1996-10-01 00:00:00": "nuv.fits"}}
    publish(1, {"brftab": nuv, "deadtab": DEADTAB})
    publish(2, {"brftab": nuv, "deadtab": NEW_DEADTAB})
    make_exposures()
    move(OLD)
    move(NEW)
    work()
    row = Transition.objects.get()
    assert (affected_ids(row), row.error_count) == (["lb4q02010"], 0)


def test_a_new_type_and_one_that_is_gone_affect() -> None:
    publish(1, {"brftab": DEADTAB})
    publish(2, {"deadtab": DEADTAB})
    make_exposures()
    move(OLD)
    move(NEW)
    work()
    row = Transition.objects.get()
    assert row.counts == {"cos": {"brftab": 4, "deadtab": 4}}
    # Types that the rules no longer know are not needed and are not errors.
    assert row.error_count == 0


def test_the_parts_of_a_search_are_looked_at_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.reprocessing.chunks.MODES_AT_LEAST", 1)
    monkeypatch.setattr("apps.reprocessing.chunks.EXPOSURES", 2)
    publish_both()
    make_exposures()
    make_dataset("LB4Q05010:LB4Q05ABQ", header=make_header(DETECTOR="NUV"))
    # Its start is spelled in an unusual way, so its header is asked.
    make_dataset("LB4Q06010:LB4Q06ABQ", header=make_header(DATE_OBS="06/05/10"))
    move(NEW)
    work()
    row = Transition.objects.get()
    assert (row.examined_count, affected_ids(row)) == (6, ["lb4q02010", "lb4q06010"])
    texts = Message.objects.filter(type="log_message").values_list("text", flat=True)
    assert [text for text in texts if text.endswith("parts are done.")] == [
        f"cos: {number} of 3 parts are done." for number in (1, 2, 3)
    ]


def test_a_second_search_finds_the_same() -> None:
    first = make_transition()
    again = operations.search(OLD, NEW, user="tester")
    assert again.status == "pending"
    work()
    again.refresh_from_db()
    assert again.pk == first.pk
    assert (affected_ids(again), again.counts) == (affected_ids(first), first.counts)


def test_a_search_whose_worker_died_starts_again() -> None:
    publish_both()
    make_exposures()
    move(NEW)
    operations.notice_changes()
    Transition.objects.get().enter("running")
    work()
    assert affected_ids(Transition.objects.get()) == ["lb4q02010"]


def test_a_move_back_is_skipped_and_the_next_one_forward_is_not() -> None:
    make_transition()
    move(OLD)
    move(NEW)
    work()
    moves = Transition.objects.order_by("change__started_at").values_list("old", "new", "status")
    assert list(moves) == [(OLD, NEW, "complete"), (NEW, OLD, "skipped"), (OLD, NEW, "complete")]


def test_only_the_last_step_of_an_imported_history_is_computed() -> None:
    publish_both(new=NEW_DEADTAB)
    move(NEW)
    move(OLD)
    move(NEW)
    assert operations.notice_changes() == 1
    assert operations.notice_changes() == 0
    assert Transition.objects.get().change == history().first()
    assert Job.objects.filter(kind="reprocessing").count() == 1


def test_a_site_with_a_single_era_has_nothing_to_compare() -> None:
    make_change(OLD)
    assert operations.notice_changes() == 0


def test_a_context_that_cannot_be_read_lets_the_search_fail_with_the_reason() -> None:
    make_change(OLD)
    make_change(NEW)
    work()
    assert Transition.objects.get().status == "running"
    pipeline.follow_jobs()
    row = Transition.objects.get()
    assert row.status == "failed"
    assert OLD in row.reason
    mail = Mail.objects.get()
    assert "REPRO FAILED" in mail.subject
    assert OLD in mail.text


def test_a_mail_tells_the_lists_what_was_found() -> None:
    make_transition()
    mail = Mail.objects.get()
    assert mail.recipients == ["archive@example.org"]
    assert mail.subject == f"[CRDS hst dev] REPRO COMPLETE {OLD} --> {NEW}"
    for text in ("Affected products: 1", "cos deadtab: 2 exposures", f"/reprocessing/{OLD}/{NEW}/"):
        assert text in mail.text


def test_what_is_under_way_is_not_asked_for_twice() -> None:
    publish_both()
    move(NEW)
    operations.notice_changes()
    with pytest.raises(ConflictError, match="is pending"):
        operations.search(OLD, NEW, user="tester")
    operations.search(NEW, OLD, user="tester")
    with pytest.raises(ConflictError, match="is pending"):
        operations.search(NEW, OLD, user="tester")


def test_a_search_that_somebody_aborted_has_failed() -> None:
    publish_both()
    make_exposures()
    move(NEW)
    operations.notice_changes()
    job = Job.objects.get(kind="reprocessing")
    abort(str(job.channel_id))
    work()
    pipeline.follow_jobs()
    row = Transition.objects.get()
    assert (row.status, row.reason) == ("failed", "Aborted on request.")


def test_a_worker_that_was_taken_for_dead_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    publish_both()
    make_exposures()
    move(NEW)
    operations.notice_changes()
    # While it searches, another worker takes the job.
    monkeypatch.setattr("apps.reprocessing.chunks.count_affected", lambda *_: Job.objects.update(attempts=2))
    work()
    row = Transition.objects.get()
    assert (row.status, affected_ids(row)) == ("running", [])
    assert not Mail.objects.exists()


def test_an_old_step_is_searched_when_asked_for_and_no_other() -> None:
    publish_both()
    for context in (NEW, OLD, NEW, OLD):
        move(context)
    call_command("find_affected", OLD, NEW)
    assert set(Transition.objects.values_list("old", "new", "status")) == {
        (OLD, NEW, "pending"),
        (NEW, OLD, "skipped"),
    }
    with pytest.raises(CommandError, match=r"'hst_0009\.pmap' is not known to this server"):
        call_command("find_affected", OLD, "hst_0009.pmap")

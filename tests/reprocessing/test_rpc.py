"""get_affected_datasets, as callers see it."""

import pytest

from apps.reprocessing import operations
from apps.reprocessing.models import Transition
from tests.factories.reprocessing import NEW, OLD, make_transition, move, publish_both
from tests.factories.rpc import call, failed

pytestmark = pytest.mark.django_db

NOT_COMPUTED = "No precomputed affected datasets results exist"


def test_a_result_has_what_clients_read() -> None:
    row = make_transition()
    found = call("get_affected_datasets", "hst", OLD, NEW)
    assert found == {
        "observatory": "hst",
        "old_context": OLD,
        "new_context": NEW,
        "affected_ids": ["lb4q02010"],
        "bestrefs_status": 0,
        "bestrefs_err_summary": row.summary,
        "computation_dir": f"http://localhost:8000/reprocessing/{OLD}/{NEW}/",
    }
    assert f"OK: CRDS hst dev datasets affected {OLD} --> {NEW}" in row.summary
    assert "1 affected" in row.summary


def test_without_contexts_the_last_step_is_meant() -> None:
    make_transition()
    assert call("get_affected_datasets", None) == call("get_affected_datasets", "hst", OLD, NEW)
    assert call("get_affected_datasets", "hst", OLD)["new_context"] == NEW


def test_errors_make_the_status_of_the_search() -> None:
    make_transition()
    Transition.objects.update(error_count=3)
    assert call("get_affected_datasets", "hst")["bestrefs_status"] == 1


def test_before_the_result_the_error_says_how_far_it_is() -> None:
    publish_both()
    move(NEW)
    asked = ("get_affected_datasets", "hst", OLD, NEW)
    assert NOT_COMPUTED in failed(*asked)
    assert "pending" in failed(*asked)
    operations.notice_changes()
    assert "pending" in failed(*asked)
    row = Transition.objects.get()
    row.enter("running")
    assert "running" in failed(*asked)
    row.enter("failed", reason="The disk is full.")
    assert NOT_COMPUTED in failed(*asked)
    assert "failed. The disk is full." in failed(*asked)


def test_a_move_back_is_said_to_be_skipped() -> None:
    make_transition()
    move(OLD)
    operations.notice_changes()
    assert "skipped" in failed("get_affected_datasets", "hst", NEW, OLD)
    assert NOT_COMPUTED in failed("get_affected_datasets", "hst")


def test_a_step_that_is_too_old_is_said_to_be_never_computed() -> None:
    publish_both()
    move(NEW)
    move(OLD)
    move(NEW)
    move(OLD)
    assert "never computed" in failed("get_affected_datasets", "hst", OLD, NEW)


@pytest.mark.parametrize("names", [("../etc", "x"), ("<b>", "%00"), (NEW, OLD), ("", "")])
def test_contexts_that_never_followed_each_other_have_no_result(names: tuple[str, str]) -> None:
    make_transition()
    message = failed("get_affected_datasets", "hst", *names)
    assert NOT_COMPUTED in message
    assert "never moved" in message

"""The start page of people who deliver."""

import pytest
from django.test import Client

from apps.submissions.states import Kind, Status
from tests.factories.accounts import logged_in, make_user
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db


def test_every_way_to_deliver_is_there() -> None:
    page = logged_in().get("/upload/").content.decode()
    for address in (
        "/submission_form/redcat_submit", "/batch_submit_references", "/certify", "/submit/mapping",
        "/submit/reference", "/add_references", "/delete_references",
    ):  # fmt: skip
        assert f'<h3><a href="{address}">' in page
    assert "You have not uploaded any files." in page
    assert "Submissions under way" not in page


def test_what_waits_for_a_decision_is_one_s_own() -> None:
    mine = make_submission(status=Status.READY)
    over = make_submission(Kind.EXTENDED, status=Status.FAILED)
    hers = make_submission(status=Status.READY, user="marge")
    page = logged_in().get("/upload").content.decode()
    assert f'href="/display_result/{mine.key}"' in page
    assert str(over.key) not in page
    assert str(hers.key) not in page


def test_it_needs_the_role(client: Client) -> None:
    assert client.get("/upload/")["Location"] == "/login/?next=%2Fupload%2F"
    stranger = make_user("moe")
    stranger.grants.all().delete()
    client.force_login(stranger)
    assert client.get("/upload/").status_code == 403

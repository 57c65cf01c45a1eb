from typing import Any

import pytest
from django.test import Client, RequestFactory

from apps.web import views
from apps.web.services import services
from tests.factories.accounts import make_user
from tests.factories.catalog import make_file

pytestmark = pytest.mark.django_db


def test_home_of_an_empty_server_tells_how_to_fill_it(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert b"import_cache" in answer.content


def test_home_counts_what_is_known_and_what_is_held(client: Client) -> None:
    make_file(name="jwst_miri_dark_0001.fits")
    assert b"1 references (" in client.get("/").content


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        ("", "Recent Activity", "Certify Files"),
        ("submitter", "Extended Batch Submit References", "Set Context"),
        ("operator", "Set Context", "No such service"),
    ],
)
def test_home_leads_people_where_their_role_lets_them(
    client: Client, role: str, shown: str, hidden: str
) -> None:
    if role:
        client.force_login(make_user(role=role))
    text = client.get("/").content.decode()
    assert f">{shown}</a>" in text
    assert hidden not in text


def test_every_service_of_home_opens_and_their_numbers_go_on(client: Client) -> None:
    client.force_login(user := make_user(role="operator"))
    groups = services(user)
    assert [group.start for group in groups] == [1, 4, 7, 10]
    for _, address in (service for group in groups for service in group.services):
        assert client.get(address).status_code == 200, address


def test_an_unknown_address_is_answered_in_the_frame(client: Client) -> None:
    answer = client.get("/no/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert b"<script>" not in answer.content
    assert b"home page" in answer.content


def test_an_internal_error_names_its_incident() -> None:
    answer = views.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500


def test_health_is_503_when_the_store_cannot_be_written(client: Client, settings: Any) -> None:
    assert client.get("/healthz").status_code == 200
    settings.STORE_ROOT.parent.joinpath("blocker").write_text("a file, not a folder")
    settings.STORE_ROOT = settings.STORE_ROOT.parent / "blocker" / "store"
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert any(check["name"] == "store" and not check["is_ok"] for check in answer.json()["checks"])

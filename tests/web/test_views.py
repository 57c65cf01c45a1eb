from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client, RequestFactory

from apps import demo
from apps.catalog import identity
from apps.rules.observatories import SHIPPED
from apps.web import views
from apps.web.home_links import services
from tests.factories.accounts import make_user
from tests.factories.catalog import make_file
from tests.factories.contexts import make_change, make_context

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("observatory", SHIPPED)
def test_home_of_an_empty_server_says_how_to_fill_it(observatory: str, client: Client, settings: Any) -> None:
    settings.OBSERVATORY = observatory
    answer = client.get("/")
    assert answer.status_code == 200
    assert b"import_cache" in answer.content
    assert (b"seed_demo" in answer.content) == (observatory == demo.OBSERVATORY)


def test_home_counts_known_and_held_files(client: Client) -> None:
    make_file(name="jwst_miri_dark_0001.fits")
    make_file(name="jwst_miri_dark_0002.fits", content=b"held")
    make_change(make_context())
    page = client.get("/").content.decode()
    assert "<strong>2</strong> references (1 held here)" in page
    assert "<strong>3</strong> mappings" in page


def test_home_shows_the_pointers_and_the_last_four_latest_contexts(client: Client) -> None:
    make_context("jwst_0001.pmap")
    for number, month in ((5, 1), (4, 2), (3, 3), (2, 4), (1, 5)):
        make_change(f"jwst_{number:04}.pmap", started_at=datetime(2016, month, 1, tzinfo=UTC))
    page = client.get("/").content.decode()
    history = page.partition('aria-labelledby="history"')[2].partition("</section>")[0]
    assert [history.index(f">jwst_000{number}.pmap</a>") for number in (1, 2, 3, 4)]
    assert ">jwst_0005.pmap</a>" not in history
    assert history.count(">latest</span>") == 1
    assert 'Latest References <span class="under">(under context <a' in page
    assert '<details id="miri" data-part="/context_table/jwst_0001.pmap/miri?part">' in page
    assert 'href="/context_table/jwst_0001.pmap/miri/dark"' in page


def test_home_announces_the_build_context_chosen_for_it(client: Client) -> None:
    change = make_change("jwst_0001.pmap", pointer="build", calibration_version="1.14.0")
    assert "Build Context" not in client.get("/").content.decode()
    change.is_banner = True
    change.save()
    page = client.get("/").content.decode()
    assert "Build Context: <a" in page
    assert (
        'based on CAL Version: <a href="https://github.com/spacetelescope/jwst/releases/tag/1.14.0">' in page
    )
    assert 'href="/display_build_contexts/"' in page


def test_home_works_without_the_files_of_the_latest_context(client: Client) -> None:
    make_change("jwst_0404.pmap")
    page = client.get("/").content.decode()
    assert "cannot be shown here" in page


def test_home_takes_few_queries(client: Client, django_assert_max_num_queries: Callable[..., Any]) -> None:
    make_context()
    for month in range(1, 13):
        make_change(started_at=datetime(2016, month, 1, tzinfo=UTC))
    client.get("/")
    with django_assert_max_num_queries(18):
        client.get("/")


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        ("", "Recent Activity", "Certify Files"),
        ("submitter", "Extended Batch Submit References", "Set Context"),
        ("operator", "Set Context", "No such service"),
    ],
)
def test_home_links_to_the_services_that_a_role_may_use(
    client: Client, role: str, shown: str, hidden: str
) -> None:
    if role:
        client.force_login(make_user(role=role))
    text = client.get("/").content.decode()
    assert f">{shown}</a>" in text
    assert hidden not in text


def test_every_service_of_home_opens_and_has_the_next_number(client: Client) -> None:
    client.force_login(user := make_user(role="operator"))
    groups = services(user)
    assert [group.start for group in groups] == [1, 4, 10, 14, 17]
    assert len({address for group in groups for _, address in group.services}) == 20
    for _, address in (service for group in groups for service in group.services):
        assert client.get(address).status_code == 200, address


def test_an_unknown_address_gets_a_page_in_the_usual_frame(client: Client) -> None:
    answer = client.get("/no/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert b"<script>" not in answer.content
    assert b"home page" in answer.content


def test_an_internal_error_names_its_incident() -> None:
    answer = views.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500


def test_a_server_is_not_ready_but_lives_when_the_store_cannot_be_written(
    client: Client, settings: Any
) -> None:
    identity.settle()
    assert client.get("/readyz").status_code == 200
    settings.STORE_ROOT.parent.joinpath("blocker").write_text("a file, not a folder")
    settings.STORE_ROOT = settings.STORE_ROOT.parent / "blocker" / "store"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "store" in answer.json()["failing"]
    assert client.get("/healthz").json() == {"live": True}
    assert any(check["name"] == "store" and not check["is_ok"] for check in answer.json()["checks"])

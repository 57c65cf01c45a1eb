from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

TEXT = "Moving to a <new> disk until 14:00 UTC."


@pytest.fixture(autouse=True)
def maintenance(settings: Any) -> None:
    settings.MAINTENANCE = TEXT


def test_every_page_says_so(client: Client) -> None:
    assert "Maintenance: Moving to a &lt;new&gt; disk until 14:00 UTC." in client.get("/").text


@pytest.mark.parametrize(
    "path",
    [
        "/upload/chunked/",
        "/batch_submit_references/",
        "//submit_confirm_pipeline/",
        "/set_context/",
        "/locks/x/break/",
    ],
)
def test_what_would_change_something_is_refused_where_clients_look(client: Client, path: str) -> None:
    answer = client.post("/", {"a": "b"}, PATH_INFO=path)
    assert answer.status_code == 200
    assert '<div id="error_message">Moving to a &lt;new&gt; disk until 14:00 UTC.</div>' in answer.text


def test_questions_are_answered(client: Client) -> None:
    question = {"jsonrpc": "1.0", "method": "get_server_info", "params": [], "id": 1}
    answer = client.post("/json/", question, content_type="application/json")
    assert answer.json()["id"] == 1
    assert client.post("/theme/", {"theme": "dark"}).status_code == 303
    assert client.get("/login/").status_code == 200


def test_without_maintenance_nothing_is_said(client: Client, settings: Any) -> None:
    settings.MAINTENANCE = ""
    assert "Maintenance" not in client.get("/").text

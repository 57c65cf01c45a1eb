import json
from typing import Any

import pytest
from django.test import Client

from apps.rpc.console import WRITING
from apps.rpc.registry import all_methods

pytestmark = pytest.mark.django_db

ADDRESS = "/json/browse/"


def test_every_method_is_listed_with_its_parameters(client: Client) -> None:
    text = client.get(ADDRESS).text
    assert all(f'href="?method={method.name}"' in text for method in all_methods())
    assert "get_default_context(observatory, [state])" in text


def test_a_call_shows_request_and_answer(client: Client) -> None:
    sent = {"method": "get_default_context", "params": '["jwst"]'}
    page = client.post(ADDRESS, sent).context["page"]

    assert json.loads(page["request"])["params"] == ["jwst"]
    # There is no context, so the answer is an error.
    assert json.loads(page["answer"])["error"]["message"]


@pytest.mark.parametrize("params", ["{", "nonsense", "[" * 20_000, "1" * 20_001, "\ud800"])
def test_text_that_is_not_a_list_of_parameters_is_refused_and_kept(client: Client, params: str) -> None:
    sent = {"method": "get_server_info", "params": params.encode("utf-8", "replace").decode()}
    answer = client.post(ADDRESS, sent)
    assert answer.status_code == 200
    assert 'id="error_message"' in answer.text
    assert "answer" not in answer.context["page"]


@pytest.mark.parametrize("name", sorted(WRITING))
def test_a_method_that_changes_something_is_not_called(client: Client, name: str) -> None:
    answer = client.post(ADDRESS, {"method": name, "params": '["x"]'})
    assert "answer" not in answer.context["page"]
    assert "changes something" in answer.text


def test_all_that_write_are_methods() -> None:
    assert {method.name for method in all_methods()} >= WRITING


@pytest.mark.parametrize("name", ["no_such_method", "<script>", "__class__"])
def test_an_unknown_method_is_named(client: Client, name: str) -> None:
    answer = client.get(ADDRESS, {"method": name})
    assert "This server has no method" in answer.text
    assert "<script>" not in answer.text.replace('<script type="module"', "")


def test_an_answer_never_becomes_markup(client: Client) -> None:
    sent = {"method": "get_file_info", "params": '["jwst", "<b>x</b>.fits"]'}
    assert "<b>x</b>" not in client.post(ADDRESS, sent).text


def test_a_call_needs_the_token_of_the_form() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(ADDRESS, {"method": "get_server_info"}).status_code == 403


def test_a_site_may_do_without_a_console(client: Client, settings: Any) -> None:
    settings.JSON_CONSOLE = False
    assert client.get(ADDRESS).status_code == 404

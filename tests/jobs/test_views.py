import json
import re
from typing import Any

import pytest
from django.test import Client

from apps.jobs import event_stream, queries
from apps.jobs.models import Channel
from apps.jobs.pipeline import finish, say
from apps.jobs.views import SESSION_KEY
from tests.factories.accounts import logged_in
from tests.factories.jobs import make_channel, make_job, make_running_job

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert(1)</script> & "x"'


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make streams end soon."""
    monkeypatch.setattr(event_stream, "LASTS", 0.3)
    monkeypatch.setattr(event_stream, "PAUSE", 0.05)


def test_opening_a_channel_answers_its_key_as_text_and_keeps_it_in_the_session() -> None:
    browser = logged_in()
    for _ in range(2):  # A new one replaces the old.
        key = browser.get("/jpoll/open_channel").json()
        assert re.fullmatch(r"[a-zA-Z0-9:.-]{1,128}", key)
        assert browser.session[SESSION_KEY] == key
        assert queries.messages(key, 0) == []
    assert Channel.objects.get(key=key).user == "homer"
    assert Channel.objects.count() == 2
    assert browser.get("/jpoll/open_channel/").status_code == 200


def test_nobody_opens_a_channel_without_logging_in(client: Client) -> None:
    response = client.get("/jpoll/open_channel")
    assert (response.status_code, response["Content-Type"]) == (401, "application/json")
    assert not Channel.objects.exists()


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200)])
def test_a_page_of_another_site_cannot_replace_the_channel(site: str, status: int) -> None:
    browser = logged_in()
    response = browser.get("/jpoll/open_channel", headers={"Sec-Fetch-Site": site})
    assert response.status_code == status
    assert Channel.objects.exists() == (status == 200)


def make_ended_job(*texts: str, result: str = "http://localhost/display_result/1") -> str:
    job = make_running_job()
    for text in texts:
        say(job, "log_message", text)
    finish(job, 0, result)
    return str(job.channel_id)


def page(client: Client, key: str, query: str = "") -> str:
    response = client.get(f"/jpoll/{key}/log{query}")
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return response.content.decode()


def test_the_page_shows_every_message_and_the_result(client: Client) -> None:
    text = page(client, make_ended_job("one", "two"))
    assert text.index("one") < text.index("two") < text.index("Completed.")
    assert '<a id="log-result" href="http://localhost/display_result/1">' in text
    assert "error_message" not in text


def test_the_page_of_a_waiting_job_says_so_and_can_be_reloaded(client: Client) -> None:
    text = page(client, str(make_job().channel_id))
    assert "Running, or waiting for a worker" in text
    assert 'id="log-reload"' in text
    assert "http-equiv" not in text
    assert " data-done" not in text


def test_nothing_of_a_message_becomes_markup(client: Client) -> None:
    text = page(client, make_ended_job(HOSTILE, result=HOSTILE))
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)") == 2


@pytest.mark.parametrize(
    "result", ["javascript:alert(1)", "data:text/html,x", "//elsewhere/x", "The reason."]
)
def test_only_an_address_of_the_web_becomes_a_link(client: Client, result: str) -> None:
    assert "log-result" not in page(client, make_ended_job(result=result))


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("level=verbose", "vlwe"),
        ("level=info", "lwe"),
        ("level=warning", "we"),
        ("level=error", "e"),
        ("level=%3Cmade+up%3E", "lwe"),
        ("level=done&level=warning", "w"),
        ("level=verbose&level=error", "ve"),
        ("level=done", ""),
        ("", "lwe"),
    ],
)
def test_the_level_chooses_what_is_shown(client: Client, level: str, shown: str) -> None:
    job = make_running_job()
    for kind in ("verbose", "log_message", "warning", "error"):
        say(job, kind, f"text-{kind[0]}")
    text = page(client, str(job.channel_id), f"?{level}")
    assert "".join(kind for kind in "vlwe" if f"text-{kind}" in text) == shown
    assert "<made up>" not in text


def test_the_log_is_downloaded_as_text(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "AT_ONCE", 2)
    job = make_running_job()
    for kind, text in (("log_message", HOSTILE), ("warning", "CRDS - WARNING -  dark"), ("verbose", "v")):
        say(job, kind, text)
    finish(job, 1, "One file is wrong.")
    answer = client.get(f"/jpoll/{job.channel_id}/log.txt")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [line[20:] for line in lines] == [
        f"CRDS - INFO -  {HOSTILE}",
        "CRDS - WARNING -  dark",
        "CRDS - DONE -  failed: One file is wrong.",
    ]
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="crds_')
    missing = client.get("/jpoll/nosuch/log.txt")
    assert (missing.status_code, missing["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert client.post(f"/jpoll/{job.channel_id}/log.txt").status_code == 405


def test_errors_are_listed_above_the_log(client: Client) -> None:
    job = make_running_job()
    say(job, "log_message", "fine")
    assert 'id="log-errors" hidden' in page(client, str(job.channel_id))
    say(job, "error", f"wrong {HOSTILE}")
    text = page(client, str(job.channel_id))
    assert '<li><a href="#m2">wrong &lt;script&gt;' in text
    assert '<li id="m2"' in text
    assert "<script>alert" not in text


def test_a_long_log_leads_to_its_later_messages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "AT_ONCE", 2)
    key = make_ended_job("one", "two", "three")
    first = page(client, key)
    assert "three" not in first
    assert "since=2" in first
    assert " data-done" not in first
    assert "three" in page(client, key, "?since=2")


@pytest.mark.parametrize("address", ["log", "messages", "events"])
def test_an_unknown_channel_is_missing_everywhere(client: Client, address: str) -> None:
    response = client.get(f"/jpoll/1234-abcd/{address}")
    assert response.status_code == 404
    text = response.content.decode()
    assert "Channel" in text
    assert "not found" in text


@pytest.mark.parametrize("address", ["log", "messages", "events", "open_channel"])
def test_channels_are_only_read(client: Client, address: str) -> None:
    where = "" if address == "open_channel" else f"{make_channel().key}/"
    assert client.post(f"/jpoll/{where}{address}").status_code == 405


def test_messages_can_be_polled_for(client: Client) -> None:
    key = make_ended_job(HOSTILE)
    first, second = client.get(f"/jpoll/{key}/messages").json()["messages"]
    assert first["data"] == HOSTILE
    assert second["data"] == {"status": 0, "result": "http://localhost/display_result/1"}
    assert client.get(f"/jpoll/{key}/messages?since=1").json()["messages"] == [second]


def stream(client: Client, key: str, **extra: Any) -> tuple[Any, list[str]]:
    response = client.get(f"/jpoll/{key}/events", **extra)
    return response, b"".join(response.streaming_content).decode().split("\n\n")


def ids(found: list[str]) -> list[int]:
    return [int(event.split("\n")[0].removeprefix("id: ")) for event in found if event.startswith("id: ")]


def test_the_stream_brings_each_message_once_and_ends_with_the_job(client: Client) -> None:
    response, found = stream(client, make_ended_job("one", "line\nbreak"))
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-cache"
    assert response["X-Accel-Buffering"] == "no"
    assert found[0].startswith("retry: ")
    assert ids(found) == [1, 2, 3]
    data = json.loads(found[2].split("\n")[1].removeprefix("data: "))
    assert data["data"] == "line\nbreak"


def test_a_browser_that_comes_back_gets_what_it_has_not_seen(client: Client) -> None:
    _, found = stream(client, make_ended_job("one", "two"), headers={"Last-Event-ID": "2"})
    assert ids(found) == [3]


def test_a_browser_that_saw_the_end_is_told_not_to_come_back(client: Client) -> None:
    key = make_ended_job("one")
    assert client.get(f"/jpoll/{key}/events", headers={"Last-Event-ID": "2"}).status_code == 204


@pytest.mark.parametrize("number", ["x", "-1", "9" * 30, "2\u0663"])
def test_a_last_event_that_is_no_number_means_the_beginning(client: Client, number: str) -> None:
    response = client.get(f"/jpoll/{make_ended_job('one')}/events?since={number}")
    assert ids(b"".join(response.streaming_content).decode().split("\n\n")) == [1, 2]


@pytest.mark.usefixtures("quick")
def test_a_stream_of_a_job_at_work_ends_after_a_while(client: Client) -> None:
    _, found = stream(client, str(make_running_job().channel_id))
    assert ids(found) == []
    assert ":" in found, "without these comments the server does not notice that the browser has gone"


@pytest.mark.django_db(transaction=True)  # Closing an answer also closes its connection.
@pytest.mark.usefixtures("quick")
def test_too_many_streams_are_told_to_poll_and_places_come_back(client: Client) -> None:
    key = str(make_running_job().channel_id)
    held = [client.get(f"/jpoll/{key}/events") for _ in range(event_stream.AT_ONCE)]
    refused = client.get(f"/jpoll/{key}/events")
    assert refused.status_code == 503
    assert "Retry-After" in refused
    for response in held:
        response.close()
    _, found = stream(client, key)
    assert found

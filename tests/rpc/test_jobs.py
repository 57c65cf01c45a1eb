"""Progress channels, read as the client reads them."""

import html
from typing import Any

import pytest

from apps.jobs.models import Job
from apps.jobs.pipeline import finish, say
from tests.factories.jobs import make_channel, make_running_job
from tests.factories.rpc import call, failed

pytestmark = pytest.mark.django_db

TEXT = "a < b & \"c\" 'd' &lt; <b>x</b>"


@pytest.fixture(autouse=True)
def kinds(settings: Any) -> None:
    settings.JOB_KINDS = {}


@pytest.mark.parametrize("method", ["jpoll_pull_messages", "jpoll_abort"])
@pytest.mark.parametrize("key", ["81323850-9517-416c-ae88-e6481de10a71", "no_such<key>", ""])
def test_an_unknown_channel_is_reported_in_the_words_the_monitor_knows(method: str, key: str) -> None:
    assert failed(method, key) == f"OtherError: Channel '{key}' not found"


def test_a_channel_can_be_pulled_before_its_job_begins() -> None:
    assert call("jpoll_pull_messages", make_channel().key, "0") == []


def test_messages_have_the_form_of_the_protocol() -> None:
    job = make_running_job()
    for kind in ("log_message", "verbose", "warning", "error"):
        say(job, kind, f"text of {kind}")
    finish(job, 0, "http://localhost/display_result/1")
    messages = call("jpoll_pull_messages", job.channel_id, "0")
    assert [message["id"] for message in messages] == [1, 2, 3, 4, 5]
    assert all(isinstance(message["data"], str) for message in messages[:-1])
    assert messages[-1]["type"] == "done"
    assert messages[-1]["data"] == {"status": 0, "result": "http://localhost/display_result/1"}
    assert call("jpoll_pull_messages", job.channel_id, "5") == []


def test_text_arrives_as_it_was_written_after_the_client_unescaped_it() -> None:
    job = make_running_job()
    say(job, "log_message", TEXT)
    finish(job, 1, TEXT)
    log, done = call("jpoll_pull_messages", job.channel_id, "0")
    assert "<" not in log["data"]
    assert html.unescape(html.unescape(log["data"])) == TEXT
    assert html.unescape(done["data"]["result"]) == TEXT


@pytest.mark.parametrize("since", ["", "-1", "one", "1.5", "9" * 40, "٣"])
def test_a_message_id_that_is_not_a_number_is_refused(since: str) -> None:
    message = failed("jpoll_pull_messages", make_channel().key, since)
    assert "whole number" in message
    assert "not found" not in message


def test_an_abort_reaches_the_job() -> None:
    job = make_running_job()
    assert call("jpoll_abort", job.channel_id) is None
    assert Job.objects.get(pk=job.pk).abort_at is not None

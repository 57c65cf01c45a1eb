from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.jobs import channels, operations, queries, tasks
from apps.jobs.errors import ChannelNotFoundError, UnknownKindError
from apps.jobs.models import Job, Message
from apps.jobs.pipeline import claim, finish, say
from apps.jobs.states import Status
from tests.factories.jobs import make_channel, make_job, make_running_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the jobs that were announced."""
    jobs: list[int] = []
    monkeypatch.setattr(operations, "announce", jobs.append)
    return jobs


def start(channel: str | None = None) -> Job:
    return operations.start("test", subject_id=7, user="homer", channel=channel)


def test_a_job_is_announced_when_the_row_is_committed_and_not_before(
    announced: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = start()
        assert announced == []
    assert announced == [job.pk]
    assert (job.subject_id, job.user, job.status) == (7, "homer", Status.QUEUED)


def test_a_broker_that_is_away_does_not_refuse_the_job(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any, django_capture_on_commit_callbacks: Any
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr(tasks.execute, "apply_async", fail)
    with django_capture_on_commit_callbacks(execute=True):
        job = start()
    assert f"the message for job {job.pk} was not sent" in caplog.text
    assert Job.objects.get(pk=job.pk).status == Status.QUEUED


def test_a_kind_that_is_not_registered_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnknownKindError, match=r"'os\.system'; registered are test"):
        operations.start("os.system", subject_id=None, user="homer", channel=None)
    assert not Job.objects.exists()


def test_a_job_reports_to_the_channel_that_was_opened_for_it() -> None:
    key = operations.open_channel(user="homer")
    assert start(key).channel_id == key


@pytest.mark.parametrize("used", ["by a job", "by a refusal", "never opened"])
def test_a_channel_that_is_not_free_is_replaced(used: str) -> None:
    key = operations.open_channel(user="homer") if used != "never opened" else "1234-abcd"
    if used == "by a job":
        start(key)
    if used == "by a refusal":
        operations.refuse(key, reason="No files.")
    assert start(key).channel_id != key


def test_a_channel_has_one_job_whatever_the_code_says() -> None:
    job = make_job()
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.create(kind="test", channel_id=job.channel_id)


def test_nothing_follows_the_end_of_a_channel() -> None:
    job = make_running_job()
    finish(job, 0, "http://localhost/x")
    assert not channels.append(str(job.channel_id), "error", "late")
    assert not channels.close(str(job.channel_id), 1, "late")
    assert [m.type for m in queries.messages(str(job.channel_id), 0)] == ["done"]


@pytest.mark.parametrize("kind", ["fail", "cancel", "done", "made up"])
def test_types_that_crash_the_client_cannot_be_sent(kind: str) -> None:
    with pytest.raises(ValueError, match=kind):
        say(make_running_job(), kind, "text")
    assert not Message.objects.exists()


def test_text_that_no_database_keeps_is_kept_without_it() -> None:
    job = make_running_job()
    say(job, "log_message", "a\0b\udc80" + "x" * 30_000)
    [message] = queries.messages(str(job.channel_id), 0)
    assert message.text.startswith("ab?xxx")
    assert len(message.text) < 20_100


def test_a_refusal_ends_a_free_channel_only() -> None:
    key = operations.open_channel(user="homer")
    operations.refuse(key, reason="No files.")
    assert [(m.type, m.status, m.text) for m in queries.messages(key, 0)] == [("done", 1, "No files.")]
    job = make_job()
    operations.refuse(str(job.channel_id), reason="No files.")
    assert queries.messages(str(job.channel_id), 0) == []
    operations.refuse(None, reason="No files.")


def test_an_aborted_job_that_waits_never_runs() -> None:
    job = make_job()
    operations.abort(str(job.channel_id))
    assert claim(job.pk) is None
    assert [(m.type, m.status) for m in queries.messages(str(job.channel_id), 0)] == [("done", 3)]


def test_an_abort_of_what_is_over_or_has_not_begun_changes_nothing() -> None:
    job = make_running_job()
    finish(job, 0, "x")
    operations.abort(str(job.channel_id))
    job.refresh_from_db()
    assert (job.status, job.abort_at) == (Status.COMPLETED, None)
    operations.abort(make_channel().key)


@pytest.mark.parametrize("key", ["1234-abcd", "", "a/b", "a_b", "é", "x" * 200, "'; --", "\0"])
def test_an_unknown_key_is_refused_in_the_words_that_clients_know(key: str) -> None:
    for ask in (
        lambda: queries.messages(key, 0),
        lambda: operations.abort(key),
        lambda: operations.pull(key, since_id=None),
    ):
        with pytest.raises(ChannelNotFoundError) as caught:
            ask()
        assert str(caught.value) == f"Channel '{key[:128]}' not found"


@pytest.mark.parametrize(
    ("since", "expected"), [(0, [1, 2, 3]), (2, [3]), (3, []), (10**30, []), (-5, [1, 2, 3])]
)
def test_a_pull_returns_what_is_newer(since: int, expected: list[int]) -> None:
    job = make_running_job()
    for text in "abc":
        say(job, "log_message", text)
    assert [m.number for m in operations.pull(str(job.channel_id), since_id=since)] == expected


def test_a_pull_without_number_continues_where_the_last_one_ended() -> None:
    job = make_running_job()
    say(job, "log_message", "a")
    key = str(job.channel_id)
    assert [m.text for m in operations.pull(key, since_id=None)] == ["a"]
    assert operations.pull(key, since_id=None) == []
    say(job, "log_message", "b")
    assert [m.text for m in operations.pull(key, since_id=None)] == ["b"]


def test_a_long_log_comes_in_parts_none_of_which_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "AT_ONCE", 2)
    job = make_running_job()
    for text in "abc":
        say(job, "log_message", text)
    finish(job, 0, "x")
    parts, since = [], 0
    while found := operations.pull(str(job.channel_id), since_id=since):
        parts.append([m.number for m in found])
        since = found[-1].number
    assert parts == [[1, 2], [3, 4]]

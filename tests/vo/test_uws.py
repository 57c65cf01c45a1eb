"""Jobs as clients of UWS see them."""

import re
import threading
import xml.etree.ElementTree as ElementTree
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.jobs import pipeline as jobs
from apps.jobs.models import Job
from apps.vo.identity.tokens import make_token
from apps.vo.models import QueryJob
from apps.vo.uws import operations, pipeline, views
from apps.vo.uws import waiting as uws_waiting
from tests.factories.accounts import make_user
from tests.factories.vo import QUERY, make_query_job
from tests.patience import does_not_hang
from tests.vo.conftest import body_of

UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
LINK = "{http://www.w3.org/1999/xlink}href"
LONG = "SELECT COUNT(*) FROM " + ", ".join(f"TAP_SCHEMA.columns AS t{number}" for number in range(9))


@pytest.fixture(autouse=True)
def worker_is_alive(tap_database: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Run nothing in this process; tests run the work themselves."""
    monkeypatch.setattr(uws_waiting, "has_worker", lambda: True)
    settings.TAP_RESULTS_ROOT = settings.DATA_ROOT / "tap_results"


@pytest.fixture
def homer() -> dict[str, str]:
    return {"Authorization": f"Bearer {make_token(make_user('homer'))}"}


def create(headers: dict[str, str] | None = None, **form: Any) -> str:
    """Make a job, and return its path."""
    answer = Client().post("/tap/async", {"LANG": "ADQL", "QUERY": QUERY} | form, headers=headers or {})
    assert answer.status_code == 303, answer.content
    assert answer["Location"].startswith("http://testserver/tap/async/")
    return str(answer["Location"]).removeprefix("http://testserver")


def get(path: str, headers: dict[str, str] | None = None) -> Any:
    return Client().get(path, headers=headers or {})


def post(path: str, headers: dict[str, str] | None = None, **form: Any) -> Any:
    return Client().post(path, form, headers=headers or {})


def phase(path: str) -> str:
    return get(f"{path}/phase").content.decode()


def work() -> None:
    """Do what a worker does, until nothing waits."""
    while waiting := Job.objects.filter(kind="query", status="queued").first():
        jobs.execute(waiting.pk)


def test_a_job_runs_from_pending_to_completed(homer: dict[str, str]) -> None:
    path = create(homer, RUNID="my run")
    document = ElementTree.fromstring(get(path, homer).content)
    assert [child.tag.removeprefix(UWS) for child in document] == [
        "jobId", "runId", "ownerId", "phase", "quote", "creationTime", "startTime", "endTime",
        "executionDuration", "destruction", "parameters", "results",
    ]  # fmt: skip
    assert (document.attrib["version"], document.findtext(f"{UWS}ownerId")) == ("1.1", "homer")
    assert document.findtext(f"{UWS}executionDuration") == "600"
    assert re.fullmatch(r"[\d-]+T[\d:]+\.\d{3}Z", document.findtext(f"{UWS}creationTime") or "")
    assert post(f"{path}/phase", homer, PHASE="RUN").status_code == 303
    assert get(f"{path}/phase", homer).content == b"QUEUED"
    work()
    content = get(path, homer).content.decode()
    assert "<uws:phase>COMPLETED</uws:phase>" in content
    assert ' xlink:href="http://testserver' in content
    result = ElementTree.fromstring(content).find(f"{UWS}results/{UWS}result")
    assert result is not None
    answer = get(result.attrib[LINK].removeprefix("http://testserver"), homer)
    assert answer["Content-Type"] == result.attrib["mime-type"] == "application/x-votable+xml"
    body = body_of(answer)
    assert len(body) == int(result.attrib["size"])
    assert body.endswith(b"</VOTABLE>\n")


def test_phase_run_in_the_same_request_starts_it() -> None:
    path = create(PHASE="RUN")
    assert phase(path) == "QUEUED"
    work()
    assert phase(path) == "COMPLETED"


def test_parameters_are_checked_when_it_runs() -> None:
    path = create(QUERY="SELECT nme FROM crds.files", PHASE="RUN")
    work()
    assert phase(path) == "ERROR"
    error = get(f"{path}/error")
    assert error.status_code == 200
    summary = ElementTree.fromstring(get(path).content).find(f"{UWS}errorSummary")
    assert summary is not None
    assert summary.attrib["type"] == "fatal"
    message = summary.findtext(f"{UWS}message") or ""
    assert message == "UsageFault: There is no column 'nme' at line 1, column 8; did you mean name?"
    assert message.encode() in error.content
    assert create() != create()


def test_leaves_and_their_changes() -> None:
    path = create()
    assert get(f"{path}/quote").content == get(f"{path}/owner").content == b""
    assert get(f"{path}/executionduration").content == b"600"
    for given, kept in (("120", b"120"), ("0", b"3600"), ("99999", b"3600")):
        assert post(f"{path}/executionduration", EXECUTIONDURATION=given).status_code == 303
        assert get(f"{path}/executionduration").content == kept
    post(f"{path}/destruction", DESTRUCTION="2999-01-01T00:00:00Z")
    assert QueryJob.objects.get().destroy_at < timezone.now() + timedelta(days=31)
    post(f"{path}/parameters", QUERY="SELECT 1 FROM crds.files", MAXREC="7")
    found = get(f"{path}/parameters").content.decode()
    assert '<uws:parameter id="maxrec">7</uws:parameter>' in found
    assert found.count('id="query"') == 1
    post(path, PHASE="RUN")
    assert post(f"{path}/parameters", MAXREC="8").status_code == 403
    assert get(f"{path}/error").status_code == 404
    assert get(f"{path}/results/result").status_code == 404


@pytest.mark.parametrize(
    ("leaf", "form"),
    [
        ("phase", {"PHASE": "GO"}),
        ("phase", {}),
        ("executionduration", {"EXECUTIONDURATION": "long"}),
        ("executionduration", {"EXECUTIONDURATION": "-5"}),
        ("destruction", {"DESTRUCTION": "tomorrow"}),
        ("quote", {"QUOTE": "1"}),
    ],
)
def test_wrong_values_are_400_as_text(leaf: str, form: dict[str, str]) -> None:
    answer = post(f"{create()}/{leaf}", **form)
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content.startswith(b"UsageFault: ")


@pytest.mark.parametrize("query", ["WAIT=x", "WAIT=-2", "WAIT=1&PHASE=RUNNING", "WAIT=1&WAIT=2"])
def test_a_wrong_wait_is_400(query: str) -> None:
    assert get(f"{create()}?{query}").status_code == 400


@pytest.mark.parametrize("query", ["PHASE=DONE", "AFTER=noon", "LAST=0", "LAST=x", "LAST=-1"])
def test_a_wrong_filter_is_400(query: str) -> None:
    assert get(f"/tap/async?{query}").status_code == 400


def test_what_does_not_exist_is_404_as_text() -> None:
    key = QueryJob.objects.create(origin="http://x", duration=1, destroy_at=timezone.now()).key
    QueryJob.objects.all().delete()
    for path in (
        f"/tap/async/{key}",
        "/tap/async/nonsense",
        f"/tap/async/{key}/phase",
        "/tap/tables/no.such",
        "/tap/x",
    ):
        answer = get(path)
        assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (404, "text/plain"), path
    assert get(f"{create()}/nonsense").status_code == 404


def test_other_people_see_nothing(homer: dict[str, str]) -> None:
    path = create(homer)
    bart = {"Authorization": f"Bearer {make_token(make_user('bart'))}"}
    for headers in (bart, {}):
        for address in (path, f"{path}/phase", f"{path}/parameters", f"{path}/results/result"):
            assert get(address, headers).status_code == 403
        assert post(f"{path}/phase", headers, PHASE="ABORT").status_code == 403
        assert Client().delete(path, headers=headers).status_code == 403
        assert b"jobref" not in get("/tap/async", headers).content
    assert QueryJob.objects.get().status == "PENDING"


def test_the_list_is_filtered_and_newest_first(homer: dict[str, str]) -> None:
    keys = [create(homer).rpartition("/")[2] for _ in range(3)]
    post(f"/tap/async/{keys[0]}/phase", homer, PHASE="ABORT")

    def listed(query: str = "") -> list[str]:
        document = ElementTree.fromstring(get(f"/tap/async{query}", homer).content)
        return [each.attrib["id"] for each in document]

    assert listed() == keys[::-1]
    assert listed("?PHASE=ABORTED") == [keys[0]]
    assert listed("?PHASE=ABORTED&PHASE=PENDING&LAST=2") == [keys[2], keys[1]]
    assert listed("?PHASE=ARCHIVED") == []
    after = QueryJob.objects.get(key=keys[1]).created_at.isoformat().replace("+00:00", "Z")
    assert listed(f"?AFTER={after}") == [keys[2]]


def test_deletes_forget_the_job_and_its_result(homer: dict[str, str]) -> None:
    for remove in (
        lambda path: Client().delete(path, headers=homer),
        lambda path: post(path, homer, ACTION="DELETE"),
    ):
        path = create(homer, PHASE="RUN")
        work()
        result = QueryJob.objects.get().result_path
        assert result.exists()
        answer = remove(path)
        assert (answer.status_code, answer["Location"]) == (303, "http://testserver/tap/async")
        assert not result.exists()
        assert get(path, homer).status_code == 404


def test_run_and_abort_where_they_make_no_sense() -> None:
    path = create(PHASE="RUN")
    assert post(f"{path}/phase", PHASE="RUN").status_code == 303
    assert Job.objects.count() == 1
    work()
    assert post(f"{path}/phase", PHASE="ABORT").status_code == 303
    assert phase(path) == "COMPLETED"
    assert post(f"{path}/phase", PHASE="RUN").status_code == 403


def test_an_abort_ends_a_running_query(monkeypatch: pytest.MonkeyPatch) -> None:
    # The switch of the worker reads rows in a thread, which a database in memory does not share.
    job = make_query_job(query=LONG, status="QUEUED")
    aborted = threading.Event()
    monkeypatch.setattr(
        pipeline._Switch, "_look", lambda self: (aborted.wait(), setattr(self, "is_aborted", True))
    )
    threading.Timer(0.5, aborted.set).start()
    with does_not_hang():
        pipeline.run(Job(kind="query", subject_id=job.pk))
    job.refresh_from_db()
    assert job.status == "ERROR"  # Nobody has changed the row; an abort does that first.
    assert "aborted" in job.error


def test_a_job_that_was_aborted_stays_aborted() -> None:
    job = make_query_job(status="QUEUED")
    operations.abort(job)
    pipeline.run(Job(kind="query", subject_id=job.pk))
    job.refresh_from_db()
    assert job.status == "ABORTED"
    assert not job.result_path.exists()


def test_out_of_time_ends_in_error_with_the_remedy() -> None:
    path = create(QUERY=LONG, EXECUTIONDURATION="1", PHASE="RUN")
    work()
    assert phase(path) == "ERROR"
    assert (
        b"TimeoutError: The query took longer than 1 seconds. Set a longer executionduration"
        in get(f"{path}/error").content
    )


def test_two_jobs_of_one_owner_run_and_more_wait(homer: dict[str, str]) -> None:
    for _ in range(4):
        create(homer, PHASE="RUN")
    other = create(PHASE="RUN")
    assert Job.objects.filter(kind="query").count() == 3
    assert phase(other) == "QUEUED"
    work()
    assert set(QueryJob.objects.values_list("status", flat=True)) == {"COMPLETED"}


def test_too_many_kept_jobs_are_429(homer: dict[str, str], settings: Any) -> None:
    settings.TAP_JOBS_KEPT = 1
    create(homer)
    answer = post("/tap/async", homer)
    assert (answer.status_code, "Retry-After" in answer) == (429, True)
    create()


def test_a_job_whose_worker_died_becomes_an_error() -> None:
    path = create(PHASE="RUN")
    job = QueryJob.objects.get()
    now = timezone.now()
    QueryJob.objects.update(status="EXECUTING", started_at=now)
    Job.objects.update(status="failed", attempts=1, finished_at=now)
    assert phase(path) == "ERROR"
    assert b'type="transient"' in get(path).content
    job.refresh_from_db()
    assert "worker" in job.error


def test_jobs_are_removed_at_their_destruction(settings: Any) -> None:
    path = create(PHASE="RUN")
    work()
    result = QueryJob.objects.get().result_path
    QueryJob.objects.update(destroy_at=timezone.now())
    assert pipeline.remove_old_jobs() == 1
    assert not result.exists()
    assert get(path).status_code == 404


class WaitingClock:
    """A clock for the views, on which only pauses take time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_a_wait_returns_at_once_when_the_phase_differs_or_nothing_can_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = WaitingClock()
    monkeypatch.setattr(views, "time", clock)
    path = create(PHASE="RUN")
    get(f"{path}?WAIT=20&PHASE=PENDING")
    work()
    get(f"{path}?WAIT=-1")
    assert clock.seconds == 0


def test_a_wait_lasts_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = WaitingClock()
    monkeypatch.setattr(views, "time", clock)
    path = create()
    assert b"PENDING" in get(f"{path}?WAIT=1").content
    assert clock.seconds == pytest.approx(1)
    assert b"PENDING" in get(f"{path}?WAIT=-1").content
    assert clock.seconds == pytest.approx(1 + views.LONGEST_WAIT)


def test_without_a_worker_a_pool_runs_the_job_after_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(uws_waiting, "has_worker", lambda: False)
    monkeypatch.setattr(uws_waiting, "_run_here", given.append)
    path = create(PHASE="RUN")
    assert given == [Job.objects.get().pk]
    assert phase(path) == "QUEUED"


def test_another_method_is_405() -> None:
    assert Client().put("/tap/async").status_code == 405
    assert Client().delete(f"{create()}/phase")["Allow"] == "GET, POST, HEAD, OPTIONS"

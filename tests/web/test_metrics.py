import os
import re
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import prometheus_client
import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from apps.core import heartbeat
from apps.core import metrics as processes
from apps.jobs.models import Job
from apps.web import metrics
from tests.factories.catalog import make_file
from tests.factories.locks import make_lock
from tests.factories.submissions import make_submission
from tests.live import live_server
from tests.roots import PROJECT


@pytest.fixture(autouse=True)
def no_totals() -> None:
    metrics._totals.clear()


def read(text: str) -> dict[str, float]:
    """Return the samples of a page of metrics."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def ask(**headers: Any) -> Any:
    return Client().get("/metrics", **headers)


@pytest.mark.django_db
def test_the_state_of_the_server_is_told() -> None:
    make_file("jwst_miri_dark_0001.fits", content=b"12345")
    make_lock(instrument="miri", user="homer")
    make_submission(status="ready")
    now = timezone.now()
    Job.objects.create(kind="mail", not_before=now - timedelta(minutes=5))
    Job.objects.create(kind="mail", not_before=now + timedelta(hours=1))
    found = read(ask().content.decode())
    assert found['crds_store_bytes{kind="reference"}'] == 5
    assert found['crds_lock_held{instrument="miri",holder="homer"}'] == 1
    assert found['crds_submissions{status="ready"}'] == 1
    assert found['crds_jobs{kind="mail",status="queued"}'] == 2
    assert found['crds_jobs{kind="look",status="queued"}'] == 0
    assert 300 <= found["crds_queue_age_seconds"] < 330
    assert found['crds_part_ready{part="database"}'] == 1


@pytest.mark.django_db
def test_requests_and_calls_are_counted_by_name() -> None:
    name = 'crds_requests_total{method="GET",page="accounts:login",status="200"}'
    before = read(processes.written().decode()).get(name, 0)
    Client().get("/login/")
    assert read(processes.written().decode())[name] == before + 1
    Client().post("/json/", b'{"method": "get_default_context", "params": ["x"]}', content_type="text/plain")
    found = read(processes.written().decode())
    assert found['crds_rpc_calls_total{method="get_default_context",outcome="error"}'] >= 1


@pytest.mark.django_db
def test_unknown_addresses_and_methods_share_one_name() -> None:
    Client().get("/no/such/page")
    Client().generic("HACK", "/login/")
    Client().post("/json/", b'{"method": "no_such_method", "params": []}', content_type="text/plain")
    text = processes.written().decode()
    assert 'page="unknown",status="404"' in text
    assert "no/such" not in text
    assert "HACK" not in text
    assert "no_such_method" not in text


@pytest.mark.django_db
def test_only_the_named_networks_may_read(settings: Any) -> None:
    assert ask().status_code == 200
    assert ask(REMOTE_ADDR="10.1.2.3").status_code == 403
    settings.METRICS_FROM = [ip_network("10.1.0.0/16")]
    assert ask(REMOTE_ADDR="10.1.2.3").status_code == 200
    assert ask(REMOTE_ADDR="127.0.0.1").status_code == 403
    assert ask(REMOTE_ADDR="nonsense").status_code == 403


@pytest.mark.django_db
def test_a_proxy_on_this_machine_does_not_open_the_page_to_everybody(settings: Any) -> None:
    assert ask(HTTP_X_FORWARDED_FOR="8.8.8.8").status_code == 403
    settings.CLIENT_ADDRESS_HEADER = "X-Forwarded-For"
    assert ask(HTTP_X_FORWARDED_FOR="127.0.0.1, 8.8.8.8").status_code == 403
    assert ask(HTTP_X_FORWARDED_FOR="8.8.8.8, 127.0.0.1").status_code == 200
    assert ask(HTTP_X_FORWARDED_FOR="").status_code == 403


@pytest.mark.django_db
def test_a_watcher_asks_the_process_itself_past_the_proxy(settings: Any) -> None:
    settings.CLIENT_ADDRESS_HEADER = "X-Forwarded-For"
    assert ask().status_code == 200
    assert ask(REMOTE_ADDR="8.8.8.8").status_code == 403
    assert ask(HTTP_FORWARDED="for=8.8.8.8").status_code == 403


@pytest.mark.django_db
def test_probes_know_the_server_by_any_name(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    for path in ("/healthz", "/metrics"):
        assert Client(SERVER_NAME="10.0.0.7").get(path).status_code == 200
    assert Client(SERVER_NAME="10.0.0.7").get("/login/").status_code == 400


@pytest.mark.django_db
def test_gauges_that_cannot_be_read_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Any:
        raise DatabaseError("away")

    monkeypatch.setattr("apps.web.metrics.Mail.objects.filter", lambda **_: fail())
    text = metrics.written().decode()
    assert "crds_mails_unsent" not in text
    assert "crds_server_info{" in text


def test_names_with_quotes_cannot_end_a_label() -> None:
    sample = metrics.GaugeValue(1, (("holder", 'a"b\\c\nd'),))
    assert metrics._labels(sample) == '{holder="a\\"b\\\\c\\nd"}'


def test_all_processes_of_a_server_are_added_up(tmp_path: Path) -> None:
    with live_server("jwst", tmp_path / "root") as server:
        for _ in range(40):  # Each process gets some.
            urllib.request.urlopen(f"{server.url}/login/").close()
        with urllib.request.urlopen(f"{server.url}/metrics") as answer:
            found = read(answer.read().decode())
        assert found['crds_requests_total{method="GET",page="accounts:login",status="200"}'] == 40


@pytest.mark.django_db
def test_the_access_log_has_a_line_without_the_query(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "crds.access")
    Client().get("/login/?password=secret")
    assert not caplog.records
    settings.ACCESS_LOG = True
    Client().get("/login/?password=secret", HTTP_USER_AGENT="x" * 1000)
    assert [record.getMessage() for record in caplog.records] == ["GET /login/ 200"]
    assert "secret" not in caplog.text


@pytest.mark.django_db
def test_the_access_log_does_not_tell_links_that_set_passwords(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "crds.access")
    settings.ACCESS_LOG = True
    Client().get("/accounts/password/MQ/a-secret/")
    assert "GET (hidden) 404" in [record.getMessage() for record in caplog.records]


def test_threads_that_count_first_at_once_share_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a lock each would make its own, or fail, because the names are taken."""

    def slowly() -> prometheus_client.CollectorRegistry:
        time.sleep(0.02)
        return prometheus_client.CollectorRegistry()

    monkeypatch.setattr(processes, "_registry", slowly)
    monkeypatch.setattr(processes, "_made_metrics", cache(processes._made_metrics.__wrapped__))
    start = threading.Barrier(8)

    def first(_number: int) -> object:
        start.wait()
        return processes._metrics()

    with ThreadPoolExecutor(8) as threads:
        assert len({id(found) for found in threads.map(first, range(8))}) == 1


def test_the_folder_of_metrics_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(processes.FOLDER, raising=False)
    folder = processes.share_among_processes()
    assert os.environ[processes.FOLDER] == str(folder)
    processes.forget(folder)
    assert not folder.exists()
    assert processes.FOLDER not in os.environ


def test_metric_names_are_of_the_form_that_prometheus_wants() -> None:
    assert all(re.fullmatch(r"crds_[a-z_]+", gauge.name) for gauge in metrics._GAUGES)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["grafana/crds.json", "prometheus/alerts.yml"])
def test_the_board_and_the_alerts_name_metrics_that_exist(name: str) -> None:
    Client().get("/login/")
    Client().post("/json/", b'{"method": "get_server_info", "params": []}', content_type="text/plain")
    heartbeat.beat()
    known = set(re.findall(r"^(crds_\w+)", ask().content.decode(), re.MULTILINE))
    known |= {gauge.name for gauge in metrics._GAUGES}
    used = set(re.findall(r"\bcrds_\w+", (PROJECT / "deploy" / name).read_text()))
    assert len(used) > 5
    assert used - known == set()

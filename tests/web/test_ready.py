import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.test import Client

from apps.catalog import identity
from apps.catalog.models import Installation
from apps.certify import trial
from apps.certify.errors import ChildError
from apps.submissions import parts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_data(settings: Any, tmp_path: Path) -> None:
    Installation.objects.all().delete()
    identity.settle()


def failing(client: Client, path: str = "/readyz") -> dict[str, str]:
    """Return the parts that are not ready with their texts, and check the status."""
    answer = client.get(path)
    body = answer.json()
    assert answer.status_code == (503 if body["failing"] else 200)
    assert body["ready"] is not bool(body["failing"])
    found = {part["name"]: part["text"] for part in body["parts"] if not part["is_ok"]}
    assert list(found) == body["failing"]
    return found


def unhealthy(client: Client) -> set[str]:
    return {check["name"] for check in client.get("/readyz").json()["checks"] if not check["is_ok"]}


def test_a_server_with_all_parts_is_ready(client: Client) -> None:
    assert failing(client) == {}
    names = [part["name"] for part in client.get("/readyz").json()["parts"]]
    assert names == ["database", "migrations", "broker", "identity", "archive", "certification", "static"]


def test_data_of_another_server_make_it_unready(client: Client, settings: Any) -> None:
    settings.OBSERVATORY = "hst"
    assert "belongs to jwst" in failing(client)["identity"]
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "identity" in unhealthy(client)


def test_a_broker_that_refuses_makes_it_unready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(current_app.conf, "broker_write_url", f"redis://:secret@127.0.0.1:{port}/0")
    text = failing(client)["broker"]
    assert "check CELERY_BROKER_URL" in text
    assert "secret" not in text
    assert "broker" in unhealthy(client)


def test_a_child_that_cannot_start_makes_it_unready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_tried_at", float("-inf"))
    monkeypatch.setattr(trial, "_PROGRAM", "import no_such_package")
    assert "No module named 'no_such_package'" in failing(client)["certification"]
    assert "certification" in unhealthy(client)


def test_the_trial_of_a_child_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    trial.try_child("jwst")
    with pytest.raises(ChildError, match="no/such/python"):
        trial.try_child("jwst", python="/no/such/python")


def test_missing_static_files_make_it_unready(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = str(tmp_path / "static")
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    assert "run: manage.py collectstatic" in failing(client)["static"]
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    assert failing(client) == {}
    shutil.rmtree(tmp_path / "static" / "css")
    assert "css/" in failing(client)["static"]
    assert "static" in unhealthy(client)


def test_a_check_that_raises_is_reported_without_its_traceback(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.catalog.identity.queries.marker.read", lambda: 1 / 0)
    assert failing(client)["identity"] == "the check failed: ZeroDivisionError"

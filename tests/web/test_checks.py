"""An operational server warns at its start and on its page of health if fitsverify is missing."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from apps.catalog import identity


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hide every program that is not in a folder."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def add_fitsverify(programs: Path) -> None:
    (programs / "fitsverify").touch(mode=0o755)


def said_at_start(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the warnings that every command prints before it begins."""
    call_command("check")
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("server", "is_there", "is_warned"), [("ops", False, True), ("ops", True, False), ("test", False, False)]
)
def test_an_operational_server_warns_of_missing_fitsverify(
    server: str,
    is_there: bool,
    is_warned: bool,
    programs: Path,
    settings: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.SERVER_STRING = server
    if is_there:
        add_fitsverify(programs)
    said = said_at_start(capsys)
    assert ("fitsverify is not installed" in said) == is_warned
    assert ("apt-get install fitsverify" in said) == is_warned


@pytest.mark.django_db
def test_health_names_missing_fitsverify_and_stays_healthy(programs: Path, client: Client) -> None:
    identity.settle()
    answer = client.get("/readyz")
    (found,) = [check for check in answer.json()["checks"] if check["name"] == "fitsverify"]
    assert (answer.status_code, found["is_ok"]) == (200, False)
    assert "checksums of FITS files are not checked" in found["text"]
    add_fitsverify(programs)
    later = client.get("/readyz").json()["checks"]
    assert {"name": "fitsverify", "is_ok": True, "text": "installed", "is_vital": False} in later

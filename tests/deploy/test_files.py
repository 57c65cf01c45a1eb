"""The files of deploy/ agree with the documents and with each other."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.production import DEPLOY, PROJECT, UNITS, unit

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
EXAMPLE = (DEPLOY / "env.example").read_text()


def test_the_example_of_settings_is_made_from_the_document() -> None:
    made = subprocess.run(
        [sys.executable, "scripts/env_example.py"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert made.stdout == EXAMPLE, "run `make env-example`"


def test_the_example_names_every_documented_setting_once() -> None:
    document = (PROJECT / "docs" / "settings.md").read_text()
    documented = re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \|", document, re.MULTILINE)
    named = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", EXAMPLE, re.MULTILINE)
    assert [name if name in documented else name.removesuffix("_FILE") for name in named] == documented


SERVICES = {"web": UNITS[0], "worker": UNITS[1], "beat": UNITS[2], "prepare": "crds-prepare.service"}


def as_in_a_container(command: str) -> list[str]:
    """Return a command of a unit as a container would run it: the host name there is the container's own."""
    words = shlex.split(command.replace("/opt/crds/.venv/bin/", "").replace("/srv/crds/", "/data/"))
    if "--hostname" in words:
        place = words.index("--hostname")
        del words[place : place + 2]
    return ["0.0.0.0" if word == "127.0.0.1" else word for word in words]  # noqa: S104


@pytest.mark.parametrize("service", SERVICES)
def test_containers_run_the_commands_of_the_units(service: str) -> None:
    expected = as_in_a_container(unit(SERVICES[service])["ExecStart"])
    assert shlex.split(COMPOSE["services"][service]["command"]) == expected


@pytest.mark.parametrize("service", SERVICES)
def test_containers_of_ours_may_write_only_their_data(service: str) -> None:
    found = COMPOSE["services"][service]
    assert (found["read_only"], found["user"], found["cap_drop"]) == (True, "10001", ["ALL"])
    assert found["volumes"] == ["data:/data"]


@pytest.mark.parametrize("service", ["web", "worker", "beat"])
def test_the_other_services_wait_for_the_one_that_prepares(service: str) -> None:
    assert (
        COMPOSE["services"][service]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"
    )
    assert unit(SERVICES[service])["Requires"] == "crds-prepare.service"
    assert unit(SERVICES[service])["After"] == "crds-prepare.service"


@pytest.mark.parametrize("service", ["web", "worker", "beat"])
def test_every_service_has_a_health_check_and_time_to_end(service: str) -> None:
    found = COMPOSE["services"][service]
    assert found["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert found["stop_grace_period"] == f"{unit(SERVICES[service])['TimeoutStopSec']}s"


def test_the_image_gets_what_the_dockerfile_copies_and_no_data() -> None:
    copied = re.findall(r"^COPY (\S+) \S+$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    ignored = (PROJECT / ".dockerignore").read_text().split()
    assert {Path(name).parts[0] for name in copied} == {
        entry[1:] for entry in ignored if entry.startswith("!")
    }


def test_the_secrets_are_made_once_and_only_for_us(tmp_path: Path) -> None:
    script = tmp_path / "make_secrets.sh"
    script.write_text((DEPLOY / "make_secrets.sh").read_text().replace("chown 10001", ": 10001"))
    subprocess.run(["sh", str(script)], check=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == {
        "secret_key",
        "database_password",
        "database_url",
    }
    assert made["database_password"].strip() in made["database_url"]
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "secrets").iterdir()} == {0}
    subprocess.run(["sh", str(script)], check=True)
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made

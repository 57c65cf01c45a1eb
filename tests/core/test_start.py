"""Wrong settings refuse every program in one line: a command, the web server, and a worker of its own."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import free_port
from tests.roots import PROJECT, environment_for, filled_root, manage

PROGRAMS = {
    "command": ["manage.py", "verify_store"],
    "up": ["manage.py", "up", "--port", "0"],
    "web": ["-m", "crds_server.web", "--port", "0"],
    "worker": ["-m", "celery", "--quiet", "-A", "crds_server", "worker", "--pool", "threads"],
}
PATIENCE = 120  # seconds, on a machine that has much else to do


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the environment of an installation that would start."""
    with filled_root("jwst", tmp_path / "root") as database_url:
        yield environment_for("jwst", tmp_path / "root", database_url)


def said_by(program: str, environment: dict[str, str]) -> str:
    """Return what a program says that must not start."""
    done = subprocess.run(
        [sys.executable, *PROGRAMS[program]],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout
    lines = [line for line in done.stdout.splitlines() if not line.startswith("[")]  # The web server's own.
    assert len(lines) == 1, done.stdout
    return lines[0]


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_unknown_observatory_refuses(program: str, environment: dict[str, str]) -> None:
    said = said_by(program, environment | {"OBSERVATORY": "foo"})
    assert "OBSERVATORY='foo' is not one of hst, jwst, roman, tobs." in said


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_bucket_that_is_away_refuses(program: str, environment: dict[str, str]) -> None:
    away = {"BUCKET": "crds", "BUCKET_ENDPOINT": f"http://127.0.0.1:{free_port()}", "BUCKET_KEY_ID": "crds"}
    said = said_by(program, environment | away | {"BUCKET_SECRET": "secret"})
    assert "The bucket does not answer: " in said


@pytest.mark.parametrize("program", PROGRAMS)
def test_data_of_another_observatory_refuse(program: str, environment: dict[str, str]) -> None:
    said = said_by(program, environment | {"OBSERVATORY": "hst"})
    assert re.search(r"The database belongs to jwst \(test-\w+\), but OBSERVATORY=hst", said)
    assert "Set OBSERVATORY=jwst and SERVER_STRING=test-" in said


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_database_that_does_not_answer_refuses(program: str, environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = said_by(program, environment | {"DATABASE_URL": f"postgresql://me:secret@127.0.0.1:{port}/crds"})
    assert "The database does not answer; check DATABASE_URL" in said
    assert "secret" not in said


@pytest.mark.parametrize("program", ["command", "web", "worker"])
def test_missing_migrations_refuse(program: str, environment: dict[str, str]) -> None:
    manage(environment, "migrate", "catalog", "0002", "--verbosity", "0")
    said = said_by(program, environment)
    assert re.search(r"The database lacks \d+ migrations, the first is catalog\.0003", said)
    assert said.endswith("run: manage.py migrate")


@pytest.mark.parametrize("program", ["up", "worker"])
def test_a_broker_that_does_not_answer_refuses(program: str, environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = said_by(program, environment | {"CELERY_BROKER_URL": f"redis://:secret@127.0.0.1:{port}/0"})
    assert "does not answer; check CELERY_BROKER_URL" in said
    assert "secret" not in said


def test_missing_static_files_refuse_the_web_server(environment: dict[str, str]) -> None:
    said = said_by("web", environment)
    assert re.search(
        r"\d+ of \d+ static files are missing in .*; run: manage.py collectstatic --noinput", said
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_nonsense_in_the_file_of_settings_refuses(program: str, environment: dict[str, str]) -> None:
    path = Path(environment["DATA_ROOT"]) / "env"
    path.write_text("# Ours.\nTOKEN_DAYS=soon\nTOKEN_DAY=1\n")
    said = said_by(program, environment)
    assert "TOKEN_DAYS='soon' is not a whole number" in said
    path.write_text("# Ours.\nTOKEN_DAY=1\n")
    assert f"{path}, line 2: TOKEN_DAY is not a setting. Did you mean TOKEN_DAYS?" in said_by(
        program, environment
    )


def test_commands_need_only_the_file(environment: dict[str, str], tmp_path: Path) -> None:
    names = ("OBSERVATORY", "DATA_ROOT", "DATABASE_URL", "SERVER_STRING")
    path = tmp_path / "settings of ours"
    path.write_text("".join(f"{name}='{environment[name]}'\n" for name in names))
    path.chmod(0o600)
    bare = {name: value for name, value in environment.items() if name not in names}
    assert "0 " in manage(bare, "verify_store", "--env-file", str(path))

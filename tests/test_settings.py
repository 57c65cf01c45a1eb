"""Settings refuse nonsense at the start, with a text that says what would do."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "from crds_server import settings; print(settings.OBSERVATORY)"


def read_settings(tmp_path, **variables):
    """Read the settings in a program of its own and return its output and errors."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=kept | {"DATA_ROOT": str(tmp_path)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_unknown_observatory_is_refused_with_a_suggestion(tmp_path):
    done = read_settings(tmp_path, OBSERVATORY="jwts")
    assert done.returncode != 0
    assert "OBSERVATORY='jwts'" in done.stderr
    assert "Did you mean jwst?" in done.stderr


def with_definition(tmp_path, change=lambda text: text):
    text = (ROOT / "apps" / "demo" / "observatories" / "keckao.yaml").read_text()
    (tmp_path / "observatory.yaml").write_text(change(text))


def test_a_definition_below_the_data_root_is_served(tmp_path):
    with_definition(tmp_path)
    assert read_settings(tmp_path).stdout == "keckao\n"


def test_two_definitions_for_one_server_are_refused(tmp_path):
    with_definition(tmp_path)
    done = read_settings(tmp_path, OBSERVATORY="jwst")
    assert "OBSERVATORY='jwst' is set" in done.stderr
    assert "defines 'keckao'. One server serves one observatory" in done.stderr


def test_a_definition_with_a_mistake_is_refused_with_its_line(tmp_path):
    with_definition(tmp_path, lambda text: text.replace("title:", "titel:"))
    done = read_settings(tmp_path)
    assert "observatory.yaml has mistakes, the first at line 2: The definition lacks `title`" in done.stderr
    assert "check_observatory" in done.stderr


def test_a_definition_that_is_not_there_is_refused(tmp_path):
    done = read_settings(tmp_path, OBSERVATORY_FILE=str(tmp_path / "none.yaml"))
    assert "none.yaml" in done.stderr
    assert "no such file" in done.stderr

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

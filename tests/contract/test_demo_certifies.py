"""The client's own verdict on the demo: it certifies every reference and every mapping without an error."""

import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from apps.demo.operations import seed
from tests.warm_python import warm_client

pytestmark = [pytest.mark.django_db, pytest.mark.development_server("it needs no server")]

PROGRAM = """
import sys
from crds.certify.certify import CertifyScript
sys.exit(CertifyScript(["crds.certify", *sys.argv[1:], "--comparison-context", "jwst_0005.pmap"])())
"""


# From each context the client goes on to every mapping below it.
@pytest.mark.parametrize(
    "patterns",
    [("jwst_miri_*.fits", "jwst_miri_*.asdf", "jwst_*.pmap"), ("jwst_ni*.fits", "jwst_ni*.asdf", "*.json")],
)
def test_every_file_certifies(patterns: tuple[str, ...], tmp_path: Path) -> None:
    seed()
    files = sorted(path for pattern in patterns for path in settings.STORE_ROOT.rglob(pattern))
    expected = {path.name for path in files}
    if "jwst_*.pmap" in patterns:
        expected |= {path.name for path in settings.STORE_ROOT.rglob("jwst_*map")}
    assert certified(files, home=tmp_path) >= expected


def certified(files: list[Path], *, home: Path) -> set[str]:
    """Return the names of the files that the client went through, and insist on no error among them."""
    done = certify([str(path) for path in files], home=home)
    log = done.stdout + done.stderr
    errors = [line for line in log.splitlines() if " ERROR " in line or " FATAL " in line]
    assert (done.returncode, errors) == (0, []), log
    assert re.search(r"INFO - +0 errors", log), log
    return {Path(path).name for path in re.findall(r"Certifying '([^']+)'", log)}


def certify(files: list[str], *, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the client without a server, on the store as it lies there, which it may not change."""
    environment = {
        "HOME": str(home),
        "CRDS_OBSERVATORY": "jwst",
        "CRDS_PATH": str(settings.STORE_ROOT),
        "CRDS_READONLY_CACHE": "1",
        "CRDS_SERVER_URL": "https://jwst-serverless.stsci.edu",
    }
    return warm_client().run(["-c", PROGRAM, *files], env=environment)

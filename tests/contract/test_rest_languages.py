"""The examples of REST in several languages print the file that the server chooses."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.contract.client import java_trust
from tests.live import LiveServer
from tests.patience import HANG
from tests.roots import PROJECT

PAGE = (PROJECT / "docs" / "guide" / "rest_clients.md").read_text()
BLOCKS = dict(re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL))
HEADER = {
    "META.INSTRUMENT.NAME": "MIRI",
    "META.INSTRUMENT.DETECTOR": "MIRIMAGE",
    "META.INSTRUMENT.FILTER": "F560W",
    "META.SUBARRAY.NAME": "FULL",
    "META.OBSERVATION.DATE": "2026-06-01",
    "META.OBSERVATION.TIME": "00:00:00",
}
# Language to the name of the file, and the command that runs it. R and IDL are not run: nobody has them here.
PROGRAMS = {
    "python": ("best_flat.py", [sys.executable]),
    "sh": ("best_flat.sh", ["sh"]),
    "javascript": ("best_flat.mjs", ["node"]),
    "java": ("BestFlat.java", ["java"]),
}
NEEDS = {"sh": "curl", "javascript": "node", "java": "java"}


def flat_of(server: LiveServer) -> str:
    """Return the flat that the server chooses for the exposure of the examples."""
    body = json.dumps({"header": HEADER, "types": ["flat"]}).encode()
    request = urllib.request.Request(
        f"{server.url}/api/v1/best-references", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        found: str = json.load(answer)["references"]["flat"]
    return found


@pytest.mark.parametrize(
    "language",
    [
        pytest.param(each, marks=[pytest.mark.needs(NEEDS[each])] if each in NEEDS else [])
        for each in PROGRAMS
    ],
)
def test_an_example_prints_the_best_flat(demo_server: LiveServer, tmp_path: Path, language: str) -> None:
    name, command = PROGRAMS[language]
    options = java_trust() if language == "java" else []
    (tmp_path / name).write_text(BLOCKS[language])
    printed = subprocess.run(
        [*command, *options, name],
        cwd=tmp_path,
        env=os.environ | {"CRDS": demo_server.url},
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    assert (printed.stdout.strip(), printed.returncode) == (flat_of(demo_server), 0), printed.stderr
    assert re.fullmatch(r"jwst_miri_flat_\d+\.fits", printed.stdout.strip())


def test_every_language_is_run_or_known_not_to_be() -> None:
    assert set(BLOCKS) - set(PROGRAMS) == {"r", "idl"}

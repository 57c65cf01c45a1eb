"""Checklist of the wire protocol: clients refuse what is marked bad until it is marked OK."""

from collections.abc import Iterator

import pytest
import requests

from tests.contract.client import Client, Done
from tests.contract.test_bestrefs import MAKE_EXPOSURE

RECOMMEND = """
import crds
header = {"META.INSTRUMENT.NAME": "MIRI", "META.INSTRUMENT.DETECTOR": "MIRIMAGE",
    "META.INSTRUMENT.FILTER": "F770W", "META.INSTRUMENT.BAND": "N/A", "META.EXPOSURE.READPATT": "FASTR1",
    "META.EXPOSURE.TYPE": "MIR_IMAGE", "META.SUBARRAY.NAME": "FULL", "META.INSTRUMENT.CHANNEL": "N/A",
    "META.OBSERVATION.DATE": "2026-01-15", "META.OBSERVATION.TIME": "00:00:00", "META.VISIT.TSOVISIT": "F"}
print(crds.getrecommendations(header, context="jwst-latest", observatory="jwst"))
"""


@pytest.fixture
def submitter(demo: Client) -> Iterator[requests.Session]:
    said = demo.server.manage("create_account", "marge", "--role", "submitter", "--print-token")
    token = next(line for line in said.splitlines() if line.startswith("crds_"))
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        yield session


def mark(demo: Client, submitter: requests.Session, name: str, verdict: str) -> None:
    form = {"names": name, "verdict": verdict, "reason": "Taken in the dark", "is_confirmed": "True"}
    answer = submitter.post(f"{demo.server.url}/mark_files_bad/", data={**form, "is_overridden": "True"})
    assert answer.status_code == 200
    assert 'id="error_message"' not in answer.text, answer.text


def used_rmap(demo: Client, submitter: requests.Session) -> str:
    """Return the rmap of darks that the latest context has."""
    call = {"jsonrpc": "1.0", "id": 1, "method": "get_mapping_names", "params": ["jwst-latest"]}
    names = submitter.post(f"{demo.server.url}/json/", json=call).json()["result"]
    return next(name for name in names if name.startswith("jwst_miri_dark"))


def bestrefs(demo: Client) -> Done:
    return demo.crds("bestrefs", "--files", "exposure.fits", "--new-context", "jwst-latest")


def test_a_bad_rmap_is_refused_by_name_until_it_is_marked_ok(
    demo: Client, submitter: requests.Session
) -> None:
    rmap = used_rmap(demo, submitter)
    assert demo.python(MAKE_EXPOSURE).status == 0
    mark(demo, submitter, rmap, "bad")
    try:
        refused, done = demo.python(RECOMMEND), bestrefs(demo)
        listed = (demo.cache / "config/jwst/bad_files.txt").read_text().splitlines()
    finally:
        mark(demo, submitter, rmap, "ok")
    assert refused.status != 0
    assert "is marked as scientifically invalid" in refused.text
    assert rmap in refused.text
    assert done.status != 0
    assert "is bad or contains bad rules" in done.text
    assert rmap in listed
    done = bestrefs(demo)
    assert done.status == 0, done.text

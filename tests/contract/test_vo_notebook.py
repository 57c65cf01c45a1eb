"""The notebook of docs/notebooks does its whole flow against the demo, with the real pyvo."""

import json
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.live import LiveServer
from tests.roots import PROJECT

NOTEBOOK = PROJECT / "docs" / "notebooks" / "calibration_files.ipynb"
# The client looks up terms in a vocabulary that it downloads at first use.
VOCABULARY = """
import json
from astropy.utils.data import import_file_to_cache
with open("vocabulary.json", "w") as stream:
    json.dump({"terms": {}}, stream)
import_file_to_cache("http://www.ivoa.net/rdf/datalink/core", "vocabulary.json")
"""


def cells() -> list[str]:
    content = json.loads(NOTEBOOK.read_text())
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def password(demo_server: LiveServer) -> str:
    demo_server.manage("keep_best_references")
    account = ("create_account", "vo_reader", "--email", "vo@example.org", "--role", "submitter")
    return demo_server.manage(*account, "--instrument", "miri", "--print-token").split()[-1]


def test_the_cells_run_in_order_and_print_what_they_should(demo: Client, password: str) -> None:
    program = "\n".join([VOCABULARY, *cells()])
    done = demo.python(program, CRDS_USERNAME="vo_reader", CRDS_PASSWORD=password)
    assert done.status == 0, done.text
    lines = done.output.splitlines()
    assert lines[0] == "logged in as vo_reader"
    assert lines[1] == "7 exposures"
    assert "7 exposures without a login" in lines
    assert "PENDING 600.0" in lines
    assert any(line.startswith("COMPLETED ") and line.endswith(" files") for line in lines)
    assert "calibration DARK jwst_miri_dark_0006.fits" in lines
    assert "DARK jwst_miri_dark_0006.fits True" in lines
    assert "6 calibration files: DARK DISTORTION FLAT GAIN IPC PHOTOM" in lines
    assert any("holds no raw calibration frames" in line for line in lines)
    assert 'attachment; filename="JW02304003001_05102_00001.MIRIMAGE_raw2master.xml"' in lines
    assert "MIRI_MIR_IMAGE complete: true certified: true" in lines


def test_the_cells_run_without_a_login(demo: Client, password: str) -> None:
    done = demo.python("\n".join([VOCABULARY, *cells()]))
    assert done.status == 0, done.text
    assert done.output.startswith("logged in as nobody\n7 exposures\n")


def test_the_notebook_is_saved_without_output() -> None:
    content = json.loads(Path(NOTEBOOK).read_text())
    assert all(not cell.get("outputs") for cell in content["cells"])

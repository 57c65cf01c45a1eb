"""Checklist of the wire protocol: best references, local and remote, for files and datasets."""

import json
import shutil
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.live import LiveServer
from tests.shared_data import sample_files


def answers(text: str) -> set[str]:
    """Return the lines that name new references, without the clock."""
    return {line.split("INFO -", 1)[-1].strip() for line in text.splitlines() if "/" in line or "ASN" in line}


def exposure(client: Client, name: str = "j8bt05njq_raw.fits") -> str:
    shutil.copy(sample_files() / "hst" / name, client.cache / name)
    return name


def test_local_and_remote_mode_agree_on_a_file(hst: Client) -> None:
    name = exposure(hst)
    command = ("bestrefs", "--files", name, "--new-context", "hst-latest", "--print-new-references")
    local = hst.crds(*command, CRDS_MODE="local")
    remote = hst.crds(*command, CRDS_MODE="remote")
    assert local.status == remote.status == 0, local.text + remote.text
    assert "biasfile" in local.text.lower()
    assert references_of(local.text) == references_of(remote.text)
    assert len(references_of(local.text)) > 5


def references_of(text: str) -> set[str]:
    """Return the reference files that a log names."""
    words = text.lower().replace("'", " ").replace(",", " ").split()
    return {word for word in words if word.endswith(".fits") and not word.endswith("_raw.fits")}


def test_getreferences_answers_in_both_modes(demo: Client) -> None:
    program = """
import crds, json, os
header = {"META.INSTRUMENT.NAME": "MIRI", "META.INSTRUMENT.DETECTOR": "MIRIMAGE",
    "META.INSTRUMENT.FILTER": "F770W", "META.INSTRUMENT.BAND": "N/A", "META.EXPOSURE.READPATT": "FASTR1",
    "META.EXPOSURE.TYPE": "MIR_IMAGE", "META.SUBARRAY.NAME": "FULL", "META.INSTRUMENT.CHANNEL": "N/A",
    "META.OBSERVATION.DATE": "2026-01-15", "META.OBSERVATION.TIME": "00:00:00", "META.VISIT.TSOVISIT": "F"}
found = crds.getreferences(header, observatory="jwst", context="jwst_0005.pmap", ignore_cache=False)
print(json.dumps({kind: os.path.basename(path) for kind, path in found.items()}))
"""
    found = [json.loads(demo.python(program, CRDS_MODE=mode).output or "{}") for mode in ("local", "remote")]
    assert found[0] == found[1]
    assert any(name.endswith(".fits") for name in found[0].values())


@pytest.mark.parametrize("part", ["jwst-miri-latest", "jwst-miri-flat-latest"])
def test_rules_of_one_instrument_or_type_answer_in_both_modes(demo: Client, part: str) -> None:
    program = """
import crds, json, sys
from crds.client import api
header = {"META.INSTRUMENT.NAME": "MIRI", "META.INSTRUMENT.DETECTOR": "MIRIMAGE",
    "META.INSTRUMENT.FILTER": "F770W", "META.INSTRUMENT.BAND": "N/A", "META.EXPOSURE.READPATT": "FASTR1",
    "META.EXPOSURE.TYPE": "MIR_IMAGE", "META.SUBARRAY.NAME": "FULL", "META.INSTRUMENT.CHANNEL": "N/A",
    "META.OBSERVATION.DATE": "2026-01-15", "META.OBSERVATION.TIME": "00:00:00", "META.VISIT.TSOVISIT": "F"}
name = api.get_context_by_date(sys.argv[1], "jwst")
api.dump_mappings(name)
local = crds.rmap.get_best_references(name, header)
print(json.dumps([local, *(api.get_best_references(context, header) for context in (name, sys.argv[1]))]))
"""
    done = demo.python(f"import sys; sys.argv[1:] = [{part!r}]\n{program}")
    assert done.status == 0, done.text
    local, by_name, by_specifier = json.loads(done.output)
    assert local == by_name == by_specifier
    assert any(name.endswith(".fits") for name in local.values())


def test_an_empty_cache_is_filled_as_references_are_recommended(demo: Client) -> None:
    program = """
import crds
header = {"META.INSTRUMENT.NAME": "NOWHERE"}
print(crds.getrecommendations(header, context="jwst_0005.pmap", observatory="jwst"))
"""
    done = demo.python(program)
    assert done.status != 0
    assert "nowhere" in done.text.lower()


@pytest.fixture(scope="module")
def datasets(hst_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Import two exposures with the headers of the sample files."""
    hst = Client(hst_server, tmp_path_factory.mktemp("datasets"))
    program = """
import json, sys
from crds import data_file
out = {}
for name in sys.argv[1:]:
    header = data_file.get_free_header(name, (), None, "hst")
    rootname = header["ROOTNAME"].upper()
    out[rootname[:6] + "010:" + rootname] = {key: str(value) for key, value in header.items()}
print(json.dumps(out))
"""
    names = [exposure(hst, name) for name in ("j8bt05njq_raw.fits", "j8bt06o6q_raw.fits")]
    done = hst.python(f"import sys; sys.argv[1:] = {names!r}\n{program}")
    assert done.status == 0, done.text
    path = hst.cache / "datasets.json"
    path.write_text(done.output)
    hst.server.manage("import_datasets", str(path))
    return sorted(json.loads(done.output))


def test_headers_of_datasets(hst: Client, datasets: list[str]) -> None:
    done = hst.crds("list", "--dataset-ids-for-instruments", "acs")
    assert done.status == 0, done.text
    assert set(datasets) <= set(done.output.split())
    assert hst.crds("sync", "--contexts", "hst-latest").status == 0
    done = hst.crds("list", "--dataset-headers", datasets[0], "--contexts", "hst-latest", "--json")
    assert done.status == 0, done.text
    assert '"INSTRUME": "ACS"' in done.output
    done = hst.crds("list", "--dataset-headers", datasets[0].split(":")[0], "--id-expansions-only")
    assert done.status == 0, done.text
    assert datasets[0] in done.output


def test_best_references_of_datasets_are_those_of_their_files(hst: Client, datasets: list[str]) -> None:
    done = hst.crds(
        "bestrefs", "--datasets", datasets[0], "--new-context", "hst-latest", "--print-new-references"
    )
    assert done.status == 0, done.text
    file = hst.crds(
        "bestrefs",
        "--files",
        exposure(hst),
        "--new-context",
        "hst-latest",
        "--print-new-references",
        CRDS_MODE="local",
    )
    assert references_of(done.text) == references_of(file.text)


def test_best_references_of_an_instrument_between_two_contexts(hst: Client, datasets: list[str]) -> None:
    done = hst.crds(
        *("bestrefs", "--instruments", "acs", "--old-context", "hst_0500.pmap"),
        *("--new-context", "hst_0729.pmap", "--print-affected"),
    )
    assert done.status == 0, done.text
    assert "Traceback" not in done.text


def test_matches_of_datasets(hst: Client, datasets: list[str]) -> None:
    done = hst.crds("matches", "--datasets", datasets[0], "--contexts", "hst-latest")
    assert done.status == 0, done.text


def test_references_of_datasets_are_asked_for(hst: Client, datasets: list[str]) -> None:
    done = hst.crds(
        "sync", "--contexts", "hst-latest", "--dataset-ids", datasets[0], "--fetch-references", "--dry-run"
    )
    assert "Traceback" not in done.text


def test_the_archives_best_references_as_documented(hst: Client, datasets: list[str]) -> None:
    program = (
        "from crds.client import api; import json\n"
        f"print(json.dumps(api.get_aui_best_references('2016-01-01', [{datasets[0]!r}, 'J00000010'])))"
    )
    found = json.loads(hst.python(program).output)
    ok, files = found[datasets[0]]
    assert ok is True
    assert len(files) > 5
    assert found["J00000010"] == [False, "NOT FOUND dataset ID does not exist 'J00000010'"]


def test_certify_compares_with_the_servers_context(demo: Client) -> None:
    assert demo.crds("sync", "--contexts", "jwst-latest", "--fetch-references").status == 0
    reference = min(Path(demo.cache / "references").rglob("*_dark_*.fits"))
    done = demo.crds("certify", str(reference), "--comparison-context", "jwst-edit", "--sync-files")
    assert done.status == 0, done.text
    assert "0 errors" in done.text


MAKE_EXPOSURE = """
from astropy.io import fits
cards = {"TELESCOP": "JWST", "INSTRUME": "MIRI", "DETECTOR": "MIRIMAGE", "FILTER": "F560W",
    "READPATT": "FASTR1", "SUBARRAY": "FULL", "EXP_TYPE": "MIR_IMAGE",
    "DATE-OBS": "2024-10-02", "TIME-OBS": "19:40:51"}
fits.PrimaryHDU(header=fits.Header(cards)).writeto("exposure.fits")
"""


def test_an_empty_cache_is_filled_and_the_header_updated(demo: Client) -> None:
    assert demo.python(MAKE_EXPOSURE).status == 0
    done = demo.crds(
        *("bestrefs", "--files", "exposure.fits", "--new-context", "jwst-latest"),
        *("--types", "dark", "flat", "gain", "--sync-references=1", "--update-bestrefs"),
    )
    assert done.status == 0, done.text
    held = {path.name for path in (demo.cache / "references").rglob("*.fits")}
    assert {"jwst_miri_dark_0005.fits", "jwst_miri_flat_0010.fits"} <= held
    shown = demo.python("from astropy.io import fits; print(fits.getheader('exposure.fits')['R_DARK'])")
    assert "jwst_miri_dark_0005.fits" in shown.output


def test_the_server_chooses_where_the_client_is_told_to_ask_it(hst: Client, datasets: list[str]) -> None:
    command = ("bestrefs", "--datasets", datasets[0], "--new-context", "hst-latest", "--print-new-references")
    local, remote = hst.crds(*command), hst.crds(*command, "--remote-bestrefs")
    assert remote.status == 0, remote.text
    assert references_of(remote.text) == references_of(local.text) != set()


def test_references_of_a_dataset_are_synced(demo: Client) -> None:
    done = demo.crds(
        *("sync", "--contexts", "jwst-latest", "--fetch-references"),
        *("--dataset-ids", "JW02304003001_03102_00001.MIRIMAGE"),
    )
    assert done.status == 0, done.text
    assert list((demo.cache / "references").rglob("jwst_miri_dark_0005.fits"))


def test_a_context_with_a_bad_mapping_is_refused_by_the_client(jwst: Client) -> None:
    done = jwst.python(
        "import crds\n"
        "header = {'META.INSTRUMENT.NAME': 'MIRI', 'META.INSTRUMENT.DETECTOR': 'MIRIMAGE',\n"
        "    'META.OBSERVATION.DATE': '2016-01-01', 'META.OBSERVATION.TIME': '00:00:00'}\n"
        "crds.getrecommendations(header, reftypes=['dark'], context='jwst_0040.pmap', observatory='jwst')\n"
    )
    assert done.status != 0
    assert "jwst_miri_dark_0008.rmap" in done.text


def test_local_tools_use_what_was_synced(demo: Client) -> None:
    assert demo.crds("sync", "--contexts", "jwst-latest").status == 0
    done = demo.crds("uses", "--files", "jwst_miri_dark_0005.fits")
    assert done.status == 0, done.text
    assert "jwst_0005.pmap" in done.output

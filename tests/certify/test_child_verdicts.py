"""Verdicts on real and damaged files: ours are those of ``crds certify`` in the environment of the client."""

import json
import os
from pathlib import Path

import pytest

from apps.certify.runner import End, Runner
from tests.factories.certify import CONTEXTS, errors, make_job, rmaps, run_job, verdicts
from tests.shared_data import data_root, sample_files
from tests.warm_python import warm_client

pytestmark = pytest.mark.shared_data

SAMPLES = {
    "hst": [
        "s7g1700gl_dead.fits",
        "s7g1700gl_dead_overlap.fits",
        "s7g1700gl_dead_good_xsum.fits",
        "s7g1700gl_dead_bad_xsum.fits",
        "missing_keyword.fits",
        "v8q14451j_idc.fits",
        "v8q1445xx_idc.fits",
        "acs_new_idc.fits",
        "y951738kl_hv.fits",
        "j8bt05njq_raw.fits",
        "valid.r1h",
    ],
    "jwst": [
        "jwst_miri_ipc_0004.fits",
        "jwst_miri_ipc.bad-keyword.fits",
        "jwst_miri_ipc.bad-value.fits",
        "jwst_miri_ipc_0003.add.fits",
        "jwst_nircam_specwcs_0010.asdf",
        "valid.asdf",
        "valid.json",
        "valid.yaml",
        "invalid.asdf",
        "invalid.json",
        "invalid.yaml",
        "niriss_ref_photom_bad.fits",
    ],
    "roman": [
        "roman_wfi16_f158_flat_small.asdf",
        "roman_wfi16_f158_flat_badtype.asdf",
        "roman_wfi16_f158_flat_invalid_schema.asdf",
    ],
}


def damaged(folder: Path) -> list[Path]:
    """Write files that nobody should deliver, and return their paths."""
    folder.mkdir()
    whole = (sample_files() / "hst" / "s7g1700gl_dead.fits").read_bytes()
    found = {
        "cut_off_dead.fits": whole[:5000],
        "cut_in_data_dead.fits": whole[:-2880],
        "page.fits": b"<html><body>404 not found</body></html>",
        "picture.fits": b"\x89PNG\r\n\x1a\n" + bytes(4000),
        "empty.fits": b"",
        "terabytes_dead.fits": claiming_terabytes(whole),
        "no_useafter_dead.fits": whole.replace(b"USEAFTER=", b"USEBEFOR="),
        "no_type_dead.fits": whole.replace(b"DEADTIME REFERENCE TABLE", b"NO SUCH TYPE OF TABLE   "),
    }
    for name, content in found.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in found]


def claiming_terabytes(whole: bytes) -> bytes:
    """Return a file whose table claims 10**12 rows."""
    at = whole.index(b"NAXIS2  =")
    return whole[:at] + b"NAXIS2  =        1000000000000".ljust(80) + whole[at + 80 :]


def client_counts(observatory: str, files: list[Path], home: Path) -> dict[str, list[int]]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CRDS_PATH": str(data_root()),
        "CRDS_READONLY_CACHE": "1",
        "CRDS_OBSERVATORY": observatory,
        "CRDS_SERVER_URL": f"https://{observatory}-serverless.stsci.edu",
    }
    program = Path(__file__).with_name("oracle_certify.py")
    done = warm_client().run([program, CONTEXTS[observatory], *files], env=environment, cwd=home)
    assert done.returncode == 0, done.stderr[-3000:]
    counts: dict[str, list[int]] = json.loads(done.stdout.splitlines()[-1])
    return counts


@pytest.mark.parametrize("observatory", ["hst", "jwst", "roman"])
def test_errors_and_warnings_are_as_many_as_the_client_counts(
    observatory: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    runner: Runner = request.getfixturevalue(observatory)
    files = [sample_files() / observatory / name for name in SAMPLES[observatory]]
    if observatory == "hst":
        files += damaged(tmp_path / "damaged")
    theirs = client_counts(observatory, files, tmp_path)
    ours = {}
    for number, path in enumerate(files):
        events = run_job(runner, make_job(tmp_path / f"{number}", path, observatory=observatory))
        end = events[-1]
        assert isinstance(end, End)
        ours[str(path)] = [end.errors, end.warnings]
    assert ours == theirs
    assert any(counts[0] for counts in ours.values())
    assert any(counts[0] == 0 for counts in ours.values())


def test_two_files_that_match_alike_are_refused_with_the_words_people_know(
    hst: Runner, tmp_path: Path
) -> None:
    job = make_job(tmp_path / "job", "s7g1700gl_dead_dup1.fits", "s7g1700gl_dead_dup2.fits")
    events = run_job(hst, job)
    assert all(verdict.errors == 0 for verdict in verdicts(events).values())
    assert [(made.errors, made.is_trial) for made in rmaps(events)] == [(1, True)]
    assert "Both 's7g1700gl_dead_dup2.fits' and 's7g1700gl_dead_dup1.fits' identically match case:" in errors(
        events
    )


def test_an_overlap_of_equal_weight_is_refused_where_rules_forbid_it(jwst: Runner, tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", "jwst_miri_ipc_0003.add.fits", observatory="jwst")
    events = run_job(jwst, job)
    assert rmaps(events)[0].errors > 0
    assert "is an equal weight special case of" in errors(events)


def test_no_trial_after_an_error(hst: Runner, tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", "s7g1700gl_dead.fits", "missing_keyword.fits")
    events = run_job(hst, job)
    assert verdicts(events)["missing_keyword.fits"].errors == 1
    assert rmaps(events) == []


def test_a_table_is_compared_with_the_one_it_replaces(hst: Runner, tmp_path: Path) -> None:
    """The new table lacks a row of the old one."""
    from astropy.io import fits

    old = data_root() / "references" / "hst" / "v8q14451j_idc.fits"
    new = tmp_path / "new_idc.fits"
    with fits.open(old) as extensions:
        extensions[1].data = extensions[1].data[1:]
        extensions.writeto(new)
    context = "hst_0330.pmap"
    texts = []
    for is_compared in (True, False):
        job = make_job(tmp_path / str(is_compared), new, context=context, is_compared=is_compared)
        texts.append("\n".join(getattr(event, "text", "") for event in run_job(hst, job)))
    assert "is NOT IN new reference" in texts[0]
    assert "is NOT IN new reference" not in texts[1]


@pytest.mark.needs("fitsverify")
def test_a_bad_checksum_fails_by_fitsverify(hst: Runner, tmp_path: Path) -> None:
    events = run_job(hst, make_job(tmp_path / "job", "s7g1700gl_dead_bad_xsum.fits"))
    assert verdicts(events)["s7g1700gl_dead_bad_xsum.fits"].errors > 0
    assert (
        ">> RECATEGORIZED *** Warning: Data checksum is not consistent with  the DATASUM keyword"
        in errors(events)
    )


def test_a_type_without_rmap_is_refused_with_the_way_out(hst: Runner, tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", "wfc3_ir_f098m_002_th.fits", context="hst_0330.pmap")
    events = run_job(hst, job)
    assert verdicts(events)["wfc3_ir_f098m_002_th.fits"].errors > 0
    assert any("Submit a first rmap" in getattr(event, "text", "") for event in events)


def test_code_in_a_mapping_is_refused_and_not_run(hst: Runner, tmp_path: Path) -> None:
    text = (data_root() / "mappings" / "hst" / "hst_cos_deadtab_0250.rmap").read_text()
    mark = tmp_path / "mark"
    bad = tmp_path / "hst_cos_deadtab_0251.rmap"
    bad.write_text(text + f"\nimport os; os.mkdir({str(mark)!r})\n")
    events = run_job(hst, make_job(tmp_path / "job", bad))
    assert verdicts(events)[bad.name].errors == 1
    assert not mark.exists()


def test_a_good_mapping_passes_and_a_doubled_entry_does_not(hst: Runner, tmp_path: Path) -> None:
    text = (data_root() / "mappings" / "hst" / "hst_cos_deadtab_0250.rmap").read_text()
    good, bad = tmp_path / "good" / "hst_cos_deadtab_0250.rmap", tmp_path / "hst_cos_deadtab_0251.rmap"
    good.parent.mkdir()
    good.write_text(text)
    row = next(line for line in text.splitlines(keepends=True) if "_dead.fits" in line)
    bad.write_text(text.replace(row, row + row))
    events = run_job(hst, make_job(tmp_path / "job", good, bad))
    assert verdicts(events)[good.name].errors == 0
    assert "Duplicate entry at selector" in errors(events)


def test_no_folder_of_this_server_is_told(hst: Runner, jwst: Runner, tmp_path: Path) -> None:
    events = run_job(hst, make_job(tmp_path / "1", "v8q14451j_idc.fits", "missing_keyword.fits"))
    events += run_job(jwst, make_job(tmp_path / "2", "jwst_miri_ipc_0004.fits", observatory="jwst"))
    texts = "\n".join(getattr(event, "text", "") for event in events)
    assert "jwst_miri_ipc_0004.fits" in texts
    assert str(sample_files()) not in texts
    assert str(tmp_path) not in texts

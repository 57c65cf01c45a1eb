"""Certification for an observatory that only a definition knows: the library learns it in the child."""

from pathlib import Path

import pytest
from astropy.io import fits

from apps.certify.constraints import constraints_of
from apps.certify.runner import CertifyJob, Runner
from apps.rules import observatories
from apps.rules.observatories.definition_reader import read_definition
from apps.rules.text.first_mappings import first_mappings
from tests.factories.certify import errors, rmaps, run_job, verdicts
from tests.rules.test_definition_reader import SMALL

pytestmark = pytest.mark.xdist_group("keckao")


@pytest.fixture(scope="module")
def runner():
    observatories.serve(read_definition(SMALL))
    runner = Runner("keckao")
    yield runner
    runner.close()
    observatories.forget("keckao")


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "store" / "mappings" / "keckao"
    folder.mkdir(parents=True)
    for mapping in first_mappings(read_definition(SMALL)):
        (folder / mapping.name).write_text(mapping.text)
    (tmp_path / "store" / "references").mkdir()
    return tmp_path / "store"


def make_reference(path: Path, **keywords: str) -> Path:
    header = fits.Header()
    facts = {
        "TELESCOP": "Keck I",
        "INSTRUME": "HISPEC",
        "REFTYPE": "WAVE",
        "DETECTOR": "H4RG_B",
        "USEAFTER": "2026-01-01T00:00:00",
    }
    header.update({key: value for key, value in (facts | keywords).items() if value})
    fits.PrimaryHDU(header=header).writeto(path)
    return path


def certify(runner: Runner, store: Path, tmp_path: Path, *files: Path):
    facts = {"context": "keckao_0001.pmap", "store": str(store), "is_tried": True}
    folder = tmp_path / "job"
    folder.mkdir()
    job = CertifyJob(observatory="keckao", folder=str(folder), files=tuple(map(str, files)), **facts)
    return run_job(runner, job)


def test_a_good_file_passes_and_goes_into_rules_by_closest_time(runner, store, tmp_path):
    events = certify(runner, store, tmp_path, make_reference(tmp_path / "good.fits"))
    assert errors(events) == ""
    verdict = verdicts(events)["good.fits"]
    assert (verdict.instrument, verdict.filekind) == ("hispec", "wave")
    (made,) = rmaps(events)
    text = Path(made.path).read_text()
    assert "ClosestTime({" in text
    assert "'2026-01-01 00:00:00' : 'good.fits'" in text


@pytest.mark.parametrize(
    ("keywords", "says"),
    [({"DETECTOR": "H9"}, "H9"), ({"DETECTOR": ""}, "DETECTOR"), ({"USEAFTER": "yesterday"}, "USEAFTER")],
)
def test_a_file_against_the_definition_is_refused(runner, store, tmp_path, keywords, says):
    events = certify(runner, store, tmp_path, make_reference(tmp_path / "bad.fits", **keywords))
    assert verdicts(events)["bad.fits"].errors
    assert says in errors(events)


def test_the_pages_show_the_constraints_of_the_definition(runner):
    files = {one.name: one.text for one in constraints_of("keckao", "hispec", "wave")}
    assert list(files) == ["all_all.tpn", "hispec_all.tpn", "hispec_wave.tpn"]
    assert "H4RG_B,H4RG_R" in files["hispec_wave.tpn"]

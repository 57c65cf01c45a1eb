"""New rmaps that the library writes and our engine reads."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from astropy.io import fits

from apps.certify.runner import CertifyJob, Rewrite, Rewritten, RmapEdit, RmapMade, Runner
from apps.rules.differences.rmap_agreement import disagreements
from apps.rules.text.parser import parse_mapping
from tests.factories.certify import errors, make_job, rmaps, run_job
from tests.shared_data import data_root, sample_files

pytestmark = pytest.mark.shared_data

OLD, NEW = "hst_cos_deadtab_0250.rmap", "hst_cos_deadtab_0251.rmap"


def staged(folder: Path, sample: str, name: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes((sample_files() / sample).read_bytes())
    return str(folder / name)


def old_text(name: str = OLD) -> str:
    return (data_root() / "mappings" / name.split("_")[0] / name).read_text()


def only_rmap(runner: Runner, job: CertifyJob) -> RmapMade:
    (made,) = rmaps(run_job(runner, job))
    return made


def found(made: RmapMade, old: str = OLD, observatory: str = "hst") -> list[str]:
    answers = [(answer.header, answer.text) for answer in made.answers]
    text = Path(made.path).read_text()
    return [
        problem.code
        for problem in disagreements(
            old_text(old),
            text,
            name=made.name,
            observatory=observatory,
            inserted=made.inserted,
            deleted=made.deleted,
            answers=answers,
        )
    ]


def test_an_insertion_has_name_derivation_and_checksum_and_we_agree(hst: Runner, tmp_path: Path) -> None:
    path = staged(tmp_path / "staged", "hst/s7g1700gl_dead.fits", "abk08054l_dead.fits")
    made = only_rmap(hst, make_job(tmp_path / "job", edits=(RmapEdit(OLD, NEW, insert=(path,)),)))
    assert (made.errors, made.inserted) == (0, ("abk08054l_dead.fits",))
    header = parse_mapping(Path(made.path).read_text(), NEW).header
    assert (header["name"], header["derived_from"]) == (NEW, OLD)
    assert made.answers
    assert found(made) == []


def test_several_jwst_types_in_one_job(jwst: Runner, tmp_path: Path) -> None:
    edits = (
        RmapEdit(
            "jwst_miri_distortion_0029.rmap",
            "jwst_miri_distortion_0030.rmap",
            insert=(staged(tmp_path / "a", "jwst/valid.json", "jwst_miri_distortion_0999.json"),),
        ),
        RmapEdit(
            "jwst_nircam_specwcs_0001.rmap",
            "jwst_nircam_specwcs_0999.rmap",
            insert=(
                staged(tmp_path / "a", "jwst/jwst_nircam_specwcs_0010.asdf", "jwst_nircam_specwcs_0999.asdf"),
            ),
        ),
    )
    made = rmaps(run_job(jwst, make_job(tmp_path / "job", observatory="jwst", edits=edits)))
    assert found(made[0], "jwst_miri_distortion_0029.rmap", "jwst") == []
    assert made[0].errors == 0
    assert len(made) == 2


def test_a_deletion_takes_every_place_and_no_other(hst: Runner, tmp_path: Path) -> None:
    edit = RmapEdit(OLD, NEW, delete=("s7g1700gl_dead.fits",))
    made = only_rmap(hst, make_job(tmp_path / "job", edits=(edit,)))
    assert made.errors == 0
    assert "s7g1700gl_dead.fits" not in Path(made.path).read_text()
    assert found(made) == []


def test_what_is_not_there_cannot_be_deleted(hst: Runner, tmp_path: Path) -> None:
    edit = RmapEdit(OLD, NEW, delete=("nothing_dead.fits",))
    events = run_job(hst, make_job(tmp_path / "job", edits=(edit,)))
    assert "Terminal 'nothing_dead.fits' could not be found and deleted." in errors(events)
    assert (rmaps(events)[0].errors, rmaps(events)[0].path) == (1, "")


def test_two_jobs_of_one_type_at_once_do_not_meet(hst: Runner, tmp_path: Path) -> None:
    made: dict[int, RmapMade] = {}

    def work(number: int) -> None:
        name = f"abk0805{number}l_dead.fits"
        path = staged(tmp_path / f"staged{number}", "hst/s7g1700gl_dead.fits", name)
        job = make_job(tmp_path / f"job{number}", path, edits=(RmapEdit(OLD, NEW, insert=(path,)),))
        made[number] = [rmap for rmap in run_job(hst, job) if isinstance(rmap, RmapMade)][-1]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        text = Path(made[number].path).read_text()
        assert [f"abk0805{other}l" in text for other in range(4)] == [other == number for other in range(4)]
        assert found(made[number]) == []


@pytest.mark.parametrize("sample", ["s7g1700gl_dead.fits", "s7g1700gl_dead_good_xsum.fits"])
def test_a_rewritten_file_tells_its_name_and_keeps_its_checksums(
    hst: Runner, tmp_path: Path, sample: str
) -> None:
    target = tmp_path / "abk08054l_dead.fits"
    order = Rewrite(str(sample_files() / "hst" / sample), str(target))
    events = run_job(hst, make_job(tmp_path / "job", rewrites=(order,)))
    done = next(event for event in events if isinstance(event, Rewritten))
    assert (done.errors, done.path) == (0, str(target))
    with fits.open(target, checksum=True) as extensions:
        header = extensions[0].header
        assert (header["FILENAME"], header["ROOTNAME"]) == ("abk08054l_dead.fits", "ABK08054L_DEAD")
        today = datetime.now(UTC)
        last = f"{sample} renamed to abk08054l_dead.fits on {today:%b} {today.day} {today.year}"
        assert last in "".join(header["HISTORY"])
    with fits.open(target) as extensions:
        assert ("CHECKSUM" in extensions[0].header) == ("xsum" in sample)


def test_a_file_with_a_bad_checksum_is_not_rewritten(hst: Runner, tmp_path: Path) -> None:
    target = tmp_path / "abk08054l_dead.fits"
    order = Rewrite(str(sample_files() / "hst" / "s7g1700gl_dead_bad_xsum.fits"), str(target))
    events = run_job(hst, make_job(tmp_path / "job", rewrites=(order,)))
    done = next(event for event in events if isinstance(event, Rewritten))
    assert (done.errors, done.path, target.exists()) == (1, "", False)
    assert "Checksum verification failed" in errors(events) or "Datasum verification failed" in errors(events)

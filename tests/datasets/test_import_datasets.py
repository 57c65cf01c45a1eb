import io
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.datasets.models import Dataset
from tests.factories.datasets import make_file, make_line
from tests.shared_data import sample_files

pytestmark = [pytest.mark.django_db, pytest.mark.shared_data]


def run(*paths: Path) -> tuple[str, str]:
    """Return what the command prints and the refusals it prints."""
    printed, complained = io.StringIO(), io.StringIO()
    call_command("import_datasets", *map(str, paths), stdout=printed, stderr=complained)
    return printed.getvalue(), complained.getvalue()


def test_each_bad_row_is_one_line_with_file_and_number(tmp_path: Path) -> None:
    path = make_file(tmp_path, make_line("L1"), "{", make_line("a\nb\x1b[2J"))
    printed, complained = run(path)
    assert printed == "Datasets: 1 stored, 2 rows refused.\n"
    first, second = complained.splitlines()
    assert first.startswith(f"{path}:2: not JSON")
    assert second.startswith(f"{path}:3: ")
    assert "\x1b" not in complained


def test_the_status_tells_when_nothing_could_be_taken(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No dataset was stored"):
        run(make_file(tmp_path, "{"))
    with pytest.raises(CommandError):
        run(tmp_path / "missing.jsonl")


def test_an_unreadable_file_does_not_keep_the_next_from_being_read(tmp_path: Path) -> None:
    printed, complained = run(tmp_path / "missing.jsonl", make_file(tmp_path, make_line("L1")))
    assert "1 stored" in printed
    assert "missing.jsonl: The file cannot be read: No such file or directory." in complained


def test_datasets_without_a_date_are_reported(tmp_path: Path) -> None:
    printed, _ = run(make_file(tmp_path, make_line("L1", {"INSTRUME": "COS"})))
    assert "1 have no readable date" in printed


def test_a_folder_of_exposures_is_imported(tmp_path: Path) -> None:
    for name in ("j8bt05njq_raw.fits", "j8bt06o6q_raw.fits", "s7g1700gl_dead.fits"):
        shutil.copy(sample_files() / "hst" / name, tmp_path)
    (tmp_path / "text.fits").write_text("no FITS at all")
    (tmp_path / "notes.txt").write_text("not looked at")
    printed, complained = run(tmp_path)
    assert "2 stored, 2 rows refused" in printed
    assert (
        "s7g1700gl_dead.fits:1: it has a useafter date, so it is a reference and not a dataset" in complained
    )
    assert "text.fits:1: neither FITS nor ASDF" in complained
    found = {dataset.dataset_id: dataset for dataset in Dataset.objects.all()}
    assert sorted(found) == ["J8BT05020:J8BT05NJQ", "J8BT06040:J8BT06O6Q"]
    one = found["J8BT05020:J8BT05NJQ"]
    assert (one.instrument, one.program, one.header["DETECTOR"]) == ("acs", "9019", "HRC")
    assert one.header["BIASFILE"] == "jref$m4r1753rj_bia.fits"
    assert f"{one.observed_at:%Y-%m-%d %H:%M:%S}" == "2002-04-13 18:16:35"

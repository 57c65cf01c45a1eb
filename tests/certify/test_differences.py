"""Comparisons of two references in a child."""

import json
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from apps.certify.differences import COMPARE_LIMITS, MOST_BYTES, Section, compare
from apps.certify.errors import BrokenCheckError, ChildError, RefusedJobError, TimedOutError
from apps.certify.sandbox.ends import TOO_MUCH
from apps.certify.sandbox.limits import Limits
from tests.shared_data import sample_files

pytestmark = pytest.mark.shared_data

ROMAN = "asdf://stsci.edu/datamodels/roman/tags/reference_files/dark-1.1.0"


def told(
    old: Path, new: Path, kind: str, *, limits: Limits = COMPARE_LIMITS, most_bytes: int = MOST_BYTES
) -> dict[str, Section]:
    sections = compare(old, new, kind=kind, observatory="jwst", limits=limits, most_bytes=most_bytes)
    return {section.title: section for section in sections}


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_fits(path: Path, *parts: fits.ImageHDU | fits.BinTableHDU, **keywords: str) -> Path:
    primary = fits.PrimaryHDU()
    primary.header.update(keywords)
    fits.HDUList([primary, *parts]).writeto(path)
    return path


def image(*values: float, name: str = "SCI") -> fits.ImageHDU:
    return fits.ImageHDU(np.array(values, dtype="f4"), name=name)


def table(**columns: list[float]) -> fits.BinTableHDU:
    return fits.BinTableHDU.from_columns(
        [fits.Column(name, "D", array=np.array(values)) for name, values in columns.items()], name="T"
    )


def test_headers_are_compared_keyword_by_keyword(tmp_path: Path) -> None:
    old = write_fits(tmp_path / "a.fits", AUTHOR="One", GONE="x")
    new = write_fits(tmp_path / "b.fits", AUTHOR="Two", CAME="y")
    section = told(old, new, "fits")["Extension 0 (PRIMARY): header"]
    assert section.columns == ("KEYWORD", "WHAT", "OLD", "NEW")
    assert section.rows == (
        ("AUTHOR", "value replaced", "One", "Two"),
        ("CAME", "added", "", "y"),
        ("GONE", "deleted", "x", ""),
    )


def test_images_are_summarised(tmp_path: Path) -> None:
    old = write_fits(tmp_path / "a.fits", image(1, 2, 3, 4))
    new = write_fits(tmp_path / "b.fits", image(1, 2.5, 3, 5))
    section = told(old, new, "fits")["Extension 1 (SCI): data"]
    assert section.notes == (
        "2 values differ, 50.00% of all.",
        "They differ by 1 at most and by 0.75 in the mean.",
    )
    assert section.rows == (("(2,)", "2.0", "2.5"), ("(4,)", "4.0", "5.0"))


def test_images_of_other_sizes_are_not_compared_by_value(tmp_path: Path) -> None:
    old, new = write_fits(tmp_path / "a.fits", image(1, 2)), write_fits(tmp_path / "b.fits", image(1, 2, 3))
    (note,) = told(old, new, "fits")["Extension 1 (SCI): data"].notes
    assert note == "The size 2 became 3; values are not compared."


def test_tables_are_compared_by_column_and_value(tmp_path: Path) -> None:
    old = write_fits(tmp_path / "a.fits", table(a=[1, 2], gone=[0, 0]))
    new = write_fits(tmp_path / "b.fits", table(a=[1, 3], came=[0, 0]))
    section = told(old, new, "fits")["Extension 1 (T): data"]
    assert "Column gone was deleted." in section.notes
    assert "Column came was added." in section.notes
    assert section.rows == (("a", "2", "2.0", "3.0"),)


def test_other_numbers_of_extensions_are_told(tmp_path: Path) -> None:
    old, new = write_fits(tmp_path / "a.fits"), write_fits(tmp_path / "b.fits", image(1))
    (note,) = told(old, new, "fits")["Extensions"].notes
    assert note == "The old file has 1 and the new one 2; the first ones are compared."


def test_equal_files_have_no_sections(tmp_path: Path) -> None:
    old, new = (write_fits(tmp_path / f"{name}.fits", image(1)) for name in "ab")
    assert told(old, new, "fits") == {}


def test_trees_are_compared_by_path(tmp_path: Path) -> None:
    old = write(tmp_path, "a.json", json.dumps({"a": [1, {"b": 2}], "gone": None, "same": {}}))
    new = write(tmp_path, "b.json", json.dumps({"a": [1, {"b": "2"}, 3], "same": {}}))
    assert told(old, new, "json")["Tree"].rows == (
        ("a[1].b", "replaced", "2", '"2"'),
        ("gone", "deleted", "null", ""),
        ("a[2]", "added", "", "3"),
    )


def test_tags_build_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    old = write(tmp_path, "a.yaml", f"x: !<{ROMAN}> {{a: 1}}\n")
    new = write(tmp_path, "b.yaml", f"x: !!python/object/apply:os.mkdir ['{trap}']\n")
    assert {row[0] for row in told(old, new, "yaml")["Tree"].rows} == {"x.a", "x[0]"}
    assert not trap.exists()


def test_asdf_files_differ_by_tree_and_blocks(tmp_path: Path) -> None:
    whole = (sample_files() / "jwst" / "jwst_miri_distortion_0001.asdf").read_bytes()
    old = write(tmp_path, "a.asdf", whole)
    (author,) = re.findall(rb"^author: (.+)$", whole, re.MULTILINE)
    changed = bytearray(whole.replace(author, b"x" * len(author)))
    changed[changed.index(b"\xd3BLK") + 54] ^= 1  # The first byte of the first block.
    new = write(tmp_path, "b.asdf", bytes(changed))
    sections = told(old, new, "asdf")
    told_before, told_after = f'"{author.decode()}"', f'"{"x" * len(author)}"'
    assert sections["Tree"].rows == (("author", "replaced", told_before, told_after),)
    assert len(sections["Binary blocks"].rows) == 1


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        ("fits", "no FITS", "cannot be read as FITS"),
        ("json", "{", "b.json cannot be read as JSON"),
        ("yaml", "a: [", "b.yaml cannot be read as YAML"),
        ("yaml", "[" * 5000, "b.yaml cannot be read as YAML"),
        ("json", "[" * 100_000, "b.json cannot be read as JSON"),
        ("yaml", "a: &a [*a]", "b.yaml cannot be read as YAML"),
        ("asdf", "#ASDF 1.0.0\n--- &a [*a]\n...\n", "b.asdf cannot be read as ASDF"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_name(
    tmp_path: Path, kind: str, content: str, reason: str
) -> None:
    good = {"json": "{}", "yaml": "a: 1", "asdf": "#ASDF 1.0.0\n--- {a: 1}\n...\n"}
    old = write(tmp_path, f"a.{kind}", good.get(kind, content))
    with pytest.raises(RefusedJobError, match=reason):
        told(old, write(tmp_path, f"b.{kind}", content), kind)


@pytest.mark.parametrize(("most_bytes", "is_taken"), [(10, True), (9, True), (8, False)])
def test_files_are_compared_up_to_a_size(tmp_path: Path, most_bytes: int, is_taken: bool) -> None:
    old, new = write(tmp_path, "a.json", '{"a": 1}\n'), write(tmp_path, "b.json", '{"a": 2}\n')
    if is_taken:
        assert told(old, new, "json", most_bytes=most_bytes)
        return
    with pytest.raises(RefusedJobError, match=r"a.json has 9 bytes; files of more than 8 bytes are too big"):
        told(old, new, "json", most_bytes=most_bytes)


def test_a_comparison_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    old, new = write(tmp_path, "a.json", "{}"), write(tmp_path, "b.json", "{} ")
    with pytest.raises(TimedOutError, match=r"longer than 0.01 s"):
        told(old, new, "json", limits=replace(COMPARE_LIMITS, seconds=0.01))


def test_a_child_that_dies_is_told_without_its_words(tmp_path: Path) -> None:
    old, new = write_fits(tmp_path / "a.fits"), write_fits(tmp_path / "b.fits", A="1")
    with pytest.raises(ChildError):
        told(
            old, new, "fits", limits=replace(COMPARE_LIMITS, address_space=60 << 20)
        )  # Too little for the libraries, with any files.


@pytest.mark.parametrize(
    ("status", "is_of_files"),
    [(-signal.SIGSEGV, True), (TOO_MUCH, True), (-signal.SIGKILL, False), (1, False)],
)
def test_files_are_blamed_only_for_what_they_did(
    status: int, is_of_files: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = write(tmp_path, "a.json", "{}"), write(tmp_path, "b.json", "{} ")
    ending = f"os.kill(os.getpid(), {-status})" if status < 0 else f"sys.exit({status})"
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\nimport os, sys\n{ending}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(BrokenCheckError if is_of_files else ChildError) as caught:
        told(old, new, "json")
    assert is_of_files == ("one of the files is damaged" in str(caught.value))


def test_numbers_that_are_none_in_one_file_are_counted(tmp_path: Path) -> None:
    old = write_fits(tmp_path / "a.fits", image(1, float("nan"), 3))
    new = write_fits(tmp_path / "b.fits", image(1, 2, 3))
    notes = told(old, new, "fits")["Extension 1 (SCI): data"].notes
    assert notes[-1] == "1 values are a number in one file only."


def test_data_of_one_file_alone_are_told(tmp_path: Path) -> None:
    old = write_fits(tmp_path / "a.fits", fits.ImageHDU(name="SCI"))
    new = write_fits(tmp_path / "b.fits", image(1))
    assert told(old, new, "fits")["Extension 1 (SCI): data"].notes == ("Only the new file has data here.",)

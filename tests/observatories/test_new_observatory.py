"""Writing a first definition: the example is sound, and a folder of files gives what is in it."""

from pathlib import Path

import pytest
from astropy.io import fits
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.observatories.header_survey import Survey, survey
from apps.observatories.written_definition import write_definition
from apps.rules.observatories.definition_reader import read_definition

REFERENCE = {
    "TELESCOP": "Gemini South",
    "INSTRUME": "GHOST",
    "USEAFTER": "2026-01-01T00:00:00",
    "AUTHOR": "Me",
}
DATA = {
    "TELESCOP": "Gemini South",
    "INSTRUME": "GHOST",
    "DETECTOR": "RED",
    "DATE-OBS": "2026-01-02",
    "UT": "03:04:05",
    "FILENAME": "N20260102S0001.fits",
}


def write(path: Path, **keywords: str) -> None:
    fits.PrimaryHDU(header=fits.Header(keywords)).writeto(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for detector in ("RED", "BLUE"):
        write(tmp_path / f"dark_{detector}.fits", **REFERENCE, REFTYPE="DARK", DETECTOR=detector)
        for filter_ in ("J", "H"):
            facts = {"DETECTOR": detector, "FILTER": filter_}
            write(tmp_path / f"flat_{detector}_{filter_}.fits", **REFERENCE, REFTYPE="FLAT", **facts)
    fits.PrimaryHDU(header=fits.Header(DATA)).writeto(tmp_path / "N20260102S0001.fits")
    (tmp_path / "broken.fits").write_text("no")
    return tmp_path


def test_the_example_has_no_mistakes() -> None:
    found = read_definition(write_definition("mine", Survey()))
    assert (found.name, list(found.instruments)) == ("mine", ["camera"])


def test_files_give_instruments_types_match_keys_and_values(folder: Path) -> None:
    found = read_definition(write_definition("gemini", survey(folder)))
    types = found.instruments["ghost"].types
    assert {kind.name: kind.match for kind in types.values()} == {
        "dark": ("DETECTOR",),
        "flat": ("DETECTOR", "FILTER"),
    }
    assert found.keywords["FILTER"].values == ("H", "J")
    assert (found.telescopes, found.useafter_keys) == (("gemini south",), ("DATE-OBS", "UT"))
    assert found.datasets.examples == ("N20260102S0001",)


def test_unreadable_files_are_named(folder: Path) -> None:
    assert list(survey(folder).unreadable) == ["broken.fits"]


@pytest.mark.parametrize("value", ["# x", "'", '"', "a: b", "- x", "{", "NO", "&a", "*b", "!c", "a\\b"])
def test_odd_values_in_headers_do_not_break_the_file(tmp_path: Path, value: str) -> None:
    write(tmp_path / "dark.fits", **{**REFERENCE, "TELESCOP": value}, REFTYPE="DARK", DETECTOR=value)
    read_definition(write_definition("mine", survey(tmp_path)))


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    call_command("new_observatory", "mine", output=target)
    before = target.read_text()
    with pytest.raises(CommandError, match="is there already"):
        call_command("new_observatory", "mine", output=target)
    assert target.read_text() == before


@pytest.mark.parametrize("name", ["x", "longnames", "ke2", "hstx", "../x"])
def test_a_name_that_the_client_cannot_hold_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match=r"letters|would take for"):
        call_command("new_observatory", name, output=tmp_path / "x.yaml")
    assert not (tmp_path / "x.yaml").exists()


def test_a_check_says_every_mistake_with_file_and_line(tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    call_command("new_observatory", "mine", output=target)
    text = target.read_text().replace("match: [DETECTOR]", "mtach: [DETECTOR]").replace("title:", "titel:")
    target.write_text(text)
    with pytest.raises(CommandError) as caught:
        call_command("check_observatory", target)
    said = str(caught.value)
    assert "mine.yaml line 4: Unknown key 'titel'. Did you mean title?" in said
    assert "Did you mean match?" in said

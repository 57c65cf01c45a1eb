"""Our reading of new rmaps: what was asked for passes, everything else is named."""

import pytest

from apps.rules.differences.rmap_agreement import Disagreement, disagreements, probes
from apps.rules.text.parser import RawSelector
from apps.rules.text.writer import write_mapping

OLD = {("HRC",): {"2001-01-01 00:00:00": "old_a.fits"}, ("WFC|SBC",): {"2002-01-01 00:00:00": "old_b.fits"}}
HEADER = {
    "mapping": "REFERENCE",
    "observatory": "HST",
    "instrument": "COS",
    "filekind": "DEADTAB",
    "parkey": (("DETECTOR",), ("DATE-OBS", "TIME-OBS")),
    "name": "hst_cos_deadtab_0001.rmap",
    "derived_from": "none",
}


def text(cases: dict = OLD, **header: object) -> str:
    rows = {key: RawSelector("UseAfter", dates) for key, dates in cases.items()}
    return write_mapping({**HEADER, **header}, RawSelector("Match", rows))


def found(new: str, **facts: object) -> list[Disagreement]:
    return disagreements(text(), new, name="hst_cos_deadtab_0002.rmap", observatory="hst", **facts)  # type: ignore[arg-type]


def codes(new: str, **facts: object) -> list[str]:
    return [problem.code for problem in found(new, **facts)]


ADDED = {**OLD, ("HRC",): {**OLD[("HRC",)], "2003-01-01 00:00:00": "new.fits"}}
REPLACED = {**OLD, ("WFC|SBC",): {"2002-01-01 00:00:00": "new.fits"}}


@pytest.mark.parametrize("cases", [ADDED, REPLACED, {**OLD, ("N/A",): {"2003-01-01 00:00:00": "new.fits"}}])
def test_what_was_asked_for_passes(cases: dict) -> None:
    assert found(text(cases, name="x", derived_from="y"), inserted=["new.fits"]) == []


def test_nothing_asked_and_nothing_changed_passes() -> None:
    assert found(text(name="x")) == []


def test_a_reference_that_was_not_put_in_is_missing() -> None:
    assert codes(text(), inserted=["new.fits"]) == ["missing"]


def test_a_change_nobody_asked_for_is_named_with_its_place() -> None:
    (problem,) = found(text(REPLACED))
    assert problem.code == "unasked"
    assert "DETECTOR='SBC|WFC'" in problem.text
    assert "old_b.fits became new.fits" in problem.text


def test_a_line_that_vanished_is_named() -> None:
    less = {("HRC",): OLD[("HRC",)]}
    assert codes(text(less)) == ["unasked"]
    assert codes(text(less), deleted=["old_b.fits"]) == []
    assert codes(text(), deleted=["old_b.fits"]) == ["unasked"]


def test_a_header_that_changed_is_named() -> None:
    assert codes(text(ADDED, reffile_switch="BIASCORR"), inserted=["new.fits"])[0] == "header"


def test_a_wrong_checksum_or_damaged_text_is_unreadable() -> None:
    whole = text(ADDED)
    assert codes(whole.replace("2003", "2004"), inserted=["new.fits"]) == ["unreadable"]
    assert codes(whole[:-5]) == ["unreadable"]
    assert codes("import os") == ["unreadable"]


def test_a_reference_that_another_case_hides_is_named_unless_the_library_says_so_too() -> None:
    """A dataset of the case finds the other one, whose case is as good and whose date is later."""
    hidden = {
        **OLD,
        ("HRC|SBC",): {"2000-01-01 00:00:00": "new.fits"},
        ("HRC",): {"2000-01-01 00:00:00": "old_z.fits"},
    }
    before = {**OLD, ("HRC",): hidden[("HRC",)]}
    facts = {"name": "hst_cos_deadtab_0002.rmap", "observatory": "hst", "inserted": ["new.fits"]}
    problems = disagreements(text(before), text(hidden), **facts)  # type: ignore[arg-type]
    assert {problem.code for problem in problems} == {"answer"}
    header = {"DETECTOR": "HRC", "DATE-OBS": "2000-01-01", "TIME-OBS": "00:00:00"}
    assert disagreements(text(before), text(hidden), answers=[(header, "old_z.fits")], **facts) == []  # type: ignore[arg-type]


def test_another_answer_of_the_library_is_a_disagreement() -> None:
    header = {"DETECTOR": "HRC", "DATE-OBS": "2003-01-01", "TIME-OBS": "00:00:00"}
    for expected, problems in (("new.fits", []), ("old_a.fits", ["answer"]), ("NOT FOUND x", ["answer"])):
        assert codes(text(ADDED), inserted=["new.fits"], answers=[(header, expected)]) == problems
    missing = {**header, "DETECTOR": "NONE"}
    assert codes(text(ADDED), inserted=["new.fits"], answers=[(missing, "NOT FOUND in other words")]) == []


def test_probes_try_each_of_several_values() -> None:
    asked = probes(text(REPLACED), name="x.rmap", observatory="hst", references=["new.fits"])
    assert sorted(header["DETECTOR"] for header in asked) == ["SBC", "WFC"]
    assert {header["DATE-OBS"] for header in asked} == {"2002-01-01"}

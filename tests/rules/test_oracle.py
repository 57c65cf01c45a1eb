"""Our answers are the client's, key for key and text for text."""

from pathlib import Path
from typing import Any

import pytest

from apps.rules.lookup.bounded_cache import forget_all
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.lookup.context import assemble
from apps.rules.lookup.lookup_record import Trace
from apps.rules.observatories import get_observatory
from tests.rules.oracle import (
    NO_FORM,
    ask_client,
    compiled,
    differences,
    generated,
    load_context,
    mapping_text,
    our_answer,
)
from tests.shared_data import is_real

pytestmark = pytest.mark.shared_data

# Oldest to newest; headers for each instrument. More than 20,000 in all.
CONTEXTS = [
    ("hst_0016.pmap", 400),
    ("hst_0300.pmap", 400),
    ("hst_0500.pmap", 400),
    ("hst_0729.pmap", 420),
    ("jwst_0000.pmap", 300),
    ("jwst_0100.pmap", 300),
    ("jwst_0250.pmap", 300),
    ("jwst_0400.pmap", 300),
    ("jwst_0541.pmap", 300),
    ("roman_0003.pmap", 600),
    ("roman_0005.pmap", 600),
    ("roman_0006.pmap", 600),
]
NEWEST = ("hst_0729.pmap", "jwst_0541.pmap", "roman_0006.pmap")
if not is_real():
    # Every client process costs seconds, and the made rules are few.
    CONTEXTS = [(context, 60) for context, _ in CONTEXTS[::2]] + [
        ("roman_0006.pmap", 300),
        ("tobs_0003.pmap", 300),
    ]


def _cases() -> list[Any]:
    """Return the contexts to compare; of the real ones, all but the newest are a campaign."""
    older = pytest.mark.campaign if is_real() else ()
    return [
        (context, count) if context in NEWEST else pytest.param(context, count, marks=older)
        for context, count in CONTEXTS
    ]


@pytest.mark.parametrize(("context", "count"), _cases())
def test_answers_are_those_of_the_client(context: str, count: int, tmp_path: Path) -> None:
    pairs = generated(context, count, "test", tmp_path)
    ours = load_context(context)
    # Twice: from the rules, and from memory.
    for _ in range(2):
        found = [
            f"{record['id']} {line}"
            for record, theirs in pairs
            for line in differences(theirs, our_answer(ours, record["header"]))
        ]
        assert found == []
    for record, theirs in pairs[:: max(1, len(pairs) // 150)]:
        if "bestrefs" in theirs:
            traced = {"bestrefs": ours.best_references(record["header"], trace=Trace())}
            assert differences(theirs, traced) == []


def test_the_comparison_can_fail(tmp_path: Path) -> None:
    """Rename the references of one rmap: the comparison must see it, and only in that type."""
    pairs = generated("jwst_0100.pmap", 20, "test", tmp_path)
    honest = load_context("jwst_0100.pmap")
    filekind, name = next(
        (kind, honest.rmap_name(record["instrument"], kind))
        for record, theirs in pairs
        for kind, reference in theirs.get("bestrefs", {}).items()
        if not reference.startswith("NOT FOUND")
    )
    assert name is not None
    mappings = {each: compiled(each) for each in honest.mapping_names()}
    text = mapping_text(name).replace(".fits'", "x.fits'")
    mappings[name] = compile_mapping(
        text, name=name, observatory=get_observatory("jwst"), verify_checksum=False
    )
    altered = assemble("jwst_0100.pmap", mappings)
    found = [
        line
        for record, theirs in pairs
        for line in differences(theirs, our_answer(altered, record["header"]))
    ]
    assert found
    assert all(line.startswith(f"{filekind}: ") for line in found)


def test_parts_of_contexts_answer_as_the_clients() -> None:
    """An imap or an rmap answers for itself, and types may be picked, misspelt or none."""
    header = {"INSTRUME": "ACS", "DETECTOR": "WFC", "DATE-OBS": "2010-01-01", "TIME-OBS": "00:00:00"}
    whole = load_context("hst_0729.pmap")
    names = [whole.name, whole.imap_name("acs"), whole.rmap_name("acs", "bpixtab")]
    includes = [None, [], ["bpixtab"], ["BPIXTAB", "nonsense"], ["cfltfile"]]
    jobs = [{"name": name, "headers": [header], "include": include} for name in names for include in includes]
    for job, outcome in zip(jobs, ask_client(jobs, "hst"), strict=True):
        ours = load_context(str(job["name"]))
        assert ours.required_parkeys() == outcome["parkeys"]
        (theirs,) = outcome["answers"]
        # Types that were picked come in the order in which they were asked for.
        assert differences(theirs, our_answer(ours, header, job["include"])) == []


def test_odd_headers_are_answered_as_by_the_client() -> None:
    """Instruments named twice, not at all, by number or by another keyword; keys in two cases."""
    base = {"DETECTOR": "WFC", "DATE-OBS": "2010-01-01", "TIME-OBS": "00:00:00", "CCDAMP": "A"}
    headers = [
        {},
        base,
        {**base, "INSTRUME": "UNDEFINED"},
        {**base, "INSTRUME": "NOPE"},
        {**base, "INSTRUME": 5},
        {**base, "INSTRUME": None},
        {**base, "INSTRUME": " ACS"},
        {**base, "INSTRUME": "WFII"},
        {**base, "instrume": "acs"},
        {**base, "INSTRUME": "ACS", "instrume": "WFC3"},
        {**base, "INSTRUME": "WFC3", "instrume": "ACS"},
        {**base, "INSTRUME": "ACS", "instrume": "UNDEFINED"},
        {**base, "META.INSTRUMENT.NAME": "ACS"},
        {**base, "INSTRUME": "ACS", "detector": "HRC", "ccdamp": "B", "Detector": "SBC"},
        {**base, "INSTRUME": "acs", "CCDGAIN": True, "FILTER1": ["a"], "FILTER2": {"b": 1}, "OBSTYPE": None},
    ]
    (outcome,) = ask_client([{"name": "hst_0729.pmap", "headers": headers}], "hst")
    ours = load_context("hst_0729.pmap")
    for header, theirs in zip(headers, outcome["answers"], strict=True):
        assert differences(theirs, our_answer(ours, header)) == [], header
        forget_all()


@pytest.mark.needs("real-data")
def test_the_test_observatory_answers_as_in_the_client() -> None:
    headers = [
        {"INSTRUME": "TINSTR", "TEST_CASE": case, "PARAMETER": value, "PARAMETER2": value}
        for case in (
            "SELECT_VERSION",
            "CLOSEST_TIME",
            "BRACKET",
            "GEOMETRICALLY_NEAREST",
            "USE_AFTER",
            "OTHER",
        )
        for value in (
            "1.2",
            "4.5",
            "100",
            "UNDEFINED",
            "2005-12-20 12:00:00",
            "2016-01-01 00:00:00",
            "default",
        )
    ]
    (outcome,) = ask_client([{"name": "tobs.pmap", "headers": headers}], "tobs")
    ours = load_context("tobs.pmap")
    found = [
        line
        for header, theirs in zip(headers, outcome["answers"], strict=True)
        for line in differences(theirs, our_answer(ours, header))
    ]
    assert found == []


def test_ties_without_a_form_on_the_wire_are_the_only_difference(tmp_path: Path) -> None:
    """Answer a text for a tie that begins with N/A, where the client returns a tuple with selectors."""
    header = {"META.INSTRUMENT.NAME": "NIRSPEC", "META.EXPOSURE.TYPE": "*", "META.INSTRUMENT.FILTER": "*"}
    header |= {"META.OBSERVATION.DATE": "2016-01-01", "META.OBSERVATION.TIME": "00:00:00"}
    (outcome,) = ask_client([{"name": "jwst_0541.pmap", "headers": [header]}], "jwst")
    theirs = outcome["answers"][0]["bestrefs"]
    ours = load_context("jwst_0541.pmap").best_references(header)
    ties = {reftype for reftype, answer in theirs.items() if not isinstance(answer, str)}
    assert {"area", "camera"} <= ties
    assert {reftype for reftype, answer in ours.items() if answer.startswith(NO_FORM)} == ties
    assert ours["area"] == f"{NO_FORM} 2 choices where one is needed: ('N/A', UseAfter selector)"
    assert {key: value for key, value in ours.items() if key not in ties} == {
        key: value for key, value in theirs.items() if key not in ties
    }

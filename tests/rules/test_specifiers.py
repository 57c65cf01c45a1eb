"""The grammar of wire-protocol section 4."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.rules.naming.specifiers import InvalidDateContextError, Specifier, parse_specifier

moment = datetime.fromisoformat

OBSERVATORIES = st.from_regex(r"[a-z]{2,8}", fullmatch=True)
INSTRUMENTS = st.from_regex(r"[a-z][a-z0-9]{1,16}", fullmatch=True)
FILEKINDS = st.from_regex(r"[a-z][a-z0-9-]{1,32}", fullmatch=True)
TAGS = st.sampled_from(["edit", "operational", "latest", "build", "versions"])
DATES = st.datetimes(min_value=moment("1000-01-01"), max_value=moment("9999-12-31"))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("hst_0729.pmap", Specifier(literal="hst_0729.pmap")),
        ("hst-edit.pmap", Specifier(literal="hst-edit.pmap")),
        ("jwst_miri_pars-outlier_0001.rmap", Specifier(literal="jwst_miri_pars-outlier_0001.rmap")),
        ("latest", Specifier(tag="latest")),
        ("build", Specifier(tag="build")),
        ("hst-edit", Specifier(observatory="hst", tag="edit")),
        ("hst-operational", Specifier(observatory="hst", tag="latest")),
        ("roman-wfi-versions", Specifier(observatory="roman", instrument="wfi", tag="versions")),
        (
            "jwst-miri-pars-edit-latest",
            Specifier(observatory="jwst", instrument="miri", filekind="pars-edit", tag="latest"),
        ),
        (
            "hst-cos-deadtab-2014-11-11T00:00:00",
            Specifier(observatory="hst", instrument="cos", filekind="deadtab", date=moment("2014-11-11")),
        ),
        ("2016-01-01", Specifier(date=moment("2016-01-01"))),
        (
            "hst-2016-01-01T01:02:03.5",
            Specifier(observatory="hst", date=moment("2016-01-01T01:02:03.500000")),
        ),
        ("2016-01-01T01:02:03.123456789", Specifier(date=moment("2016-01-01T01:02:03.123456"))),
        ("2016-01-01 00:00:00", Specifier(date=moment("2016-01-01"))),
        ("hst-2016-01-01 01:02:03", Specifier(observatory="hst", date=moment("2016-01-01T01:02:03"))),
        ("2016-01-01T00:00:00Z", Specifier(date=moment("2016-01-01"))),
        ("hst-2016-01-01T00:00:00+00:00", Specifier(observatory="hst", date=moment("2016-01-01"))),
        ("2016-01-01T00:00:00-05:00", Specifier(date=moment("2016-01-01T05:00:00"))),
        (
            "hst-cos-deadtab-2014-11-11T01:00:00+02:00",
            Specifier(
                observatory="hst", instrument="cos", filekind="deadtab", date=moment("2014-11-10 23:00")
            ),
        ),
    ],
)
def test_specifiers_of_the_grammar_mean_what_it_says(text: str, meaning: Specifier) -> None:
    assert parse_specifier(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "",
        "edit",
        "operational",
        "hst",
        "hst-",
        "-latest",
        "HST-latest",
        "hst-Latest",
        "roman-edit-foo",
        "roman-2016-13-45",
        "roman-2016-02-30",
        "roman-2016-01-01T00:00",
        "roman-2016-01-01T24:00:00",
        "roman-0000-01-01",
        "2016-01-01Z",
        "2016-01-01T00:00:00+25:00",
        "2016-01-01T00:00:00+0000",
        "0001-01-01T00:00:00+05:00",
        "2016-01-01T00:00:00.",
        "2016-01-01x",
        "2016-1-1",
        "٢٠١٦-01-01",
        "hst-latest\n",
        " hst-latest",
        "mappings/hst_0729.pmap",
        "../hst_0729.pmap",
        ".pmap",
        "hst 0729.pmap",
        "hst_0729.pmap\x00",
        "a" * 125 + ".pmap",
        "hst-cos-" + "k" * 34 + "-latest",
        "hst-" + "9" * 100_000,
    ],
)
def test_everything_else_is_refused_by_its_wire_name(text: str) -> None:
    with pytest.raises(InvalidDateContextError) as caught:
        parse_specifier(text)
    assert caught.value.code == "InvalidDateBasedContext"
    assert len(str(caught.value)) < 1000


@given(OBSERVATORIES, INSTRUMENTS, FILEKINDS, TAGS)
def test_a_tag_is_found_behind_any_prefix(observatory: str, instrument: str, filekind: str, tag: str) -> None:
    found = parse_specifier(f"{observatory}-{instrument}-{filekind}-{tag}")
    assert (found.observatory, found.instrument, found.filekind) == (observatory, instrument, filekind)
    assert found.tag == ("latest" if tag == "operational" else tag)


@given(OBSERVATORIES, INSTRUMENTS, FILEKINDS, DATES)
def test_a_date_is_found_behind_any_prefix(
    observatory: str, instrument: str, filekind: str, date: datetime
) -> None:
    found = parse_specifier(f"{observatory}-{instrument}-{filekind}-{date.isoformat()}")
    assert (found.filekind, found.date) == (filekind, date)


@given(st.text(max_size=300))
def test_no_text_is_more_than_refused(text: str) -> None:
    try:
        found = parse_specifier(text)
    except InvalidDateContextError:
        return
    assert bool(found.literal) + bool(found.tag) + bool(found.date) == 1


@given(st.from_regex(r"(jwst-)?([a-z0-9]{1,5}-){0,3}[0-9T:. +Z-]{1,30}", fullmatch=True))
def test_what_looks_like_a_date_is_one_or_is_refused(text: str) -> None:
    try:
        found = parse_specifier(text)
    except InvalidDateContextError:
        return
    assert found.date is not None

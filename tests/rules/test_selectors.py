"""Selectors, matchers and header fields that real rules rarely use answer as in the client."""

from itertools import product
from typing import Any

import pytest

from apps.rules.errors import MappingError
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.lookup.context import assemble
from apps.rules.observatories import get_observatory
from tests.rules.factories import make_context, make_rmap, make_rmap_text
from tests.rules.oracle import ask_client, differences, our_answer

DATES = ("DATE-OBS", "TIME-OBS")
ONE = (("A",),)
NUMBERS = ("1.2", "1.25", "1.35", "3.25", "5.1", "1e300", "-3", "NAN", "INF", "ABC", "N/A", "*", "UNDEFINED")
WORDS = (
    "FOO",
    "BAR",
    "FOO1",
    "N/A",
    "N/A-X",
    "*",
    "ANY",
    "NOT FOO",
    "NOT",
    "A|B",
    "{X}",
    "(X)",
    "#X#",
    "",
    "3500",
)
MOMENTS = (
    ("2001-01-01", "00:00:00"),
    ("2004-02-29", "12:30"),
    ("03/21/2001", "01:02:03 PM"),
    ("21/12/99", "05:42"),
    ("21/12/42", "05:42"),
    ("Mar 21 2001", "12:00:00 am"),
    ("JULY 27, 1999", "00:00:00"),
    ("03-Jan-2013", ""),
    ("20090514:010203", ""),
    ("2009-05-14T00:00:00", ""),
    ("2009-05-14T00:00:00.25", ""),
    ("2009-05-14", "12:00:60"),
    ("2009-05-14", "12:00:00.999999999"),
    ("2009-05-14", "12:00:00:00"),
    ("2009-05-14", "1:2:3:4:5"),
    ("2009-05-14", "noon"),
    ("2009-02-30", "00:00:00"),
    ("0000-01-01", "00:00:00"),
    ("", ""),
    ("UNDEFINED", "00:00:00"),
    ("2009-05-14 UT", ""),
    ("May 14", ""),
    ("2009-05-14", "INF"),
    ("14 May 2009", "00:00"),
    ("May 2009 14", "00:00"),
    ("Foo 1 2009", "00:00"),
)


def headers_of(*values: tuple[str, ...]) -> list[dict[str, str]]:
    return [dict(zip("ABCD", each, strict=False)) for each in product(*values)]


def dated(*moments: tuple[str, str]) -> list[dict[str, str]]:
    return [{"A": "FOO", "DATE-OBS": date, "TIME-OBS": time} for date, time in moments]


# What is tested; selector, parkey, headers, and further fields of the mapping header.
CASES: list[tuple[str, str, Any, list[dict[str, str]], dict[str, Any]]] = [
    ("bracket", "Bracket({1.2: 'a.fits', 1.5: 'b.fits', 5.0: 'c.fits'})", ONE, headers_of(NUMBERS), {}),
    ("nearest", "GeometricallyNearest({1.2: 'a', 1.5: 'b', 5.0: 'c'})", ONE, headers_of(NUMBERS), {}),
    ("nearest of bad keys", "GeometricallyNearest({'X': 'a', 1.5: 'b'})", ONE, headers_of(NUMBERS), {}),
    (
        "version",
        "SelectVersion({'<3.1': 'a', '<5': 'b', '= 7': 'c', 'default': 'd'})",
        ONE,
        headers_of(NUMBERS),
        {},
    ),
    ("version without default", "SelectVersion({'<3.1': 'a', '= 5': 'b'})", ONE, headers_of(NUMBERS), {}),
    (
        "version after",
        "VersionAfter({'0.0.2': 'a', '0.50.1': 'b', '5.2': 'c', '50.1': 'd'})",
        ONE,
        headers_of(
            (
                "0.0.1",
                "0.0.2",
                "0.5.0",
                "0.50.1",
                "5",
                "49.1",
                "0.7.0rc6",
                "100.0.0",
                "x",
                "UNDEFINED",
                "1.10",
            )
        ),
        {},
    ),
    (
        "after",
        "UseAfter({'2000-01-01 00:00:00': 'a', '2005-01-01 00:00:00': 'b'})",
        (DATES,),
        dated(*MOMENTS),
        {},
    ),
    (
        "after in Match",
        "Match({'FOO': UseAfter({'2000-01-01 00:00:00': 'a', '2005-01-01': 'N/A', '2007-01-01': 'OMIT'})})",
        (("A",), DATES),
        dated(*MOMENTS),
        {},
    ),
    (
        "closest",
        "ClosestTime({'2000-01-01': 'a', '2005-01-01 00:00:00': 'b'})",
        (DATES,),
        dated(*MOMENTS),
        {},
    ),
    ("closest of bad dates", "ClosestTime({'2000': 'a'})", (DATES,), dated(*MOMENTS[:2]), {}),
    ("nothing to be close to", "ClosestTime({})", (DATES,), dated(*MOMENTS[:2]), {}),
    ("no dates", "UseAfter({})", (DATES,), dated(*MOMENTS[:2]), {}),
    (
        "nested bracket",
        "Match({'FOO': Bracket({1: UseAfter({'2000-01-01 00:00:00': 'a'}),"
        " 2: UseAfter({'1990-01-01 00:00:00': 'b'})})})",
        (("A",), ("B",), DATES),
        [
            {"A": "FOO", "B": b, "DATE-OBS": d, "TIME-OBS": "0:0"}
            for b in ("0", "1.5", "9")
            for d in ("1995-01-01", "2001-01-01")
        ],
        {},
    ),
    (
        "nested match",
        "UseAfter({'2000-01-01 00:00:00': Match({'FOO': 'a', 'N/A': 'b'}),"
        " '2010-01-01 00:00:00': Match({'BAR': 'c'})})",
        (DATES, ("A",)),
        [
            {"A": a, "DATE-OBS": d, "TIME-OBS": "0:0"}
            for a in WORDS
            for d in ("1995-01-01", "2001-01-01", "2011-01-01")
        ],
        {},
    ),
    (
        "tied matches",
        "Match({'FOO|BAR': Match({'1': 'a'}), 'FOO|BAZ': Match({'2': 'b'})})",
        (("A",), ("B",)),
        headers_of(WORDS, ("1", "2", "3")),
        {},
    ),
    (
        "ties",
        "Match({('FOO|X', 'N/A'): UseAfter({'2000-01-01 00:00:00': 'a', '2003-01-01 00:00:00': 'y'}),"
        " ('FOO|Y', 'N/A'): UseAfter({'2000-01-01 00:00:00': 'b', '2003-01-01 00:00:00': 'x'}),"
        " ('FOO', '1'): 'OMIT', ('FOO', '2|3'): 'N/A',"
        " ('FOO', '2|4'): UseAfter({'1990-01-01 00:00:00': 'n'}),"
        " ('BAR|Z', 'N/A'): UseAfter({'1990-01-01 00:00:00': 'm'}), ('BAR|ZZ', 'N/A'): 'N/A'})",
        (("A", "B"), DATES),
        [
            {"A": a, "B": b, "DATE-OBS": d, "TIME-OBS": "0:0"}
            for a in ("FOO", "BAR", "*", "N/A")
            for b in ("1", "2", "3", "4", "5", "*", "N/A")
            for d in ("1995-01-01", "2001-01-01", "2004-01-01", "bad")
        ],
        {},
    ),
    (
        "ties refused",
        "Match({'FOO|X': 'a', 'FOO|Y': 'b'})",
        ONE,
        headers_of(WORDS),
        {"merge_overlaps": "false"},
    ),
    ("plain ties", "Match({'FOO|X': 'a', 'FOO|Y': 'b'})", ONE, headers_of(("FOO", "X", "Y", "Z")), {}),
    *[
        (
            f"matcher {element}",
            f"Match({{{element!r}: 'a', 'BAR': 'b'}})",
            ONE,
            headers_of((*WORDS, *NUMBERS)),
            {},
        )
        for element in (
            "FOO",
            "foo|bar ",
            "F*",
            "F*|B?R",
            "[FB]*|X",
            "*",
            "ANY",
            "N/A",
            "N/A-FOO",
            "NOT APPLICABLE",
            "|",
            "FOO|",
            "NOT FOO",
            "not F*",
            "NOT N/A",
            "NOT NOT FOO",
            "NOT BETWEEN 1 2",
            "BETWEEN 1.2 3.25",
            "between -5 1e3",
            "# >=1.2 #",
            "# >1 AND <=3.3 #",
            "# <1.3 OR >5 #",
            ">1.3",
            "<=1.25",
            "#FOO#",
            "{FOO}",
            "{N/A}",
            "{*}",
            "(F.*)",
            "(FOO1?|BAR)",
            "(N/A)",
            "NOT (F.*)",
            "NOT {FOO}",
            True,
            1,
            4294967295,
            -2147483648,
            None,
            "1:4",
        )
    ],
    *[
        (f"refused {selector}", selector, parkey, [], fields)
        for selector, parkey, fields in (
            ("Match({'BETWEEN 3 1': 'a'})", ONE, {}),
            ("Match({'BETWEEN 3': 'a'})", ONE, {}),
            ("Match({'>X': 'a'})", ONE, {}),
            ("Match({'(([)': 'a'})", ONE, {}),
            ("Match({1: 'a', '1.0': 'b'})", ONE, {}),
            ("Match({('A', 'B'): 'a'})", ONE, {}),
            ("Match({'A': 'a'})", ("A",), {}),
            ("Match({'A': UseAfter({'2000-01-01 00:00:00': 'a'})})", ONE, {}),
            ("VersionAfter({'x': 'a'})", ONE, {}),
            ("SelectVersion({'>5': 'a'})", ONE, {}),
            ("Match({'A': 'a'})", ONE, {"rmap_relevance": "(A x= 'B')"}),
            ("Match({'A': 'a'})", ONE, {"rmap_relevance": "(A + 'B')"}),
            ("Match({'A': 'a'})", ONE, {"rmap_relevance": "(A.upper() == 'B')"}),
            ("Match({'A': 'a'})", ONE, {"rmap_omit": "(lambda: A)"}),
            ("Match({'A': 'a'})", ONE, {"parkey_relevance": {"A": "(len(A) > 1)"}}),
        )
    ],
    ("range of valid values", "Match({'1:4': 'a'})", ONE, headers_of(NUMBERS), {}),
    ("no parkeys", "Match({(): 'a'})", ((),), [{}, {"A": "1"}], {}),
    ("literal tuple", "Match({'FOO': ('a', 'b'), 'BAR': {'x': 'c'}})", ONE, headers_of(WORDS), {}),
    *[
        (
            f"switch {fields}",
            "Match({('FOO', '1'): 'a', ('N/A', '2'): 'b'})",
            (("A", "B"),),
            headers_of(WORDS, ("1", "2", "3"), ("X", "Y")),
            fields,
        )
        for fields in (
            {"rmap_omit": "True"},
            {"rmap_omit": "(A == 'FOO')"},
            {"rmap_omit": "(NOWHERE)"},
            {"rmap_relevance": "(A != 'FOO')"},
            {"rmap_relevance": "(A < 5)"},
            {"rmap_relevance": "ALWAYS"},
            {"rmap_relevance": "(A in ['FOO', 'BAR'] and not (B == '1.0' or C not in ('X',)))"},
            {"rmap_relevance": "(1 if A == 'FOO' else 0)"},
            {"rmap_relevance": "('A' < B <= '2.0')"},
            {"parkey_relevance": {"a": "(B == '1.0')"}},
            {"parkey_relevance": {"A": "(NOWHERE)"}},
            {"parkey_relevance": {"A": "(B < 1)"}},
            {"comment_parkeys": ("A",)},
            {"comment_parkeys": ("B", "a")},
            {"reffile_required": "NO"},
            {"reffile_required": "YES"},
            {"reffile_switch": "C"},
            {"extra_keys": ("C", "D")},
            {"substitutions": {"A": {"FOO": "BAR"}, "B": {"1": ["1", "3"]}}},
            {"substitutions": {"A": {"FOO": "FOO1|BAR", "BAR": "FOO"}}},
            {"hooks": {"precondition_header": "none_such"}},
        )
    ],
]


@pytest.fixture(scope="module")
def outcomes() -> list[dict[str, Any]]:
    jobs = [
        {
            "name": "hst_stis_darkfile_0001.rmap",
            "text": make_rmap_text(selector, parkey=parkey, **fields),
            "headers": headers,
        }
        for _name, selector, parkey, headers, fields in CASES
    ]
    return ask_client(jobs, "hst")


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case[0] for case in CASES])
def test_rare_rules_answer_as_in_the_client(number: int, outcomes: list[dict[str, Any]]) -> None:
    _name, selector, parkey, headers, fields = CASES[number]
    text = make_rmap_text(selector, parkey=parkey, **fields)
    outcome = outcomes[number]
    try:
        mapping = compile_mapping(
            text, name="hst_stis_darkfile_0001.rmap", observatory=get_observatory("hst")
        )
    except MappingError:
        if "refused" not in outcome:
            raise
        return
    assert "answers" in outcome, outcome
    context = assemble(mapping.name, {mapping.name: mapping})
    for _ in range(2):
        found = [
            (header, line)
            for header, theirs in zip(headers, outcome["answers"], strict=True)
            for line in differences(theirs, our_answer(context, header))
        ]
        assert found == []


DAYS = (None, "", " ", "UNDEFINED", "2016-12-31", "2016/12/31", "31/12/16")
WHOLE = tuple(
    f"2016-12-31{time}" for time in ("T10:00:00", " 10:00:00", "T10:00:00Z", "T10:00:00.1", "T10:00", "T")
)
TIMES = (None, "", " ", "UNDEFINED", "10:00:00", "10:00:00Z", "10:00", " 10:00:00 ", "T10:00:00")
BIAS = """Match({
    ('WFC', 'N/A') : UseAfter({
        '1992-01-01 00:00:00' : 'old_bia.fits',
        '2016-12-31 05:00:00' : 'new_bia.fits',
    }),
})"""
DATES = ("DATE-OBS", "TIME-OBS")


def dated(day: str | None, time: str | None) -> dict[str, str]:
    given = {key: value for key, value in zip(DATES, (day, time), strict=True) if value is not None}
    plain = dict.fromkeys(("NAXIS1", "NAXIS2", "LTV1", "LTV2", "XCORNER", "YCORNER"), "0.0")
    return {"INSTRUME": "ACS", "DETECTOR": "WFC", "APERTURE": "WFC", "CCDAMP": "AD", **plain, **given}


@pytest.mark.parametrize("hook", ["", "precondition_header_acs_biasfile_v2"])
def test_dates_and_times_in_any_spelling_answer_as_in_the_client(hook: str) -> None:
    """A hook reads the date by itself: it refuses one that holds the time, beside a blank time."""
    fields: dict[str, Any] = {
        "parkey": (("DETECTOR", "APERTURE"), DATES),
        "extra_keys": ("CCDAMP", "NAXIS1", "NAXIS2", "LTV1", "LTV2", "XCORNER", "YCORNER"),
        "instrument": "ACS",
        "filekind": "BIASFILE",
        "hooks": {"precondition_header": hook or "none"},
    }
    headers = [dated(day, time) for day in (*DAYS, *WHOLE) for time in TIMES]
    name = "hst_acs_biasfile_0001.rmap"
    [outcome] = ask_client(
        [{"name": name, "text": make_rmap_text(BIAS, **fields), "headers": headers}], "hst"
    )
    context = make_context(make_rmap(BIAS, **fields), instrument="ACS")
    for _ in range(2):
        found = [
            (header, line)
            for header, theirs in zip(headers, outcome["answers"], strict=True)
            for line in differences(
                {"bestrefs": {"biasfile": theirs_of(theirs)}}, our_answer(context, header)
            )
        ]
        assert found == []


def theirs_of(answer: dict[str, Any]) -> str:
    """Return what one rmap answers in the words of a whole context."""
    return str(answer["bestrefs"]["biasfile"])

"""Differences use the client's words, and the lines of a text difference make the new text."""

import difflib
import itertools
import json
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.rules.differences import (
    Difference,
    Differences,
    DiffLine,
    changed_mappings,
    logical_differences,
    text_differences,
    warnings_of,
)
from apps.rules.errors import MappingError
from apps.rules.naming.newer import is_newer
from apps.rules.text.parser import RawSelector, parse_mapping
from apps.rules.text.writer import write_mapping
from tests.patience import does_not_hang
from tests.rules.factories import CASES, make_rmap_text, make_upper_text
from tests.rules.oracle import load_context, mapping_text, observatory_of, run_client
from tests.shared_data import data_root, is_real

pytestmark = pytest.mark.shared_data

OLD, NEW = "hst_stis_darkfile_0001.rmap", "hst_stis_darkfile_0002.rmap"

# Mappings that differ from what they were derived from in some seldom way, among them every level. Other
# rmaps are added by place in the alphabet; large ones take the client long and differ in nothing else.
SELDOM = (
    "hst_wfc3_bpixtab_0260.rmap",
    "hst_cos_lamptab_0255.rmap",
    "hst_cos_dgeofile_0002.rmap",
    "hst_synphot_tmctab_0002.rmap",
    "jwst_fgs_area_0003.rmap",
    "jwst_fgs_dark_0007.rmap",
    "jwst_fgs_flat_0009.rmap",
    "jwst_miri_resol_0004.rmap",
    "jwst_miri_specwcs_0006.rmap",
    "jwst_nirspec_area_0004.rmap",
    "jwst_system_datalvl_0002.rmap",
    "roman_wfi_0004.imap",
    "roman_0004.pmap",
    "jwst_fgs_0003.imap",
    "jwst_0003.pmap",
)
EVERY = 90
LARGEST = 30_000  # bytes


def ask(jobs: list[dict[str, Any]]) -> list[Any]:
    script = Path(__file__).with_name("oracle_differences.py")
    answers: list[Any] = json.loads(run_client([str(script)], "hst", stdin=json.dumps(jobs)))
    return answers


def compared(
    old: str, new: str, *, observatory: str = "hst", names: tuple[str, str] = (OLD, NEW)
) -> Differences:
    return logical_differences(old, new, old_name=names[0], new_name=names[1], observatory=observatory)


def texts(found: Differences) -> list[str]:
    return [row.text for row in found.rows if row.kind != "boilerplate"]


def as_client(found: Differences) -> dict[str, Any]:
    rows = [[[list(step) for step in row.steps], row.text] for row in found.rows]
    return {"rows": rows, "warnings": list(warnings_of(found))}


def without_name_classes(answer: dict[str, Any]) -> dict[str, Any]:
    """Drop the client's remark that a name is in no known manner, which says nothing of the difference."""
    answer["warnings"] = [each for each in answer["warnings"] if "Failed to classify" not in each]
    return answer


def ancestor(name: str) -> str:
    match = re.search(r"'derived_from'\s*:\s*'([^']*)'", mapping_text(name))
    return match[1] if match else ""


def real_pairs() -> list[tuple[str, str]]:
    names = list(SELDOM)
    for observatory in ("hst", "jwst", "roman"):
        known = sorted((data_root() / "mappings" / observatory).glob("*.rmap"))
        every = EVERY if is_real() else 1
        names += [path.name for path in known[::every] if path.stat().st_size < LARGEST]
    there = [name for name in dict.fromkeys(names) if is_real() or name not in SELDOM]
    pairs = [(ancestor(name), name) for name in there]
    pairs = [
        (old, new) for old, new in pairs if (data_root() / "mappings" / observatory_of(new) / old).is_file()
    ]
    assert len(pairs) > 20
    # Backwards most is deleted and reverted.
    return pairs + [(new, old) for old, new in pairs]


def test_real_differences_and_warnings_are_those_of_the_client_in_its_order() -> None:
    pairs = real_pairs()
    answers = ask([{"old": old, "new": new} for old, new in pairs])
    kinds = set()
    for (old, new), theirs in zip(pairs, answers, strict=True):
        found = compared(
            mapping_text(old), mapping_text(new), names=(old, new), observatory=observatory_of(new)
        )
        assert as_client(found) == without_name_classes(theirs), (old, new)
        assert all(len(row.path) == len(found.columns) for row in found.rows)
        assert all(f"{name!r}" in row.text for row in found.rows for name in row.names)
        kinds |= {row.kind for row in found.rows}
    # The made rules differ in fewer ways.
    assert len(kinds) == 9 or (not is_real() and len(kinds) >= 4)


TOBS = "tobs_tinstr_tfilekind.rmap"
EVERY_SELECTOR = """
header = {
    'derived_from' : 'made for a test',
    'filekind' : 'TFILEKIND',
    'instrument' : 'TINSTR',
    'mapping' : 'REFERENCE',
    'name' : 'tobs_tinstr_tfilekind.rmap',
    'observatory' : 'TOBS',
    'parkey' : (('TEST_CASE',), ('PARAMETER',)),
    'row_keys' : (),
    'reffile_format' : 'IMAGE',
}

selector = Match({
    'USE_AFTER' : UseAfter({
        '2001-05-01 01:28:00' : 'one_bia.fits',
        '2002-05-01 21:31:01' : ('foo_bia.fits', 'bar_bia.fits'),
        '2003-05-01 21:31:02' : {'foo' : 'foo_bia1.fits', 'bar' : 'bar_bia2.fits'},
        '2004-05-01 16:52:00' : 'two_bia.fits',
    }),
    'SELECT_VERSION' : SelectVersion({
        '<3.1' : 'old_flat.fits',
        '<5' : 'middle_flat.fits',
        'default' : 'new_flat.fits',
    }),
    'CLOSEST_TIME' : ClosestTime({
        '2017-04-24' : 'early_flat.fits',
        '2018-02-01' : 'late_flat.fits',
    }),
    'BRACKET' : Bracket({
        1.2: 'low_flat.fits',
        1.5: 'middle_flat.fits',
        5.0: 'high_flat.fits',
    }),
    'GEOMETRICALLY_NEAREST' : GeometricallyNearest({
        1.2 : 'low_flat.fits',
        1.5 : 'middle_flat.fits',
        5.0 : 'high_flat.fits',
    }),
})
"""
EDITS: Mapping[str, Callable[[str], str]] = {
    "nothing": lambda text: text,
    "a nearest value": lambda text: text.replace("1.5 : ", "1.75 : "),
    "a bracket replaced": lambda text: text.replace("1.5: 'middle", "1.5: 'centre"),
    "a version": lambda text: text.replace("'<5'", "'<6'"),
    "a default version": lambda text: text.replace("new_flat", "newer_flat"),
    "a time": lambda text: text.replace("'2018-02-01'", "'2018-02-02'"),
    "several for several": lambda text: text.replace("'bar_bia.fits'", "'baz_bia.fits'"),
    "several for one": lambda text: text.replace("('foo_bia.fits', 'bar_bia.fits')", "'foo_bia.fits'"),
    "a dictionary": lambda text: text.replace("'foo_bia1.fits'", "'fou_bia1.fits'"),
    "another case": lambda text: text.replace("'BRACKET'", "'BRACKETS'"),
    "another selector": lambda text: text.replace("ClosestTime(", "UseAfter("),
    "not applicable": lambda text: re.sub(r"Bracket\(\{[^}]*\}\)", "'N/A'", text),
    "one name": lambda text: re.sub(r"Bracket\(\{[^}]*\}\)", "'all.fits'", text),
    "a parkey": lambda text: text.replace("('PARAMETER',)", "('PARAMETER2',)"),
    "a field less": lambda text: text.replace("    'row_keys' : (),\n", ""),
    "a field in other case": lambda text: text.replace("'IMAGE'", "'Image'"),
}


def generated_rmap(chance: random.Random) -> str:
    """Return a small rmap of many cases, some of which recur in others."""
    dates = [f"200{year}-01-01 00:00:00" for year in range(4)]
    rows: dict[Any, Any] = {}
    for case in itertools.product(("CCD", "MAMA"), ("A", "B|C", "N/A")):
        choice = chance.random()
        if choice < 0.5:
            chosen = chance.sample(dates, chance.randint(1, 3))
            rows[case] = RawSelector(
                "UseAfter", {date: f"{chance.choice('ab')}1234567l_drk.fits" for date in chosen}
            )
        elif choice < 0.8:
            rows[case] = chance.choice(["N/A", "81234567l_drk.fits", "hst_stis_dark_0002.fits"])
    return parsed_to_text(rows)


def parsed_to_text(rows: dict[Any, Any]) -> str:
    header = parse_mapping(make_rmap_text(), OLD).header
    return write_mapping(header, RawSelector("Match", rows))


def test_every_selector_and_choice_is_compared_as_by_the_client() -> None:
    tobs = EVERY_SELECTOR
    edited = [edit(tobs) for edit in EDITS.values()]
    assert [text == tobs for text in edited] == [True] + [False] * (len(edited) - 1)
    jobs = [(TOBS, "tobs_tinstr_tfilekind_0002.rmap", tobs, text) for text in edited]
    jobs += [(new, old, after, before) for old, new, before, after in jobs]
    chance = random.Random(1)
    made = [generated_rmap(chance) for _ in range(40)]
    jobs += [(OLD, NEW, before, after) for before, after in itertools.pairwise(made)]
    answers = ask([{"old": old, "new": new, "texts": [before, after]} for old, new, before, after in jobs])
    failures = 0
    for (old, new, before, after), theirs in zip(jobs, answers, strict=True):
        ours = as_client(compared(before, after, names=(old, new), observatory=observatory_of(new)))
        theirs = without_name_classes(theirs)
        if "FAILED" in theirs["warnings"]:
            # The client stops at names that have no order; what it warned of until then we do too.
            failures += 1
            until = theirs["warnings"].index("FAILED")
            ours["warnings"], theirs["warnings"] = ours["warnings"][:until], theirs["warnings"][:until]
        assert ours == theirs, (before, after)
    assert 0 < failures < len(jobs) / 2


def test_the_age_of_names_is_that_of_the_client() -> None:
    names = [
        "N/A",
        "hst.pmap",
        "hst_0042.pmap",
        "hst_acs_0002.imap",
        "hst_cos_deadtab_0001.fits",
        "hst_cos_deadtab_99991.fits",
        "jwst_miri_dark_0057.asdf",
        "jwst_miri_dark_0058.json",
        "jwst_miri_dark_0059.yaml",
        "roman_wfi_dark_0001.r0h",
        "roman_wfi_dark_0002.r3d",
        "s7g1700gl_dead.fits",
        "z6n1832tm_tmc.fits",
        "06n1832tm_tmc.fits",
        "16n1832tm_tmg.fits",
        "17g1700gl_dead.fits",
        "bbbbb.fits",
        "acs_f606w_005_syn.fits",
        "OMIT",
    ]
    pairs = list(itertools.product(names, names))
    (answer,) = ask([{"ages": pairs}])
    assert [is_newer(name, than) for name, than in pairs] == answer
    assert None in answer


def test_columns_are_the_parkeys_and_each_row_has_a_value_for_each() -> None:
    found = compared(
        make_rmap_text(),
        make_rmap_text(CASES.replace("'a2.fits'", "'a3.fits'"), name=NEW, reffile_switch="X"),
    )
    assert found.columns == ("DETECTOR", "FILTER", "DATE-OBS", "TIME-OBS")
    assert found.rows[0] == Difference(
        path=("CCD", "A", "2005-01-01", "00:00:00"),
        text="replaced 'a2.fits' with 'a3.fits'",
        names=("a2.fits", "a3.fits"),
        kind="replaced",
        steps=(("CCD", "A"), ("2005-01-01", "00:00:00")),
    )
    assert [(row.path, row.kind) for row in found.rows[1:]] == [
        (("", "", "", ""), "header"),
        (("", "", "", ""), "boilerplate"),
        (("", "", "", ""), "boilerplate"),
    ]
    assert "header added 'reffile_switch' = 'x'" in texts(found)


def test_an_imap_has_one_column_and_its_specials_are_no_files() -> None:
    old = make_upper_text("imap", {"DARKFILE": OLD, "BIASFILE": "N/A"}, name="hst_stis_0001.imap")
    new = make_upper_text("imap", {"darkfile": NEW, "FLTFILE": OLD}, name="hst_stis_0001.imap")
    found = compared(old, new, names=("hst_stis_0001.imap", "hst_stis_0001.imap"))
    assert found.columns == ("REFTYPE",)
    assert [(row.path, row.text, row.names) for row in found.rows if row.kind != "boilerplate"] == [
        (("biasfile",), "deleted 'N/A'", ()),
        (("darkfile",), f"replaced '{OLD}' with '{NEW}'", (OLD, NEW)),
        (("fltfile",), f"added '{OLD}'", (OLD,)),
    ]


def test_parkeys_that_differ_below_a_case_title_their_columns_twice() -> None:
    old = make_rmap_text("Match({('CCD', 'A') : UseAfter({'2000-01-01 00:00:00' : 'a.fits'})})")
    new = make_rmap_text(
        "Match({('CCD', 'A') : UseAfter({}), ('CCD', 'B') : UseAfter({'2000-01-01' : 'b.fits'})})",
        parkey=(("DETECTOR", "FILTER"), ("EXPSTART",)),
    )
    found = compared(old, new)
    assert found.columns == ("DETECTOR", "FILTER", "DATE-OBS / EXPSTART", "TIME-OBS")
    assert [row.path for row in found.rows[:2]] == [("CCD", "B", "2000-01-01", ""), ("CCD", "A", "", "")]
    assert texts(found)[1] == "different parameter lists  ('DATE-OBS', 'TIME-OBS') : ('EXPSTART',)"


@pytest.mark.parametrize(
    ("old", "new", "names", "message"),
    [
        (make_rmap_text(), make_rmap_text(), (OLD, "hst_0001.pmap"), "cannot be compared"),
        (make_rmap_text(), make_rmap_text(), ("a.fits", "b.fits"), "cannot be compared"),
        (make_rmap_text(), "import os", (OLD, NEW), NEW),
        (
            make_rmap_text(observatory="JWST"),
            make_rmap_text(),
            (OLD, NEW),
            "mapping of 'JWST' and not of 'hst'",
        ),
        (make_rmap_text(), make_rmap_text("{'A' : 'B'}"), (OLD, NEW), f"{NEW}: the selector"),
        (make_rmap_text("{'A' : 'B'}"), make_rmap_text(), (OLD, NEW), f"{OLD}: the selector"),
        (make_rmap_text(), make_rmap_text(), ("x.imap", "y.imap"), "must be a dictionary"),
        (make_rmap_text(parkey=5), make_rmap_text(), (OLD, NEW), "'parkey' must be a tuple"),
        (make_rmap_text(), make_rmap_text("Match({})", parkey=(("A",),)), (OLD, NEW), ""),
        (make_rmap_text(parkey=(("A", "B"),)), make_rmap_text("Match({})"), (OLD, NEW), ""),
        (
            make_rmap_text(parkey=(("A", "B"),)),
            make_rmap_text("Match({})", parkey=(("A", "B"),)),
            (OLD, NEW),
            "1 levels of selectors and one below them",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_or_told_and_never_a_crash(
    old: str, new: str, names: tuple[str, str], message: str
) -> None:
    if not message:
        assert texts(compared(old, new, names=names))
        return
    with pytest.raises(MappingError, match=re.escape(message)):
        compared(old, new, names=names)


FILES = st.sampled_from([f"{letter}.fits" for letter in "abcd"] + ["N/A"])
DATES = st.dictionaries(
    st.sampled_from([f"200{year}-01-01 00:00:00" for year in range(4)]), FILES, max_size=4
)
RULES = st.dictionaries(
    st.tuples(st.sampled_from(["CCD", "MAMA"]), st.sampled_from(["A", "B|C", "N/A"])),
    DATES | FILES,
    max_size=4,
)


def rmap_of(rules: Mapping[Any, Any]) -> str:
    return parsed_to_text(
        {
            key: RawSelector("UseAfter", dict(each)) if isinstance(each, dict) else each
            for key, each in rules.items()
        }
    )


def places(rules: Mapping[Any, Any]) -> dict[tuple[str, ...], str]:
    """Return path to file."""
    found = {}
    for case, choice in rules.items():
        if isinstance(choice, str):
            found[(*case, "", "")] = choice
            continue
        for date, name in choice.items():
            found[(*case, *date.split())] = name
    return found


@settings(max_examples=50)
@given(RULES, RULES)
def test_the_rows_done_to_the_old_rules_make_the_new_ones(old: dict[Any, Any], new: dict[Any, Any]) -> None:
    standing = places(old)
    for row in compared(rmap_of(old), rmap_of(new)).rows:
        *_, last = row.text.split("'")[1::2] or [""]
        if row.kind in {"deleted", "deleted_rule"}:
            assert standing.pop(row.path) == last
        elif row.kind in {"added", "added_rule"}:
            assert row.path not in standing
            standing[row.path] = last
        elif row.kind == "replaced" and "UseAfter" not in row.text:
            assert f"replaced '{standing[row.path]}' with" in row.text
            standing[row.path] = last
        elif row.kind in {"replaced", "other_selector"}:
            # A file for a selector or the other way round; the row names the case and not what is below.
            case = row.path[:2]
            standing = {path: name for path, name in standing.items() if path[:2] != case}
            standing |= {path: name for path, name in places(new).items() if path[:2] == case}
    assert standing == places(new)


LINES = st.lists(st.sampled_from(["a", "b", "c", "", "unique 1", "unique 2", "\r", "\x0c"]), max_size=25)
TEXTS = st.tuples(LINES, st.booleans()).map(lambda made: "\n".join(made[0]) + ("\n" if made[1] else ""))


def applied(old: str, lines: tuple[DiffLine, ...]) -> str:
    """Do what a unified difference says, and check the lines and numbers it gives."""
    source = old.split("\n")
    is_ended = source[-1] == ""
    source = source[:-1] if is_ended else source
    made: list[str] = []
    ended = is_ended
    at = 0
    previous = None
    for line in lines[2:]:
        if line.kind == "place":
            match = re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line.text)
            assert match is not None
            start = int(match[1]) - (match[2] != "0")
            made += source[at:start]
            at = start
            assert len(made) == int(match[3]) - (match[4] != "0")
        elif line.kind == "note":
            assert previous is not None
            if previous.kind != "removed":
                ended = False
        elif line.kind == "added":
            made.append(line.text)
            ended = True
        else:
            assert source[at] == line.text
            at += 1
            if line.kind == "same":
                made.append(line.text)
                ended = True
        previous = line
    if at < len(source):
        ended = is_ended
    made += source[at:]
    return "\n".join(made) + ("\n" if ended and made else "")


@given(TEXTS, TEXTS, st.integers(0, 4))
def test_a_text_difference_applied_gives_the_new_text(old: str, new: str, context: int) -> None:
    lines = text_differences(old, new, old_name="x", new_name="y", context=context)
    assert (lines == ()) == (old == new)
    assert [str(line) for line in lines[:2]] == ["--- x", "+++ y"][: len(lines)]
    assert applied(old, lines) == new


@pytest.mark.needs("real-data")
def test_real_text_differences_are_no_longer_than_those_of_the_library() -> None:
    old, new = mapping_text("hst_acs_darkfile_0250.rmap"), mapping_text("hst_acs_darkfile_0324.rmap")
    ours = text_differences(old, new, old_name="x", new_name="y")
    assert applied(old, ours) == new
    theirs = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm=""))
    assert sum(line.kind in {"added", "removed"} for line in ours) <= 1.1 * len(theirs)


def test_no_text_makes_the_comparison_slow() -> None:
    """Few lines often repeated, or all of them moved, are what such a search suffers from."""
    chance = random.Random(1)
    few = ["".join(chance.choices("ab\n", k=15_000)) for _ in range(2)]
    moved = [str(number) for number in range(5_000)]
    blocks = ["".join(f"u{number}\n" + part * 100 for number in range(50)) for part in ("a\nb\n", "b\na\n")]
    for old, new in (few, ("\n".join(moved), "\n".join(chance.sample(moved, len(moved)))), blocks):
        with does_not_hang():
            assert applied(old, text_differences(old, new, old_name="x", new_name="y")) == new


def upper(kind: str, name: str, rows: Mapping[str, str]) -> tuple[str, str]:
    return name, make_upper_text(kind, rows, name=name)


MAPPINGS = dict(
    [
        upper(
            "pmap", "hst_0001.pmap", {"ACS": "hst_acs_0001.imap", "COS": "hst_cos_0001.imap", "NICMOS": "N/A"}
        ),
        upper(
            "pmap",
            "hst_0002.pmap",
            {"STIS": "hst_stis_0001.imap", "cos": "hst_cos_0002.imap", "NICMOS": "N/A"},
        ),
        upper("imap", "hst_acs_0001.imap", {"DARKFILE": "hst_acs_darkfile_0001.rmap"}),
        upper("imap", "hst_stis_0001.imap", {"DARKFILE": "hst_stis_darkfile_0001.rmap", "BIASFILE": "N/A"}),
        upper(
            "imap",
            "hst_cos_0001.imap",
            {"A": "hst_cos_a_0001.rmap", "B": "N/A", "C": "hst_cos_c_0001.rmap", "D": "hst_cos_d_0001.rmap"},
        ),
        upper(
            "imap",
            "hst_cos_0002.imap",
            {"A": "hst_cos_a_0002.rmap", "B": "hst_cos_b_0001.rmap", "C": "OMIT", "D": "hst_cos_d_0001.rmap"},
        ),
        upper("imap", "hst_cos_0003.imap", {"A": "hst_cos_0003.imap"}),
        upper("imap", "hst_cos_0004.imap", {"A": ["x"]}),  # type: ignore[dict-item]
    ]
)


def changed(old: str, new: str) -> list[tuple[str, str]]:
    return [(each.old, each.new) for each in changed_mappings(old, new, MAPPINGS.__getitem__)]


def test_changed_mappings_come_top_down_with_types_that_are_new_or_gone() -> None:
    assert changed("hst_0001.pmap", "hst_0002.pmap") == [
        ("hst_0001.pmap", "hst_0002.pmap"),
        ("hst_acs_0001.imap", ""),
        ("hst_acs_darkfile_0001.rmap", ""),
        ("hst_cos_0001.imap", "hst_cos_0002.imap"),
        ("hst_cos_a_0001.rmap", "hst_cos_a_0002.rmap"),
        ("", "hst_cos_b_0001.rmap"),
        ("hst_cos_c_0001.rmap", ""),
        ("", "hst_stis_0001.imap"),
        ("", "hst_stis_darkfile_0001.rmap"),
    ]


def test_nothing_changed_reads_nothing_and_rmaps_are_not_read() -> None:
    assert changed("hst_0009.pmap", "hst_0009.pmap") == []
    assert changed(OLD, NEW) == [(OLD, NEW)]


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("hst_cos_0003.imap", "'hst_cos_0003.imap', whose name does not end in .rmap"),
        ("hst_cos_0004.imap", "leads to \"['x']\""),
        (NEW, "cannot be compared"),
    ],
)
def test_a_context_that_leads_astray_is_refused(new: str, message: str) -> None:
    with pytest.raises(MappingError, match=re.escape(message)):
        changed("hst_cos_0001.imap", new)


def test_changed_mappings_of_real_contexts_are_all_that_are_new() -> None:
    for old, new in (("roman_0003.pmap", "roman_0006.pmap"), ("jwst_0000.pmap", "jwst_0100.pmap")):
        before, after = set(load_context(old).mapping_names()), set(load_context(new).mapping_names())
        found = list(changed_mappings(old, new, mapping_text))
        assert {each.new for each in found if each.new} == after - before
        assert {each.old for each in found if each.old} == before - after
        assert len(found) > 3

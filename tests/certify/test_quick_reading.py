"""Rules as a child reads them: the parsing, the verdicts and the texts are those of the library."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.certify.child_mapping_grammar import read_usual
from apps.rules.text.parser import SELECTORS
from tests.needs import PROJECT
from tests.shared_data import data_root

RMAP = """
header = {
    'parkey' : (('DETECTOR', 'CCDGAIN'), ('DATE-OBS', 'TIME-OBS')), # of datasets
    'substitutions' : {'DETECTOR' : {"ANY" : 'N/A'}},
    'reffile_required' : 'NONE',
}

comment = '''
It's a "comment".
'''

selector = Match({
    ('A', 1) : UseAfter({
        '1996-10-01 00:00:00' : 'a_bia.fits',
        '1997-10-01 00:00:00' : ('b_bia.fits', -2.5),
    }),
    ('B|C', -1.5e3) : 'N/A',
})
"""
IMAP = "header = {'mapping' : 'INSTRUMENT', 'parkey' : ('REFTYPE',)}\n"
IMAP += "selector = {'flat' : 'x.rmap', 'bias' : 'N/A'}"
DAY = "        '1996-10-01 00:00:00' : 'a_bia.fits',\n"

USUAL = [
    RMAP,
    IMAP,
    RMAP.replace("'''", '"""').replace('a "comment"', "a 'comment'"),
    RMAP.replace(DAY, DAY + DAY.replace("a_", "c_")),
    RMAP.replace("('B|C', -1.5e3) : 'N/A'", "('A', 1) : 'N/A', ('A', 1) : 'OMIT'"),
    RMAP.replace("('B|C', -1.5e3)", "('A', 1.0)"),
    RMAP.replace("'reffile_required'", "'parkey'"),
    IMAP.replace("'bias'", "'flat'"),
    IMAP.replace("'mapping'", "'parkey'"),
    IMAP.replace("{'flat' : 'x.rmap', 'bias' : 'N/A'}", "{}"),
    IMAP.replace("'bias'", "'flat \t'"),
    IMAP.replace("'bias'", '"flat "'),
    IMAP.replace("'bias'", "' '"),
    IMAP.replace("'", '"'),
    IMAP.replace("'x.rmap'", "(1, ('a'), (), True, None, {1 : 2, 1 : 3}, SelectVersion({}))"),
    IMAP.replace("'N/A'", "'N/A',"),
    IMAP.replace("'INSTRUMENT'", "'Match'").replace("'flat'", "'selector'"),
    IMAP.replace("'flat'", "(('a'), -0, False)"),
    "#only\n#comments before\n" + IMAP + "\n# and after\n",
]
# Only the grammar of the library reads these, or says why it does not.
UNUSUAL = [
    "",
    "header",
    "header = {}",
    "selector = {}\nheader = {}",
    IMAP + IMAP,
    IMAP + " end",
    IMAP + "\n# without an end of line",
    IMAP.replace("header", "headers"),
    IMAP.replace("'flat'", "'fl\\'at'"),
    IMAP.replace("'flat'", r"'fl\nat'"),
    IMAP.replace("'flat'", r"'fl\xat'"),
    IMAP.replace("'flat'", "'fl\nat'"),
    IMAP.replace("'flat'", "'flat' 'field'"),
    IMAP.replace("'flat'", "'''flat'''"),
    IMAP.replace("'flat'", "['flat']"),
    IMAP.replace("'flat'", "Match({})"),
    IMAP.replace("'flat'", "00"),
    IMAP.replace("'flat'", "- 1"),
    IMAP.replace("'flat'", "+1"),
    IMAP.replace("'flat'", ".5"),
    IMAP.replace("'flat'", "1e"),
    IMAP.replace("'flat'", "1_000"),
    IMAP.replace("'flat'", "Truest"),
    IMAP.replace("'flat'", "(,)"),
    IMAP.replace("'x.rmap'", "{1, 2}"),
    IMAP.replace("'x.rmap'", "{,}"),
    IMAP.replace("'x.rmap'", "Matches({})"),
    IMAP.replace("'x.rmap'", "Match({},)"),
    IMAP.replace("'x.rmap'", "Match()"),
    IMAP.replace("'x.rmap'", "'x.rmap',"),
    IMAP.replace("'x.rmap'", "'x.rmap"),
    IMAP.replace("'x.rmap'", "'x.rmap',,"),
    IMAP.replace("'x.rmap'", "\f'x.rmap'"),
    IMAP.replace("'x.rmap'", "{1:" * 13 + "1" + "}" * 13),
    RMAP.replace("'''\nIt's", "'It's"),
    RMAP.replace("\n'''", "\\n'''"),
    RMAP.replace("comment =", "comment = comment ="),
    RMAP.replace("UseAfter({", "UseAfter{"),
]


def compared(folder: Path, *, texts: list[str] = (), matches: list[Any] = ()) -> list[Any]:  # type: ignore[assignment]
    """Return what the program says about texts and matches."""
    cases = folder / "cases.json"
    cases.write_text(json.dumps({"texts": texts, "matches": matches}))
    program = Path(__file__).with_name("oracle_quick_reading.py")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, str(program), str(cases)]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=3600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def assert_alike(texts: list[str], outcomes: list[Any]) -> None:
    for text, (_is_quick, ours, theirs) in zip(texts, outcomes, strict=True):
        assert ours == theirs, text


def test_made_rules_are_parsed_alike_with_all_their_faults(tmp_path: Path) -> None:
    outcomes, _ = compared(tmp_path, texts=USUAL + UNUSUAL)
    assert_alike(USUAL + UNUSUAL, outcomes)
    quick = [is_quick for is_quick, _ours, _theirs in outcomes]
    assert [text for text, is_quick in zip(USUAL, quick, strict=False) if not is_quick] == []
    assert [text for text, is_quick in zip(UNUSUAL, quick[len(USUAL) :], strict=True) if is_quick] == []
    said = [line for _is_quick, ours, _theirs in outcomes for line in ours]
    assert sum("Duplicate entry at" in line for line in said) >= 6
    assert sum("Parsing error in" in line for line in said) >= 20


def test_rules_with_random_changes_are_parsed_alike(tmp_path: Path) -> None:
    chance = random.Random(20261130)
    texts = [changed(chance.choice((RMAP, IMAP)), chance) for _ in range(120)]
    outcomes, _ = compared(tmp_path, texts=texts)
    assert_alike(texts, outcomes)
    assert {is_quick for is_quick, _ours, _theirs in outcomes} == {True, False}


def changed(text: str, chance: random.Random) -> str:
    """Return a text of which one or two symbols are gone, doubled or replaced by others of its symbols."""
    symbols = re.findall(r"\s+|'''.*?'''|'[^'\n]*'|\w+|.", text, re.DOTALL)
    for _ in range(chance.choice((1, 1, 2))):
        place = chance.randrange(len(symbols))
        symbols[place] = chance.choice(["", symbols[place] * 2, chance.choice(symbols)])
    return "".join(symbols)


@pytest.mark.needs("real-data")
def test_real_rules_are_parsed_alike(tmp_path: Path) -> None:
    """A sample of small ones; the grammar of the library takes seconds for larger ones."""
    small = [path for path in real_mappings() if path.stat().st_size < 3000]
    texts = [path.read_text() for path in small[::150]]
    outcomes, _ = compared(tmp_path, texts=texts)
    assert_alike(texts, outcomes)
    assert all(is_quick for is_quick, _ours, _theirs in outcomes)


@pytest.mark.campaign
@pytest.mark.needs("real-data")
def test_the_newest_rmap_of_every_type_is_parsed_alike(tmp_path: Path) -> None:
    newest = {path.name.rpartition("_")[0]: path for path in real_mappings() if path.suffix == ".rmap"}
    texts = [path.read_text() for path in newest.values()]
    outcomes, _ = compared(tmp_path, texts=texts)
    assert_alike(texts, outcomes)


@pytest.mark.campaign
@pytest.mark.needs("real-data")
def test_every_real_mapping_is_read_quickly() -> None:
    selectors = dict.fromkeys(SELECTORS, dict)
    for path in real_mappings():
        assert read_usual(path.read_text(), selectors) is not None, path


def real_mappings() -> list[Path]:
    return sorted((data_root() / "mappings").glob("*/*map"))


def test_special_cases_of_other_cases_are_found_alike(tmp_path: Path) -> None:
    chance = random.Random(20261130)
    values = ["A", "B", "C", "A|B", "A|B|C", "*", "N/A", "ANY", "1", "1.0", "|", "", "{A|B}", "NOT A", "# >1"]
    matches = [[chance.choices(values, k=3) for _ in range(chance.choice((4, 8, 12)))] for _ in range(80)]
    _, outcomes = compared(tmp_path, matches=matches)
    for keys, (theirs, ours) in zip(matches, outcomes, strict=True):
        assert ours == theirs, keys
    assert sum("equal weight special case" in "".join(theirs) for theirs, _ours in outcomes) > 10

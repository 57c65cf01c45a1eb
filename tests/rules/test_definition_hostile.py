"""Definitions from anybody: every text is a definition or has mistakes, and nothing takes long."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.rules.observatories import definition_expressions, definition_patterns, taken_names
from apps.rules.observatories.definition import Definition
from apps.rules.observatories.definition_constraints import constraint_files
from apps.rules.observatories.definition_engine import ids_of, observatory_of
from apps.rules.observatories.definition_reader import DefinitionError, read_definition, to_json
from apps.rules.observatories.definition_schema import json_schema
from apps.rules.text.first_mappings import first_mappings
from tests.patience import does_not_hang
from tests.rules.test_definition_reader import SMALL

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "observatory.schema.json"
LINES = SMALL.splitlines(keepends=True)
ODD = st.sampled_from(
    ["", "[]", "{}", "~", "- a", ": ", "&a *a", "!!binary x", "'", '"', "\t", "\N{BOM}", "\ud800"]
)
PIECES = [
    "A",
    "[AB]",
    "A*",
    "A+",
    "(A|B)",
    "(?:A|AB)",
    ".",
    ".*",
    "A?",
    "[0-9]{3}",
    "(?:AB)+",
    "A{1,9}",
    "(A+)+",
]


def read(text: str) -> None:
    """Read a text; if it is a definition, all that follows from it can be made."""
    try:
        found = read_definition(text, taken=taken_names())
    except DefinitionError as exc:
        mistakes = exc.mistakes
    else:
        require_whole(found)
        return
    assert all(mistake.line >= 1 and mistake.text for mistake in mistakes)


def require_whole(found: Definition) -> None:
    assert read_definition(to_json(found)).plain == found.plain
    assert constraint_files(found)
    assert list(first_mappings(found))
    ids_of(found).find_in_header(dict.fromkeys(found.datasets.exposure_keys, "x" * 500))
    assert observatory_of(found).instruments


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    read(text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(LINES) - 1), st.one_of(ODD, st.text(max_size=40)), st.booleans())
def test_a_definition_with_a_damaged_line_is_read_or_refused(place: int, text: str, keeps_key: bool) -> None:
    key = LINES[place].partition(":")[0] + ": " if keeps_key else ""
    read("".join((*LINES[:place], key + text + "\n", *LINES[place + 1 :])))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SMALL)), st.integers(0, 40))
def test_a_definition_with_a_hole_is_read_or_refused(start: int, length: int) -> None:
    read(SMALL[:start] + SMALL[start + length :])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join), st.sampled_from("AB0"))
def test_a_pattern_that_is_let_through_is_quick(pattern: str, letter: str) -> None:
    if definition_patterns.fault_of(pattern):
        return
    with does_not_hang():
        re.fullmatch(pattern, letter * (definition_patterns.LONGEST_SUBJECT - 1) + "!")


@pytest.mark.parametrize(
    "pattern",
    [
        "(A+)+",
        "(A*)*B",
        "(?:A|AA)+",
        "(?:A?B?)*",
        "(?=A)A",
        r"(A)\1",
        "(?:A{1,5}){1,5}",
        "A{100000}",
        "(?:.*.*)*",
    ],
)
def test_a_pattern_that_may_take_forever_is_refused(pattern: str) -> None:
    assert definition_patterns.fault_of(pattern)


@pytest.mark.parametrize(
    "condition",
    [
        "(__import__('os').system('x'))",
        "(().__class__.__bases__)",
        "(lambda: 1)",
        "([x for x in 'a'])",
        "(A.format(B))",
        "('%s' % A)",
        "('a' * 999999999)",
        "('%2000000000d' % 1)",
        "(DETECTOR * 99999999999)",
        "(2 * DETECTOR)",
        "(DETECTOR % 1)",
        "(float(A) * (B + 1))",
        "(max(A, B) * 2)",
        "(9" + " * 9" * 900 + ")",
        """(A == ' or "" + open(KEY) or "" == ')""",
        "(A == 'B\\\\')",
        "(A == # one\nB)",
        "(9 ** 9 ** 9)",
        "(f'{A}')",
        "(A := 1)",
        "(open)('x')",
        "(str.mro())",
        "(min(*A))",
        "(max(A, key=B))",
        "(" * 500 + ")" * 500,
    ],
)
def test_a_condition_that_does_more_than_compare_is_refused(condition: str) -> None:
    assert definition_expressions.fault_of(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "(DETECTOR == 'A')",
        "(not (A in ['B', 'C']))",
        "(ndim(SCI_ARRAY,2))",
        "(len(SCI_ARRAY.SHAPE)==2)",
        "(A.startswith('B'))",
        "(A ==\n 'B')",
        "(float(EXPTIME) * 2 > len(A) % 3)",
        "((-abs(A) + 1.5) * (ndim(SCI_ARRAY, 2) - int(B) / 2) > 0)",
    ],
)
def test_a_condition_that_compares_is_let_through(condition: str) -> None:
    assert definition_expressions.fault_of(condition) == ""


@pytest.mark.parametrize(
    ("condition", "cure"),
    [("(A * 2)", "write float(KEY) or int(KEY)"), ('(A == "B")', "single quotes, without backslashes")],
)
def test_a_refused_condition_is_told_the_cure(condition: str, cure: str) -> None:
    assert cure in definition_expressions.fault_of(condition)


def test_the_schema_in_the_documents_is_the_one_of_the_reader() -> None:
    text = SCHEMA.read_text(encoding="utf-8")
    remake = "json_schema() of apps/rules/observatories/definition_schema.py, indent 1, writes it"
    assert json.loads(text) == json_schema(), remake

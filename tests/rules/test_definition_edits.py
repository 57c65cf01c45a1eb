"""Edits of the text of a definition keep its comments, and say what the value alone would say."""

import pytest

from apps.rules.observatories.definition import Constraint
from apps.rules.observatories.definition_edits import with_items, with_value
from apps.rules.observatories.definition_reader import read_definition, to_json
from apps.rules.observatories.header_checks import faults_of, undecidable
from tests.rules.test_definition_reader import SMALL

BLOCK = SMALL.replace("  FILTER: [J, H, K]\n", "  FILTER:  # The wheel.\n    - J  # 1.2 um\n    - H\n")
JSON = to_json(read_definition(SMALL))


@pytest.mark.parametrize("text", [SMALL, BLOCK, JSON, SMALL.replace("Keck AO", "Këck ÅO")])
def test_items_values_and_types_are_added_in_any_style(text: str) -> None:
    text = with_items(text, ("keywords", "FILTER"), ["Z", "NO"])
    text = with_value(text, ("instruments", "hispec", "flat"), {"text": "Flat: a, #1", "match": "nothing"})
    text = with_value(text, ("instruments", "osiris"), {"dark": {"text": "Dark", "match": ["FILTER"]}})
    text = with_items(text, ("every_reference", "INSTRUME", "values"), ["OSIRIS"])
    text = with_value(text, ("version",), "1.10")
    found = read_definition(text)
    assert found.keywords["FILTER"].values[-2:] == ("Z", "NO")
    assert found.instruments["hispec"].types["flat"].text == "Flat: a, #1"
    assert list(found.instruments) == ["hispec", "liger", "osiris"]
    assert found.version == "1.10"


def test_comments_stay() -> None:
    text = with_items(BLOCK, ("keywords", "FILTER"), ["Z"])
    assert "  FILTER:  # The wheel.\n    - J  # 1.2 um\n    - H\n    - Z\n" in text


@pytest.mark.parametrize(
    "word",
    [
        "- a",
        "'",
        '"',
        "a: b",
        "#x",
        "&a",
        "*a",
        "!!x",
        "[",
        "{",
        "a\\b",
        "é",
        "NO",
        "a\x8cb",
    ],
)
def test_no_word_becomes_syntax(word: str) -> None:
    found = read_definition(with_value(SMALL, ("instruments", "hispec", "dark", "text"), word))
    assert found.instruments["hispec"].types["dark"].text == word


@pytest.mark.parametrize(
    ("header", "one", "says"),
    [
        ({}, Constraint("A", "yes"), "A is missing."),
        ({"A": "UNDEFINED"}, Constraint("A", "yes"), "A is missing."),
        ({}, Constraint("A", when="(B == 'X')"), ""),
        ({"B": "X"}, Constraint("A", when="(B == 'X')"), "A is missing."),
        ({"A": "1"}, Constraint("A", "excluded"), "A is there, and may not be."),
        ({"A": "x|y"}, Constraint("A", values=("X", "Y")), ""),
        ({"A": "x|z"}, Constraint("A", values=("X", "Y")), "A is 'Z'; allowed are X, Y."),
        ({"A": "x"}, Constraint("A", values=("X",), type="exact"), "A is 'x'; allowed are X."),
        ({"A": "2.50"}, Constraint("A", values=("2.5",), type="real"), ""),
        ({"A": "7"}, Constraint("A", values=("1:5",), type="integer"), "A is 7; allowed are 1:5."),
        ({"A": "deep"}, Constraint("A", type="real"), "A is 'deep', which is not a number of type real."),
        ({"A": "-1"}, Constraint("A", check="(float(A) > 0)"), "A: (float(A) > 0) does not hold."),
        ({"A": "-1"}, Constraint("A", check="(has_columns(X, ['A']))"), ""),
        (
            {"META.B": "Q"},
            Constraint("A", check="(META_B.startswith('R'))"),
            "A: (META_B.startswith('R')) does",
        ),
    ],
)
def test_headers_are_checked_without_the_library(header: dict[str, str], one: Constraint, says: str) -> None:
    found = " ".join(fault for _keyword, fault in faults_of(header, [one]))
    assert found.startswith(says)
    assert bool(found) == bool(says)


def test_what_headers_do_not_decide_is_said() -> None:
    several = [
        Constraint("SCI", place="array"),
        Constraint("USEAFTER", form="&JWSTDATE"),
        Constraint("A", check="(has_columns(X, ['A']))"),
        Constraint("B", check="(float(B) > 0)"),
    ]
    assert [text.partition(":")[0] for text in undecidable(several)] == ["A", "SCI", "USEAFTER"]

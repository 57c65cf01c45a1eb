import pytest

from apps.rules.lookup.matchers import literals_of, matcher


@pytest.mark.parametrize(
    ("element", "matches", "open_to", "rules_out"),
    [
        ("FOO", ["FOO", "*"], ["N/A"], ["FO", "FOO1", ""]),
        ("FOO|BAR*", ["FOO", "BAR", "BAR12", "*"], ["N/A"], ["BA", "FOO1"]),
        ("*", ["FOO", "", "*"], ["N/A"], []),
        ("N/A", [], ["FOO", "*", "N/A"], []),
        ("NOT FOO", ["BAR", ""], ["N/A"], ["FOO", "*"]),
        ("BETWEEN 10 20", ["10", "19.99", "*"], ["N/A"], ["9.99", "20", "FOO", "NAN"]),
        ("# >=1 AND <2 #", ["1", "1.99"], ["N/A"], ["0.99", "2"]),
        ("# <1 OR >2 #", ["0.99", "2.01"], ["N/A"], ["1", "2"]),
        (">=1.5", ["1.5", "2"], ["N/A"], ["1.49"]),
        ("{A|*}", ["A|*", "*"], ["N/A"], ["A"]),
        ("{N/A}", ["N/A", "*"], [], ["A"]),
        ("(SUB[0-9]+)", ["SUB64", "SUB64X", "*"], ["N/A"], ["SUB", "SUB" + "6" * 200]),
    ],
)
def test_elements_judge_values(
    element: str, matches: list[str], open_to: list[str], rules_out: list[str]
) -> None:
    decide = matcher(element)
    assert [decide(value) for value in matches] == [1] * len(matches)
    assert [decide(value) for value in open_to] == [0] * len(open_to)
    assert [decide(value) for value in rules_out] == [-1] * len(rules_out)


@pytest.mark.parametrize("element", ["A", "A|B", "A?", "A|A?", "NOT A", "A*", "{A}", "N/A", "1.0", "|"])
def test_listed_literals_are_all_a_matcher_takes(element: str) -> None:
    literals = literals_of(element)
    for value in ("A", "B", "A?", "AB", "1.0", ""):
        if literals is not None:
            assert (matcher(element)(value) == 1) == (value in literals)

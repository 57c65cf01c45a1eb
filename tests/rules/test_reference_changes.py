"""Changes of references between the rules of one type: their match cases, starts and ends."""

from apps.rules.differences import ChangeKind, reference_changes
from apps.rules.lookup.rules_as_rows import Key, Listing, RuleRow

FILTER = Key("FILTER", ("FILTER",), "Match")
DETECTOR = Key("DETECTOR", ("DETECTOR",), "Match")
USEAFTER = Key("USEAFTER", ("DATE-OBS", "TIME-OBS"), "UseAfter")


def listing(*rows: tuple[str, ...], keys: tuple[Key, ...] = (FILTER, USEAFTER)) -> Listing:
    """Return rows of values whose last text is the reference or a word in its place."""
    made = (
        RuleRow(row[:-1], (), row[-1]) if row[-1] == "N/A" else RuleRow(row[:-1], (row[-1],)) for row in rows
    )
    return Listing(keys, tuple(made))


def told(old: Listing, new: Listing) -> list[tuple[str, str, str, list[tuple[str, str, str]]]]:
    return [
        (
            each.change.value,
            " ".join(each.old),
            " ".join(each.new),
            [(case.text, case.since, case.until) for case in each.cases],
        )
        for each in reference_changes(old, new)
    ]


def test_the_same_rules_have_no_changes() -> None:
    rules = listing(("F1", "2020-01-01", "a"), ("F2", "2020-01-01", "b"))
    assert told(rules, rules) == []


def test_a_reference_with_a_later_date_is_added_over_the_one_that_applied() -> None:
    old = listing(("F1", "2020-01-01", "a"), ("F1", "2022-01-01", "c"))
    new = listing(("F1", "2020-01-01", "a"), ("F1", "2021-01-01", "b"), ("F1", "2022-01-01", "c"))
    assert told(old, new) == [("added", "a", "b", [("FILTER F1", "2021-01-01", "2022-01-01")])]


def test_a_reference_before_all_others_replaces_nothing() -> None:
    old = listing(("F1", "2020-01-01", "a"))
    new = listing(("F1", "2019-01-01", "b"), ("F1", "2020-01-01", "a"))
    assert told(old, new) == [("added", "", "b", [("FILTER F1", "2019-01-01", "2020-01-01")])]


def test_another_reference_for_the_same_date_replaces() -> None:
    old, new = listing(("F1", "2020-01-01", "a")), listing(("F1", "2020-01-01", "b"))
    assert told(old, new) == [("replaced", "a", "b", [("FILTER F1", "2020-01-01", "")])]


def test_a_removed_reference_names_the_one_that_applies_instead() -> None:
    old = listing(("F1", "2020-01-01", "a"), ("F1", "2021-01-01", "b"))
    assert told(old, listing(("F1", "2020-01-01", "a"))) == [
        ("removed", "b", "a", [("FILTER F1", "2021-01-01", "")])
    ]


def test_a_reference_for_many_cases_is_one_change() -> None:
    old = listing(("F1", "2020-01-01", "a"), ("F2", "2020-01-01", "a"))
    new = listing(("F1", "2020-01-01", "b"), ("F2", "2020-01-01", "b"))
    ((change, was, is_now, cases),) = told(old, new)
    assert (change, was, is_now) == ("replaced", "a", "b")
    assert [case[0] for case in cases] == ["FILTER F1", "FILTER F2"]


def test_a_reference_whose_parkeys_changed_is_moved_and_neither_added_nor_removed() -> None:
    old = listing(("F1", "2020-01-01", "a"))
    new = listing(("F1", "D1", "2020-01-01", "a"), keys=(FILTER, DETECTOR, USEAFTER))
    assert told(old, new) == [("moved", "a", "a", [("FILTER F1, DETECTOR D1", "2020-01-01", "")])]


def test_a_reference_that_lost_a_case_is_moved() -> None:
    old = listing(("F1", "2020-01-01", "a"), ("F2", "2020-01-01", "a"))
    new = listing(("F1", "2020-01-01", "a"))
    assert told(old, new) == [("moved", "a", "a", [("FILTER F2", "2020-01-01", "")])]


def test_a_word_in_place_of_a_reference_is_shown() -> None:
    old, new = listing(("F1", "", "N/A")), listing(("F1", "", "a"))
    assert told(old, new) == [("replaced", "N/A", "a", [("FILTER F1", "", "")])]


def test_rules_without_a_predecessor_are_all_added() -> None:
    found = reference_changes(Listing((), ()), listing(("F1", "2020-01-01", "a")))
    assert [(each.change, each.references) for each in found] == [(ChangeKind.ADDED, ("a",))]

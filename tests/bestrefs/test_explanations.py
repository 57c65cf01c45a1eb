import json
from typing import Any

import pytest

from apps.bestrefs.errors import UnknownTypeError
from apps.bestrefs.explanation_text import as_text
from apps.bestrefs.explanations import Explanation, explain
from apps.bestrefs.questions import Question, of_header
from apps.rules.text.parser import RawSelector
from tests.factories.datasets import CONTEXT, make_header, publish_context, publish_rules

pytestmark = pytest.mark.django_db

CASES = {
    ("FUV", "F1"): {"2000-01-01 00:00:00": "f1_a.fits", "2005-01-01 00:00:00": "f1_b.fits"},
    ("FUV", "F2|F3"): {"2000-01-01 00:00:00": "f23.fits"},
    ("FUV", "N/A"): {"1990-01-01 00:00:00": "any.fits"},
    ("NUV", "F4"): {"2000-01-01 00:00:00": "f4.fits"},
}


@pytest.fixture(autouse=True)
def hst(hubble: None) -> None:
    """Make this server serve Hubble."""


def explained(cases: Any = CASES, *, header: dict[str, str] | None = None, **fields: Any) -> Explanation:
    """Return the explanation for a type of COS with these cases, chosen by detector and filter."""
    context = publish_rules("flatfile", cases, parkeys=("DETECTOR", "FILTER"), **fields)
    (found,) = explain(of_header(context, {**make_header(FILTER="F1"), **(header or {})}))
    assert json.loads(json.dumps(found.as_dict()))["verdict"] == found.verdict
    return found


def test_the_chosen_reference_is_explained_with_case_and_dates() -> None:
    found = explained()
    assert (found.answer, found.outcome, found.hint) == ("f1_b.fits", "found", "")
    assert found.verdict == (
        "2 of 4 cases fit; the best of them matches 2 parameters. Of its 2 useafter dates "
        "2005-01-01 00:00:00 is the latest that is not after 2010-05-06 12:00:00."
    )
    (search,) = found.searches
    best, other = search.fitting
    assert (best.is_winner, best.place, best.weight, best.key) == (
        True, 1, 2, {"DETECTOR": "FUV", "FILTER": "F1"},
    )  # fmt: skip
    assert (other.is_winner, other.place, other.key) == (False, 2, {"DETECTOR": "FUV"})
    (dates,) = search.dates
    assert (dates.before, dates.after) == (("2000-01-01 00:00:00", "f1_a.fits"), None)
    assert [case.missed for case in search.nearest] == [
        (("FILTER", "F2 or F3", "F1"),),
        (("DETECTOR", "NUV", "FUV"), ("FILTER", "F4", "F1")),
    ]


def test_where_nothing_fits_the_nearest_values_are_named() -> None:
    cases = {case: dates for case, dates in CASES.items() if case != ("FUV", "N/A")}
    found = explained(cases, header={"FILTER": "F9"})
    assert (found.answer or "").startswith("NOT FOUND  parameter='FILTER' value='F9'")
    assert found.verdict == "None of 3 cases fits: none takes F9 for FILTER."
    assert found.hint == "It would match if FILTER were F1, F2 or F3."
    (search,) = found.searches
    parameters = {one.parkey: one for one in search.parameters}
    assert parameters["FILTER"].is_unknown
    assert parameters["FILTER"].known == ("F1", "F2", "F3", "F4")
    assert (parameters["FILTER"].rules_out, parameters["DETECTOR"].rules_out) == (3, 1)


def test_several_parameters_that_could_be_otherwise_are_alternatives() -> None:
    cases = {("FUV", "F1"): {"2000-01-01": "a.fits"}, ("NUV", "F4"): {"2000-01-01": "b.fits"}}
    assert explained(cases, header={"FILTER": "F4"}).hint == (
        "It would match if FILTER were F1 or if DETECTOR were NUV."
    )


def test_a_case_that_differs_in_all_parameters_is_shown_whole() -> None:
    cases = {("NUV", "F4"): {"2000-01-01": "b.fits"}, ("NUV", "F5"): {"2000-01-01": "c.fits"}}
    assert explained(cases).hint == (
        "The nearest case would match if DETECTOR were NUV and FILTER were F4. One other case is as near."
    )


def test_dates_that_are_all_later_are_reported_with_the_first_one() -> None:
    found = explained(header={"DATE-OBS": "1980-01-01"})
    assert found.answer == "NOT FOUND No match found."
    assert found.verdict == "2 of 4 cases fit, but all useafter dates are later."
    assert found.hint == "It would match an exposure that started at 1990-01-01 00:00:00 or later."


def test_falling_through_to_a_lesser_case_is_reported() -> None:
    found = explained(header={"DATE-OBS": "1995-01-01"})
    assert found.answer == "any.fits"
    assert "all useafter dates of 1 better one are later. Its only useafter date" in found.verdict
    assert [case.is_winner for case in found.searches[0].fitting] == [False, True]


def test_a_condition_that_rules_the_type_out_is_reported_with_its_values() -> None:
    found = explained(rmap_relevance='(FILTER != "F1")')
    assert (found.outcome, found.searches) == ("n/a", ())
    assert found.verdict == 'Does not apply, because not (FILTER != "F1"). Here FILTER is F1.'
    (criterion,) = [one for one in found.criteria if one.values]
    assert (criterion.title, dict(criterion.values)) == ("Applies only where", {"FILTER": "F1"})


def test_a_type_that_is_left_out_says_why() -> None:
    found = explained(rmap_omit='(FILTER == "F1")')
    assert (found.answer, found.outcome) == (None, "omitted")
    assert found.verdict.startswith('Left out, because (FILTER == "F1").')


def test_a_condition_that_cannot_be_asked_is_read_over_and_noted() -> None:
    found = explained(rmap_omit="True")
    assert found.reference == "f1_b.fits"
    (criterion,) = [one for one in found.criteria if one.title == "Left out where"]
    assert (criterion.text, dict(criterion.values)) == ("true", {})
    assert found.notes == ("Condition true is ignored: name 'true' is not defined.",)


def test_parameters_that_do_not_matter_and_substitutions_are_reported() -> None:
    found = explained(
        parkey_relevance={"filter": '(DETECTOR == "NUV")'},
        substitutions={"FILTER": {"OLD": "F1"}},
    )
    titles = {one.title: one.text for one in found.criteria}
    assert titles["FILTER matters where"] == '(DETECTOR == "NUV")'
    assert titles["Values of FILTER in the rules"] == "OLD is read as F1"
    assert "FILTER does not matter here." in found.notes
    parameter = next(one for one in found.searches[0].parameters if one.parkey == "FILTER")
    assert (parameter.given, parameter.compared, parameter.is_changed) == ("F1", "N/A", True)


def test_a_type_that_is_not_required_does_not_apply_where_nothing_fits() -> None:
    found = explained({("NUV", "F4"): {"2000-01-01": "a.fits"}}, reffile_required="NO")
    assert found.outcome == "n/a"
    assert "A reference of this type is not required." in found.verdict
    assert found.hint


def test_a_case_that_says_na_itself_is_reported() -> None:
    assert (
        explained({("FUV", "F1"): "N/A"}).verdict
        == "The rules for the best fitting case say that the type is n/a."
    )


def test_references_without_dates_are_reported() -> None:
    found = explained({("FUV", "F1"): "plain.fits", ("NUV", "F1"): "other.fits"})
    assert found.verdict == "1 of 2 cases fits. That leads to plain.fits."
    assert found.searches[0].fitting[0].is_winner


def test_an_unreadable_date_is_reported() -> None:
    found = explained(header={"TIME-OBS": "noon"})
    assert found.outcome == "not found"
    assert "the date could not be compared" in found.verdict


def test_of_many_cases_the_nearest_are_shown_and_the_rest_counted() -> None:
    cases: dict[Any, Any] = {
        ("NUV", f"F{number}"): {"2000-01-01": f"r{number}.fits"} for number in range(100)
    }
    found = explained({**cases, ("FUV", "F0"): {"2000-01-01": "near.fits"}}, header={"FILTER": "F200"})
    (search,) = found.searches
    assert len(search.nearest) == 20
    assert search.nearest[0].leads_to == ("near.fits",)
    assert search.not_shown == ((2, 81),)
    assert search.case_count == 101
    assert found.verdict == "None of 101 cases fits: none takes F200 for FILTER."


def test_one_type_is_explained_alone_and_unknown_ones_are_refused() -> None:
    publish_context()
    question = of_header(CONTEXT, make_header())
    assert [one.reftype for one in explain(question, " DeadTab ")] == ["deadtab"]
    assert [one.reftype for one in explain(question)] == ["brftab", "deadtab"]
    with pytest.raises(UnknownTypeError, match=r"no reference type 'flat' in .*; there are brftab, deadtab"):
        explain(question, "flat")


def test_explanations_agree_with_the_answers() -> None:
    publish_context()
    for changes in ({}, {"DETECTOR": "NUV"}, {"DEADCORR": "OMIT"}, {"DATE_OBS": "1990-01-01"}):
        question = of_header(CONTEXT, make_header(**changes))
        answers = question.rules.best_references(question.header)
        assert {one.reftype: one.answer for one in explain(question)} == answers


def test_the_text_tells_all_of_it() -> None:
    context = publish_rules("flatfile", CASES, parkeys=("DETECTOR", "FILTER"))
    question: Question = of_header(context, make_header(FILTER="F9"), name="x.fits")
    text = as_text(question, explain(question))
    for part in (
        "Best references of x.fits under hst_0001.pmap",
        "FILTER = F9",
        "FLATFILE: any.fits",
        "[chosen, matches 1] DETECTOR=FUV -> any.fits",
        "DETECTOR=FUV, FILTER=F2|F3: FILTER is F9, the case needs F2 or F3",
        "chosen: 1990-01-01 00:00:00 any.fits",
    ):
        assert part in text
    assert text.endswith("\n")


def test_hooks_and_both_searches_are_reported() -> None:
    key = ("HRC", "A", "1.0", "N/A", "1062", "1044", "19.0", "20.0", "N/A", "N/A", "N/A")
    parkeys = (
        "DETECTOR", "CCDAMP", "CCDGAIN", "APERTURE", "NAXIS1", "NAXIS2", "LTV1", "LTV2",
        "XCORNER", "YCORNER", "CCDCHIP",
    )  # fmt: skip
    hooks = {
        "fallback_header": "fallback_header_acs_biasfile_v2",
        "precondition_header": "precondition_header_acs_biasfile_v2",
    }
    context = publish_rules(
        "biasfile", {key: {"1992-01-01": "x_bia.fits"}}, parkeys=parkeys, instrument="acs", hooks=hooks,
        extra_keys=("XCORNER", "YCORNER", "CCDCHIP"),
    )  # fmt: skip
    header = {
        "INSTRUME": "ACS", "DETECTOR": "HRC", "CCDAMP": "A", "CCDGAIN": "1", "APERTURE": "HRC",
        "DATE-OBS": "2002-04-13", "TIME-OBS": "18:16:35",
    }  # fmt: skip
    (found,) = explain(of_header(context, header))
    assert found.reference == "x_bia.fits"
    assert len(found.searches) == 2
    assert not found.searches[0].fitting
    assert found.searches[1].fitting[0].is_winner
    titles = {one.title: one.text for one in found.criteria}
    assert titles["Hook that rewrites the header for a second search"] == hooks["fallback_header"]
    assert any("after the fallback hook" in note for note in found.notes)


def test_selectors_other_than_cases_are_reported_too() -> None:
    context = publish_rules("flatfile", RawSelector("UseAfter", {"2000-01-01": "a.fits"}), parkeys=())
    (found,) = explain(of_header(context, make_header()))
    assert found.reference == "a.fits"
    assert found.verdict == "The rules have no cases and lead to a.fits by useafter date."
    assert found.searches[0].dates[0].chosen == "2000-01-01"


def test_rules_without_any_case_say_so() -> None:
    found = explained({})
    assert (found.verdict, found.hint) == ("The rules have no case at all.", "")


def test_versions_are_reported_as_people_write_them() -> None:
    selector = RawSelector("VersionAfter", {"0.6": "a.fits", "0.10.1": "b.fits"})
    context = publish_rules("flatfile", selector, parkeys=(), parkey=(("CALVER",),))
    (found,) = explain(of_header(context, make_header(CALVER="0.9.2")))
    (dates,) = found.searches[0].dates
    assert (dates.kind, dates.chosen, dates.observed) == ("VersionAfter", "0.6.0", "0.9.2")
    assert found.verdict.endswith("by version.")

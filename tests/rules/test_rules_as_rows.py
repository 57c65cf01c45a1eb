"""Rules as rows: every way through a selector, whatever its kinds."""

from apps.rules.lookup.rules_as_rows import Listing, list_rules, short_names
from apps.rules.observatories import get_observatory
from tests.rules.factories import make_rmap


def listed(selector: str = "", **fields: object) -> Listing:
    mapping = make_rmap(selector, **fields) if selector else make_rmap()
    assert mapping.selector
    return list_rules(mapping.selector, mapping.definition)


def test_each_useafter_date_of_each_case_is_a_row() -> None:
    found = listed()
    assert [key.title for key in found.keys] == ["DETECTOR", "FILTER", "USEAFTER"]
    assert [(row.values, row.references) for row in found.rows] == [
        (("CCD", "A", "2000-01-01 00:00:00"), ("a1.fits",)),
        (("CCD", "A", "2005-01-01 00:00:00"), ("a2.fits",)),
        (("CCD", "N/A", "1990-01-01 00:00:00"), ("any.fits",)),
        (("MAMA", "B|C", "2000-01-01 00:00:00"), ("bc.fits",)),
    ]
    assert found.useafter == 2


def test_a_case_that_is_not_applicable_has_a_word_and_no_date() -> None:
    found = listed(
        "Match({('A',) : 'N/A', ('B',) : UseAfter({'2000-01-01 00:00:00' : 'b.fits'})})",
        parkey=(("DETECTOR",), ("DATE-OBS", "TIME-OBS")),
    )
    assert (found.rows[0].values, found.rows[0].references, found.rows[0].word) == (("A", ""), (), "N/A")
    assert found.rows[1].references == ("b.fits",)


def test_a_match_alone_has_no_column_of_dates() -> None:
    found = listed("Match({('A',) : 'a.fits'})", parkey=(("DETECTOR",),))
    assert [key.title for key in found.keys] == ["DETECTOR"]
    assert found.useafter == -1


def test_other_selectors_have_columns_of_their_own() -> None:
    found = listed(
        "Match({('A',) : Bracket({1.2 : 'low.fits', 5.0 : 'high.fits'}), "
        "('B',) : ClosestTime({'2017-04-24 00:00:00' : 'near.fits'}), "
        "('C',) : SelectVersion({'< 3.1' : 'old.fits', 'default' : 'new.fits'})})",
        parkey=(("DETECTOR",), ("EXPTIME",)),
    )
    assert [key.title for key in found.keys] == [
        "DETECTOR",
        "Bracket EXPTIME",
        "CLOSEST TIME",
        "SelectVersion EXPTIME",
    ]
    assert [row.values for row in found.rows] == [
        ("A", "1.2", "", ""),
        ("A", "5.0", "", ""),
        ("B", "", "2017-04-24 00:00:00", ""),
        ("C", "", "", "< 3.1"),
        ("C", "", "", "default"),
    ]


def test_versions_are_written_as_versions() -> None:
    found = listed("VersionAfter({'0.6.0' : 'levels.json'})", parkey=(("CAL_VER",),))
    assert [row.values for row in found.rows] == [("0.6.0",)]


def test_several_references_given_together_stay_together() -> None:
    found = listed("Match({('A',) : ('a.fits', 'b.fits')})", parkey=(("DETECTOR",),))
    assert found.rows[0].references == ("a.fits", "b.fits")


def test_two_parkeys_with_one_short_name_keep_their_long_ones() -> None:
    names = short_names(["ROMAN.META.A.FILTER", "ROMAN.META.B.FILTER"], get_observatory("roman"))
    assert list(names.values()) == ["ROMAN.META.A.FILTER", "ROMAN.META.B.FILTER"]

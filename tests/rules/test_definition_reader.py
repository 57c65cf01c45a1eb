"""The reader of definitions: what is right is a value, what is wrong is said with its line."""

import pytest

from apps.rules.observatories.definition_constraints import constraint_files
from apps.rules.observatories.definition_reader import DefinitionError, TakenNames, read_definition, to_json

SMALL = """\
observatory: keckao
title: Keck AO
version: 1.0
server: https://keckao-crds.example.org
telescopes: [Keck I, Keck II]
calibration_software: keckdrp
instrument_key: INSTRUME
useafter_keys: [DATE-OBS, UT]
provenance: [DESCRIP, PEDIGREE, USEAFTER, HISTORY, AUTHOR]
record_as: "R_{type:.6}"
synonyms:
  INSTRUME: [CURRINST]
patterns:
  P_READ: READMODE
every_reference:
  INSTRUME: {required: true, values: [HISPEC, LIGER]}
  REFTYPE: {required: true}
  USEAFTER: {required: true, form: "&JWSTDATE"}
keywords:
  DETECTOR: [H4RG_B, H4RG_R]
  READMODE: [CDS, MCDS4, UTR]
  FILTER: [J, H, K]
instruments:
  hispec:
    dark: {text: Dark current, match: [DETECTOR, READMODE]}
    wave: {text: Wavelength solution, match: [DETECTOR], select: ClosestTime}
  liger:
    distort: {text: Distortion, match: [FILTER], extension: .asdf}
    pars-rectify: {text: Parameters, match: nothing, extension: .json}
datasets:
  example: KOA.20260102.03456
  file_name: "(KOA\\\\.[0-9]{8}\\\\.[0-9]{5})(?:_[A-Z0-9]+)?(?:\\\\.FITS)?"
  exposure_keys: [KOAID, FILENAME]
"""
LINES = SMALL.splitlines()


def line_of(start):
    return next(number for number, line in enumerate(LINES, 1) if line.strip().startswith(start))


def mistakes(old, new, taken=None):
    """Return the mistakes of the definition with one text in it replaced."""
    assert old in SMALL
    options = {"taken": taken} if taken else {}
    with pytest.raises(DefinitionError) as caught:
        read_definition(SMALL.replace(old, new, 1), **options)
    return caught.value.mistakes


def test_texts_stay_as_they_were_written():
    found = read_definition(SMALL.replace("[J, H, K]", "[NO, 1.50, 0x10, J]"))
    assert found.version == "1.0"
    assert found.keywords["FILTER"].values == ("NO", "1.50", "0X10", "J")


def test_a_short_definition_has_the_usual_values():
    dark = read_definition(SMALL).instruments["hispec"].types["dark"]
    assert (dark.match, dark.select, dark.extension, dark.suffix) == (
        ("DETECTOR", "READMODE"),
        "UseAfter",
        ".fits",
        "dark",
    )


def test_a_type_may_match_nothing_if_it_says_so():
    assert read_definition(SMALL).instruments["liger"].types["pars-rectify"].match == ()


def test_json_reads_back_the_same():
    found = read_definition(SMALL)
    again = read_definition(to_json(found))
    assert again.plain == found.plain
    assert to_json(again) == to_json(found)


def test_constraints_follow_from_match_keys_and_vocabulary():
    files = constraint_files(read_definition(SMALL))
    assert "DETECTOR  H  C  R  H4RG_B,H4RG_R,ANY,N/A\n" in files["hispec_dark.tpn"]
    assert (
        "READMODE  H  C  O  CDS,MCDS4,UTR,ANY,N/A\n" in files["hispec_dark.tpn"]
    )  # P_READ may stand for it.
    # It chooses no dark, but a dark that says it must say one of its values.
    assert "FILTER  H  C  O  J,H,K,ANY,N/A\n" in files["hispec_dark.tpn"]
    assert "USEAFTER  H  C  R  &JWSTDATE\n" in files["all_all.tpn"]
    assert files["hispec_dark_ld.tpn"] == files["hispec_dark.tpn"]


@pytest.mark.parametrize(
    ("old", "new", "start", "text"),
    [
        ("observatory: keckao", "observatory: keck2", "observatory", "2 to 8 letters"),
        ("observatory: keckao", "observatory: longnames", "observatory", "2 to 8 letters"),
        ("title: Keck AO", "titel: Keck AO", "title", "Did you mean title?"),
        ("title: Keck AO", "title: [a, b]", "title", "is a list"),
        ("title: Keck AO", "title: ''", "title", "empty"),
        ("match: [DETECTOR, READMODE]", "match: []", "dark", "has 0 items"),
        ("match: [DETECTOR, READMODE]", "match: {}", "dark", "has a mapping"),
        (", match: [DETECTOR, READMODE]", "", "dark", "lacks `match`"),
        ("match: [DETECTOR, READMODE]", "match: [DETECTOR, DETECTOR]", "dark", "twice"),
        ("match: [DETECTOR, READMODE]", "match: [DATE-OBS]", "dark", "not a match key"),
        ("select: ClosestTime", "select: ClosestTme", "wave", "Did you mean ClosestTime?"),
        ("extension: .asdf", "extension: .exe", "distort", ".exe"),
        ("INSTRUME: [CURRINST]", "INSTRUME: [INSTRUME]", "INSTRUME: [", "synonym of itself"),
        ("values: [HISPEC, LIGER]", "values: [HISPEC]", "INSTRUME: {", "does not allow the instrument LIGER"),
        (
            "values: [HISPEC, LIGER]",
            "values: [HISPEC, LIGER, NIRES]",
            "INSTRUME: {",
            "NIRES is not an instrument",
        ),
        ('form: "&JWSTDATE"', "when: (open('x'))", "USEAFTER", "open is not a function"),
        ('form: "&JWSTDATE"', "when: (().__class__)", "USEAFTER", "__class__"),
        ('form: "&JWSTDATE"', "check: '([1 for x in y])'", "USEAFTER", "not allowed"),
        ('form: "&JWSTDATE"', "form: '&NODATE'", "USEAFTER", "Did you mean"),
        ("example: KOA.2026", "example: XXX.2026", "example", "does not fit the example XXX.2026"),
        ("(?:_[A-Z0-9]+)?", "((?:[A-Z0-9]+)*)*", "file_name", "repetition"),
        ("(?:_[A-Z0-9]+)?", "(?:AB|AB?)*", "file_name", "repetition"),
        ("(?:_[A-Z0-9]+)?", ".*.*.*.*.*.*", "file_name", "takes too long"),
        ("(?:_[A-Z0-9]+)?", "\\\\1", "file_name", "pattern"),
        ("(?:_[A-Z0-9]+)?", "(", "file_name", "pattern"),
        ("[J, H, K]", '[J, H, "K\'"]', "FILTER", "without quotes"),
        ("[J, H, K]", "[J, H, (K)]", "FILTER", "does not begin with"),
        ("[J, H, K]", "[J, H, J]", "FILTER", "twice"),
        ("liger:", "all:", "liger", "`all` is not an instrument"),
        ("P_READ: READMODE", "P_READ: P_READ", "P_READ", "pattern"),
        ('"R_{type:.6}"', '"R_{type:.1}"', "record_as", "tells them apart"),
        ('"R_{type:.6}"', '"R_{type.__class__}"', "record_as", "{type}"),
        ("server: https://keckao", "server: ftp://keckao", "server", "address"),
    ],
)
def test_a_mistake_is_said_with_its_line(old, new, start, text):
    found = mistakes(old, new)
    number = line_of(start)
    assert [str(one) for one in found if one.line == number and text in one.text], [str(one) for one in found]


def test_synonyms_in_a_circle_are_refused():
    found = mistakes("  INSTRUME: [CURRINST]", "  INSTRUME: [CURRINST]\n  CURRINST: [INSTRUME]")
    assert [one.line for one in found] == [12, 13]
    assert "has synonyms itself" in found[0].text


def test_a_vocabulary_that_shuts_out_an_instrument_is_refused():
    _value_of_every_reference, found = mistakes("keywords:\n", "keywords:\n  INSTRUME: [HISPEC, NIRC2]\n")
    assert found.line == line_of("keywords") + 1
    assert "keywords.INSTRUME does not allow the instrument LIGER. Add it." in found.text


@pytest.mark.parametrize("name", ["jw", "jwst", "roma", "oman", "hstx", "myhst"])
def test_a_name_that_the_client_mixes_up_is_refused(name):
    taken = TakenNames(("hst", "jwst", "roman", "tobs"), {})
    (found,) = mistakes("observatory: keckao", f"observatory: {name}", taken)
    assert found.line == 1
    assert "would take for" in found.text


def test_an_instrument_that_the_client_knows_is_refused():
    (found,) = mistakes("liger:", "wfi:", TakenNames(("roman",), {"wfi": "roman"}))[:1]
    assert "one of roman" in found.text or "WFI" in found.text


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "empty"),
        ("a: &x [1]\nb: *x", 1, "anchor"),
        ("a: *x", 1, "alias"),
        ("a: !!python/object/apply:os.system [ls]", 1, "tag"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("a: 1\na: 2", 2, "again; line 1"),
        ("a: 1\n  b: 2", 2, "not YAML"),
        ("a: " + "[" * 5000, 1, "nested deeper"),
        ("a: [" + "1," * 300_000 + "]", 1, "values"),
        ("a: " + "x" * (5 << 20), 1, "larger"),
        ("a: \0", 1, "not YAML"),
        ("? [a]\n: b", 1, "key must be text"),
        ("[a]", 1, "no `key: value`"),
        ("just a text", 1, "no `key: value`"),
    ],
)
def test_a_text_that_is_no_definition_is_refused_at_its_line(text, line, says):
    with pytest.raises(DefinitionError) as caught:
        read_definition(text)
    assert caught.value.mistakes[0].line == line
    assert says in caught.value.mistakes[0].text


def test_laughs_of_billions_are_refused_at_once():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(DefinitionError, match="line 1: &a is an anchor"):
        read_definition(bomb)

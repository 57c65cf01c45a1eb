import json
import pprint
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.bestrefs.pasted_header import LONGEST, MAX_VALUE, read_header
from apps.core.errors import InvalidInputError
from tests.patience import does_not_hang
from tests.shared_data import sample_files


def card(text: str) -> str:
    return text.ljust(80)


def test_cards_are_read_with_and_without_ends_of_lines() -> None:
    cards = [
        card("SIMPLE  =                    T / conforms"),
        card("INSTRUME= 'ACS     '           / who took it"),
        card("CCDGAIN =                  2.0 / gain"),
        card("COMMENT = this is not a value"),
        card("              / DATA DESCRIPTION KEYWORDS"),
        card("END"),
    ]
    expected = {"SIMPLE": "True", "INSTRUME": "ACS", "CCDGAIN": "2.0"}
    assert read_header("\n".join(cards)) == expected
    assert read_header("\r\n".join(cards)) == expected
    assert read_header("".join(cards)) == expected


def test_lines_of_key_and_value_are_read_with_paths_and_colons() -> None:
    text = """
    INSTRUME = MIRI
    meta.exposure.type: MIR_IMAGE
    "DATE-OBS" = "2022-06-30"
    TIME-OBS: 12:00:00
    no value here
    two words = nothing
    """
    assert read_header(text) == {
        "INSTRUME": "MIRI",
        "META.EXPOSURE.TYPE": "MIR_IMAGE",
        "DATE-OBS": "2022-06-30",
        "TIME-OBS": "12:00:00",
    }


def test_slashes_and_quotes_inside_values_stay() -> None:
    text = "OBSERVER= 'O''HARA / KIM' / name\nFORMULA = 'A=B:C'\nPATH = a/b\nEMPTY = / nothing\nOPEN = 'A"
    assert read_header(text) == {
        "OBSERVER": "O'HARA / KIM",
        "FORMULA": "A=B:C",
        "PATH": "a/b",
        "EMPTY": "",
        "OPEN": "A",
    }


def test_long_values_go_on_in_continue_cards() -> None:
    text = "LONG = 'one &'\nCONTINUE  'two &'\nCONTINUE  'three' / end\nNEXT = 'a&'\nLAST = 1\nCONTINUE  'no'"
    assert read_header(text) == {"LONG": "one two three", "NEXT": "a&", "LAST": "1"}


def test_hierarch_keywords_are_joined_by_underscores() -> None:
    assert read_header("HIERARCH ESO DET ID = 'X1' / detector") == {"ESO_DET_ID": "X1"}


def test_the_first_of_equal_keywords_counts() -> None:
    assert read_header("NAXIS = 0\nINSTRUME = ACS\nNAXIS = 2\nnaxis = 3") == {"NAXIS": "0", "INSTRUME": "ACS"}


def test_values_are_cut_where_the_rules_stop_reading() -> None:
    assert len(read_header(f"KEY = {'a' * 5000}")["KEY"]) == MAX_VALUE


def test_a_text_without_bounds_is_refused() -> None:
    assert read_header("\n" * LONGEST) == {}
    with pytest.raises(InvalidInputError, match="800,001 characters"):
        read_header("\n" * (LONGEST + 1))


@given(st.text(alphabet=st.sampled_from("AB=:'\"/& \n\r\0<>.-CONTINUEHIERARCHEND"), max_size=300))
def test_any_text_is_read_without_failure(text: str) -> None:
    for key, value in read_header(text).items():
        assert key == key.upper()
        assert key.replace("_", "").replace("-", "").replace(".", "").isalnum()
        assert "\n" not in value


@given(st.text(max_size=200))
def test_text_of_any_alphabet_makes_plain_keys_only(text: str) -> None:
    assert all(key.isascii() for key in read_header(text))


@given(
    st.dictionaries(st.from_regex(r"[A-Z]{2,8}", fullmatch=True), st.text("AB '/=", max_size=60), max_size=5)
)
def test_a_header_written_as_cards_is_read_back(header: dict[str, str]) -> None:
    kept = {key: value.strip() for key, value in header.items() if key not in ("COMMENT", "HISTORY", "END")}
    quoted = {key: value.replace("'", "''") for key, value in kept.items()}
    assert read_header("\n".join(f"{key:8}= '{value}' / why" for key, value in quoted.items())) == kept


def test_a_real_header_is_read_as_other_programs_read_it() -> None:
    block = (
        (sample_files() / "hst" / "j8bt05njq_raw.fits").read_bytes()[: 2880 * 6].decode("ascii", "replace")
    )
    header = read_header(block)
    known = {
        "INSTRUME": "ACS",
        "ROOTNAME": "j8bt05njq",
        "DATE-OBS": "2002-04-13",
        "CCDGAIN": "2",
        "EXTEND": "True",
    }
    assert {key: header[key] for key in known} == known


def test_commentary_is_ignored_whatever_its_text() -> None:
    cards = [
        "INSTRUME= 'ACS'",
        "        FILTER1 = 'F502N'",
        "COMMENT FILTER1 = 'A'",
        "HISTORY = 5",
        "FILTER1 = 'F606W'",
    ]
    expected = {"INSTRUME": "ACS", "FILTER1": "F606W"}
    assert read_header("\n".join(cards)) == expected
    whole = read_header("\n".join([f"{'SIMPLE':8}= {'T':>20}", *cards, "END"]))
    assert whole == {"SIMPLE": "True"} | expected


@pytest.mark.parametrize("text", ["1.5D3", "1.5d+03", "1.5 D 3", ".15D04", "+1.5D3"])
def test_numbers_are_read_in_the_spellings_of_fortran(text: str) -> None:
    assert float(read_header(f"EXPTIME = {text} / s")["EXPTIME"]) == 1500.0
    assert float(read_header(f"{'SIMPLE':8}= {'T':>20}\nEXPTIME = {text}")["EXPTIME"]) == 1500.0


def test_headers_of_several_extensions_are_read_to_the_last() -> None:
    first, second = (
        ["SIMPLE  =                    T", "A       = 1", "END"],
        ["XTENSION= 'IMAGE'", "A = 2", "B       = 3"],
    )
    found = read_header("\n".join([*first, *second]))
    assert (found["A"], found["B"]) == ("1", "3")
    assert read_header("".join(map(card, [*first, *second]))) == found


HEADER = {"INSTRUME": "ACS", "CCDGAIN": "2.0", "DATE-OBS": "2016-12-31", "REFTYPE": "UNDEFINED"}
PRINTED = pprint.pformat(HEADER, width=30)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(HEADER),
        "\ufeff" + json.dumps(HEADER, indent=2).replace("\n", "\r\n"),
        json.dumps({"J1:J1": HEADER}) + "\n",
        json.dumps({"dataset_id": "J1:J1", "header": HEADER}),
        PRINTED,
        str(HEADER),
        f"CRDS - INFO -  Reading\nDataset pars for 'J1:J1' with respect to 'hst_0001.pmap':\n {PRINTED}\n",
        "".join(f"{key}: {value}\n" for key, value in HEADER.items()),
        "---\n# of a dataset\n"
        + "".join(f"{key}: '{value}'  # so\n" for key, value in HEADER.items())
        + "...\n",
    ],
)
def test_structured_texts_are_read(text: str) -> None:
    assert read_header(text) == HEADER


def test_trees_get_dotted_keys() -> None:
    expected = {"META.INSTRUMENT.NAME": "MIRI", "META.EXPOSURE.NINTS": "3"}
    tree = {"meta": {"instrument": {"name": "MIRI"}, "exposure": {"nints": 3, "none": None, "list": [1]}}}
    assert read_header(json.dumps(tree)) == expected
    assert read_header("meta:\n  instrument: {name: MIRI}\n  exposure:\n    nints: 3\n") == expected
    start = "#ASDF 1.0.0\n%YAML 1.1\n--- !core/asdf-1.1.0\n"
    asdf = f"{start}meta:\n  instrument: {{name: MIRI}}\n  exposure: {{nints: 3}}\n...\n"
    assert read_header(asdf) == read_header(asdf.replace("\n", "\r\n")) == expected


def test_values_of_yaml_stay_as_they_are_written() -> None:
    text = "FLASHCUR: OFF\nTIME-OBS: 12:00:00\nDATE-OBS: 2016-12-31\nSHUTTER: n"
    assert read_header(text) == {
        "FLASHCUR": "OFF",
        "TIME-OBS": "12:00:00",
        "DATE-OBS": "2016-12-31",
        "SHUTTER": "n",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (json.dumps({"J1:J1": HEADER, "J1:J2": HEADER}), r"2 headers \(J1:J1, J1:J2\); keep the one"),
        (f"Dataset pars for 'A':\n{PRINTED}\nDataset pars for 'B':\n{PRINTED}", "2 headers"),
        ('{"INSTRUME": ', "cannot be read"),
        ("{'INSTRUME': __import__('os').getcwd()}", "was not expected"),
        ("{" * 10_000, "nested deeper than 50 levels"),
        ('{"a": ' * 10_000, "recursion"),
        ("{'a': " + "-" * 100_000 + "1}", "was not expected"),
        ("{'a': ''" + " 'b'" * 100_000, "cannot be read"),
        ("#ASDF 1.0.0\na: 1", "does not end"),
        (
            "#ASDF 1.0.0\n--- \na: &a ["
            + "x, " * 90
            + "]\nb: &b ["
            + "*a, " * 90
            + "]\nc: ["
            + "*b, " * 90
            + "]\n...",
            "alias",
        ),
    ],
    ids=range(10),
)
def test_texts_that_cannot_be_read_say_why(text: str, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        read_header(text)


@pytest.mark.parametrize(
    "text",
    [
        "{'a': [" + "[]," * 200_000 + "]}",
        '{"a": [' + "[]," * 200_000 + "1]}",
        "a: [" + "[]," * 200_000 + "]\n",
        "#ASDF 1.0.0\n%YAML 1.1\n---\na: [" + "[]," * 200_000 + "]\n...\n",
        "\n".join(f"a{number}: 1" for number in range(60_000)),
    ],
    ids=["literal", "json", "yaml", "asdf", "lines"],
)
def test_a_text_of_very_many_parts_is_refused_before_it_is_parsed(text: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInputError, match="brackets, commas and lines; at most 20,000 are read"):
            read_header(text)
        assert tracemalloc.get_traced_memory()[1] < 10 * len(text)
    finally:
        tracemalloc.stop()


def test_a_header_of_ten_thousand_keywords_is_read() -> None:
    pairs = {f"KEY{number}": "1" for number in range(9_990)}
    assert len(read_header(json.dumps(pairs))) == 9_990
    assert len(read_header(json.dumps(pairs, indent=1))) == 9_990
    assert len(read_header("".join(f"{key}: 1\n" for key in pairs))) == 9_990


@pytest.mark.parametrize("value", ["9" * 700_000, "9" * 300_000 + "." + "9" * 300_000, " " * 700_000 + "x"])
def test_a_long_row_of_digits_or_blanks_costs_no_more_than_its_length(value: str) -> None:
    with does_not_hang():  # The square of its length is 500,000,000,000.
        read_header(f"INSTRUME= {value}")


@pytest.mark.parametrize(
    ("written", "read"), [("1.5D3", "1.5E3"), ("-.5d-2", "-.5E-2"), ("2. D 4", "2.E4"), ("1D", "1D")]
)
def test_the_exponents_of_fortran_are_read(written: str, read: str) -> None:
    assert read_header(f"A = {written}")["A"] == read

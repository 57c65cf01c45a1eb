import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.bestrefs.pasted_header import LONGEST, MAX_VALUE, read_header
from apps.core.errors import InvalidInputError
from tests.shared_data import sample_files


def card(text: str) -> str:
    return text.ljust(80)


def test_cards_are_read_with_and_without_ends_of_lines() -> None:
    cards = [
        card("SIMPLE  =                    T / conforms"),
        card("INSTRUME= 'ACS     '           / who took it"),
        card("CCDGAIN =                  2.0 / gain"),
        card("COMMENT = this is no value"),
        card("              / DATA DESCRIPTION KEYWORDS"),
        card("END"),
    ]
    expected = {"SIMPLE": "T", "INSTRUME": "ACS", "CCDGAIN": "2.0"}
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
    with pytest.raises(InvalidInputError, match="400,001 characters"):
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
def test_what_is_written_as_cards_is_read_again(header: dict[str, str]) -> None:
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
        "EXTEND": "T",
    }
    assert {key: header[key] for key in known} == known

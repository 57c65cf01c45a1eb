import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import InvalidInputError
from apps.core.free_text import clean_reason

ALLOWED = re.compile(r"[A-Za-z0-9._/,=+\- \n]*")
# What the client lets through before it sends a description.
CLIENT_REFUSES = re.compile(r"[^A-Za-z0-9._\s/,=\-+]")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        (" \t\r\n ", ""),
        ("New darks, cycle 3.", "New darks, cycle 3."),
        ("a/b=c_d+e-f,g.", "a/b=c_d+e-f,g."),
        ("one\r\ntwo\rthree\u2028four\x0bfive", "one\ntwo\nthree\nfour\nfive"),
        ("a\xa0b\u2003c\u202fd\te", "a b c d e"),
        ("a\u2013b\u2014c\u2212d\u2011e", "a-b-c-d-e"),
        ("and so on\u2026", "and so on..."),
        ("\ufeffcali\xadbra\u200btion\u202e", "calibration"),
    ],
)
def test_what_word_processors_insert_becomes_plain(typed: str, kept: str) -> None:
    assert clean_reason(typed) == kept


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("don't", '"\'"'),
        ("don\u2019t", '"\u2019"'),
        ('the "best"', '"""'),
        ("\u201cbest\u201d", '"\u201c" "\u201d"'),
        ("<script>alert(1)</script>", '"<" ">" "(" ")"'),
        ("G\xf3mez", '"\xf3"'),
        ("a\0b", '"U+0000"'),
        ("a\ud800b", '"U+D800"'),
        ("Re: x", '":"'),
        ("10 %", '"%"'),
    ],
)
def test_what_has_no_plain_form_is_refused_by_name(typed: str, named: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(f"Invalid character detected: {named} - only")):
        clean_reason(typed)


def test_the_message_stays_short() -> None:
    with pytest.raises(InvalidInputError) as caught:
        clean_reason("".join(map(chr, range(0x4E00, 0x5E00))))
    assert len(str(caught.value)) < 200


@given(st.text())
def test_a_text_is_clean_or_refused_and_cleaning_again_changes_nothing(text: str) -> None:
    try:
        cleaned = clean_reason(text)
    except InvalidInputError:
        assert CLIENT_REFUSES.search(text)
        return
    assert ALLOWED.fullmatch(cleaned)
    assert clean_reason(cleaned) == cleaned == cleaned.strip()


@given(st.text(alphabet="aZ09._/,=+- \n\t"))
def test_what_the_client_lets_through_keeps_every_word(text: str) -> None:
    assert clean_reason(text).split() == text.split()

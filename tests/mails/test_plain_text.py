import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.mails.addresses import is_address, usable
from apps.mails.plain_text import LONGEST_LINE, one_line, paragraphs

HOSTILE = st.text(st.characters() | st.sampled_from('\r\n\0\x0b\x0c\x1c\x85\u2028\u202e\ud800 @.,<>"'))


@pytest.mark.parametrize(
    "text",
    [
        "late\r\nBcc: all@example.org",
        "late\nBcc: all@example.org",
        "late\rBcc: all@example.org",
        "late\u2028Bcc: all@example.org",
        "\x0blate\x85Bcc:\t\tall@example.org\n",
    ],
)
def test_a_line_break_in_a_subject_is_a_blank(text: str) -> None:
    assert one_line(text) == "late Bcc: all@example.org"


@given(HOSTILE)
def test_one_line_is_one_printable_line_and_changes_nothing_twice(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line
    line.encode()


@given(HOSTILE)
def test_paragraphs_are_printable_lines_and_change_nothing_twice(text: str) -> None:
    whole = paragraphs(text)
    assert all(line.isprintable() for line in whole.split("\n"))
    assert whole.endswith("\n")
    assert "\n\n\n" not in whole
    assert paragraphs(whole) == whole


@pytest.mark.parametrize(("length", "is_cut"), [(199, False), (200, False), (201, True)])
def test_a_line_that_is_too_long_is_cut(length: int, is_cut: bool) -> None:
    line = one_line("x" * length)
    assert len(line) == min(length, LONGEST_LINE)
    assert line.endswith("…") is is_cut


@pytest.mark.parametrize(
    "text", ["ann@example.org", "a.b+c_d-e@sub.example.org", "root@localhost", "ann@b\u00fccher.example"]
)
def test_plain_addresses_are_taken(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "ann",
        "ann@",
        "@example.org",
        "ann@example.org\n",
        "ann@example.org\r\nBcc: eve@example.org",
        "ann@example.org,eve@example.org",
        "ann@example.org;eve@example.org",
        "Ann <ann@example.org>",
        '"ann\x01"@example.org',
        '"ann eve"@example.org',
        "ann@[127.0.0.1]",
        "ann(comment)@example.org",
        "ann@example.org\0",
        "ann@example.org\u2028",
        "ann@exa mple.org",
        f"{'a' * 250}@example.org",
        "ann@\ud800.org",
    ],
)
def test_whatever_is_more_than_a_plain_address_is_none(text: str) -> None:
    assert not is_address(text)


@given(st.lists(HOSTILE | st.from_regex(r"[ab]{1,3}@[ab]{1,3}\.(org|ORG)", fullmatch=True), max_size=6))
def test_usable_addresses_are_addresses_and_different(texts: list[str]) -> None:
    found = usable(texts)
    assert all(map(is_address, found))
    assert len({address.lower() for address in found}) == len(found)
    assert usable(found) == found

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.distribution.ranges import UnsatisfiableError, find_part

BODY = bytes(range(100))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", BODY[:1]),
        ("bytes=0-99", BODY),
        ("bytes=0-100", BODY),
        ("bytes=98-", BODY[98:]),
        ("bytes=99-99", BODY[99:]),
        ("bytes=-1", BODY[99:]),
        ("bytes=-100", BODY),
        ("bytes=-101", BODY),
        ("BYTES=1-2", BODY[1:3]),
        (" bytes=1-2 ", BODY[1:3]),
        ("bytes=0-" + "9" * 900, BODY),
    ],
)
def test_a_range_is_that_slice(header: str, expected: bytes) -> None:
    part = find_part(header, len(BODY))
    assert part is not None
    assert BODY[part.first : part.end] == expected


@pytest.mark.parametrize(
    "header",
    [
        *("", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=2-1", "bytes=+1-2", "bytes=1 - 2"),
        *("bytes=0-1,4-5", "bytes=0-1,", "items=0-1", "bytes=--1", "bytes=٣-٤", "bytes=0x1-2"),
        *("bytes=" + "9" * 5000 + "-", "bytes=0-1;", "\x00"),
    ],
)
def test_several_or_malformed_ranges_mean_the_whole(header: str) -> None:
    assert find_part(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 900 + "-"])
def test_a_range_behind_the_end_is_unsatisfiable(header: str) -> None:
    with pytest.raises(UnsatisfiableError):
        find_part(header, 100)


def test_an_empty_file_has_no_part() -> None:
    assert find_part("bytes=-5", 0) is None
    with pytest.raises(UnsatisfiableError):
        find_part("bytes=0-", 0)


@given(st.text() | st.from_regex(r"bytes=[0-9]*-[0-9]*", fullmatch=True), st.integers(0, 200))
def test_every_part_lies_inside_the_file(header: str, size: int) -> None:
    try:
        part = find_part(header, size)
    except UnsatisfiableError:
        return
    if part is not None:
        assert 0 <= part.first < part.end <= size

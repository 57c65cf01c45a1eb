"""Lines of a difference with their numbers, side by side, and the words that changed."""

import pytest

from apps.rules.differences import hunks, pages_of, text_differences
from apps.rules.differences.side_by_side import LONGEST_MARKED, Hunk, changed_parts


def found(old: str, new: str, *, context: int = 3) -> tuple[Hunk, ...]:
    return hunks(text_differences(old, new, old_name="x", new_name="y", context=context))


def lines(count: int, *changed: int) -> str:
    return "".join(f"{'new' if number in changed else 'line'} {number}\n" for number in range(1, count + 1))


def test_equal_texts_have_no_hunks() -> None:
    assert found("a\n", "a\n") == ()
    assert pages_of((), 10) == [[]]


def test_lines_have_the_numbers_of_their_texts() -> None:
    (hunk,) = found("a\nb\nc\n", "a\nB\nx\nc\n")
    assert [(line.sign, line.old, line.new, line.text) for line in hunk.lines] == [
        ("", 1, 1, "a"),
        ("-", 2, None, "b"),
        ("+", None, 2, "B"),
        ("+", None, 3, "x"),
        ("", 3, 4, "c"),
    ]
    assert [(row.old and row.old.old, row.new and row.new.new) for row in hunk.rows] == [
        (1, 1),
        (2, 2),
        (None, 3),
        (3, 4),
    ]


def test_hidden_lines_are_counted_and_hunks_are_named_by_place() -> None:
    first, second = found(lines(40), lines(40, 10, 30))
    assert (first.hidden, first.anchor) == (6, "at-7-7")
    assert (second.hidden, second.anchor) == (33 - 7 - 13, "at-27-27")


@pytest.mark.parametrize(
    ("old", "new", "place"), [("", "a\n", (1, 1)), ("a\n", "", (1, 1)), ("a\nb\n", "a\nx\nb\n", (2, 2))]
)
def test_an_empty_side_begins_at_the_next_line(old: str, new: str, place: tuple[int, int]) -> None:
    (hunk,) = found(old, new, context=0)
    assert (hunk.old, hunk.new) == place
    assert [line.old or line.new for line in hunk.lines] == [place[0]]


def test_a_last_line_without_end_says_so() -> None:
    (hunk,) = found("a\n", "a")
    assert [(line.sign, line.has_no_end) for line in hunk.lines] == [("-", False), ("+", True)]


@pytest.mark.parametrize(
    ("text", "beside", "expected"),
    [
        ("    'x_0001.fits',", "    'x_0002.fits',", ["0001"]),
        ("    'x_0002.fits',", "    'x_0001.fits',", ["0002"]),
        ("a b c d e f", "a X c d Y f", ["b", "e"]),
        ("same start", "same", [" start"]),
        ("same", "same start", []),
        ("all other words", "nothing in common", []),
        ("x" * LONGEST_MARKED + " a", "x" * LONGEST_MARKED + " b", []),
    ],
)
def test_words_that_changed_are_marked(text: str, beside: str, expected: list[str]) -> None:
    parts = changed_parts(text, beside)
    assert "".join(part.text for part in parts) == text
    assert [part.text for part in parts if part.is_changed] == expected


@pytest.mark.parametrize("size", [1, 2, 5, 13, 14, 15, 1000])
def test_pages_hold_each_row_once(size: int) -> None:
    whole = found(lines(40), lines(40, 10, 30))
    pages = pages_of(whole, size)
    assert [row for page in pages for hunk in page for row in hunk.rows] == [
        row for hunk in whole for row in hunk.rows
    ]
    assert all(0 < sum(len(hunk.rows) for hunk in page) <= size for page in pages)
    # A piece begins with the numbers of its first row.
    for page in pages:
        for hunk in page:
            first = next(iter(hunk.rows))
            assert first.old is None or first.old.old == hunk.old

from collections.abc import Iterator

import pytest

from apps.rules.lookup import bounded_cache
from apps.rules.lookup.bounded_cache import Memo, forget_all
from tests.rules.factories import make_context, make_header, make_rmap

LIMIT = 10_000
SIZE = 100


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    forget_all()
    monkeypatch.setattr(bounded_cache, "MEMORY_LIMIT", LIMIT)
    yield
    forget_all()


def ask(memo: Memo[int, str], key: int) -> str | None:
    return memo.get(key) or memo.recall(key)


def fill(memo: Memo[int, str], first: int, count: int) -> None:
    for key in range(first, first + count):
        memo.remember(key, "x", SIZE)


def test_half_of_the_memory_forgets_nothing() -> None:
    memo: Memo[int, str] = Memo()
    fill(memo, 0, LIMIT // SIZE // 2)
    assert all(ask(memo, key) for key in range(LIMIT // SIZE // 2))


def test_what_is_asked_for_again_and_again_outlives_what_is_not() -> None:
    memo: Memo[int, str] = Memo()
    memo.remember(-1, "kept", SIZE)
    memo.remember(-2, "lost", SIZE)
    for first in range(0, 1000, 10):
        fill(memo, first, 10)
        assert ask(memo, -1) == "kept"
    assert ask(memo, -2) is None


def test_all_memos_together_keep_no_more_than_the_limit() -> None:
    memos: list[Memo[int, str]] = [Memo() for _ in range(7)]
    for key in range(1000):
        fill(memos[key % 7], key, 1)
        kept = sum(len(memo) + len(memo._older) for memo in memos)
        assert kept * SIZE <= LIMIT + SIZE


def test_one_large_entry_pushes_out_many_small_ones() -> None:
    memo: Memo[int, str] = Memo()
    fill(memo, 0, 10)
    for key in (-1, -2):
        memo.remember(key, "large", LIMIT)
    assert [ask(memo, key) for key in range(10)] == [None] * 10


def test_the_empty_answer_can_be_told_from_none_remembered() -> None:
    memo: Memo[int, str | None] = Memo()
    memo.remember(1, None, LIMIT)
    missing = object()
    assert (memo.get(1, missing), memo.recall(1, missing), memo.recall(2, missing)) == (
        missing,
        None,
        missing,
    )


def test_answers_are_the_same_whatever_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    context = make_context(make_rmap(), make_rmap(filekind="BIASFILE"))
    headers = [make_header(FILTER=str(number % 300), DETECTOR="CCD") for number in range(900)]
    monkeypatch.setattr(bounded_cache, "MEMORY_LIMIT", 10**9)
    expected = [context.best_references(header) for header in headers]
    forget_all()
    monkeypatch.setattr(bounded_cache, "MEMORY_LIMIT", LIMIT)
    assert [context.best_references(header) for header in headers] == expected
    assert sum(len(rules._modes) for rules in context._instruments.values()) < 50

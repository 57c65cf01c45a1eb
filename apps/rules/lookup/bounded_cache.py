"""Caches of bounded size: they are emptied when they grow, and equal values are kept once."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Shared = TypeVar("Shared", bound=Hashable)

# A memo forgets everything at this many entries. Real observations of one instrument show a few hundred
# modes.
MEMO_LIMIT = 2_000

# All memos together forget everything at this many units of some 500 bytes.
TOTAL_LIMIT = 40_000

# The pool is emptied at this many values, a few times what all known contexts need. Values that are already
# shared stay shared.
POOL_LIMIT = 100_000


class Memo(dict[Key, Value], Generic[Key, Value]):
    """A dictionary that stays small. A lost entry costs time and never changes an answer."""

    __slots__ = ("__weakref__",)

    def __init__(self) -> None:
        super().__init__()
        _budget.enter(self)

    def remember(self, key: Key, value: Value, cost: int = 1) -> Value:
        """Keep `value` under `key` and return it. `cost` is its size in units of some 500 bytes."""
        if len(self) >= MEMO_LIMIT:
            self.clear()
        _budget.spend(cost)
        self[key] = value
        return value


class _Budget:
    """The count of what all memos of the process keep; it empties them together."""

    def __init__(self) -> None:
        self._memos: list[weakref.ref[Memo[Hashable, object]]] = []
        self._spent = 0
        self._lock = Lock()

    def enter(self, memo: Memo[Key, Value]) -> None:
        with self._lock:
            if len(self._memos) % 1024 == 1023:
                self._memos = [reference for reference in self._memos if reference() is not None]
            self._memos.append(weakref.ref(memo))  # type: ignore[arg-type]

    def spend(self, cost: int) -> None:
        # A lost update by a racing thread only moves the moment of forgetting.
        self._spent += cost
        if self._spent > TOTAL_LIMIT:
            self.forget()

    def forget(self) -> None:
        with self._lock:
            self._spent = 0
            for reference in self._memos:
                memo = reference()
                if memo is not None:
                    memo.clear()


_budget = _Budget()
_pool: dict[Hashable, Hashable] = {}


def forget_all() -> None:
    """Empty every memo of the process. Benchmarks of unseen headers need this."""
    _budget.forget()


def interned(value: Any) -> Any:
    """Return plain values in which every text is kept once in the process.

    Python frees an interned text with its last user, so texts from outside cannot fill the memory.
    """
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, tuple):
        return shared(tuple(map(interned, value)))
    if isinstance(value, list):
        return list(map(interned, value))
    if isinstance(value, dict):
        return {interned(key): interned(each) for key, each in value.items()}
    return value


def shared(value: Shared) -> Shared:
    """Return the one value that is kept for all equal to `value`. All parts of `value` have the same type.

    Successive versions of a mapping differ in a few cases. A thousand contexts fit into memory because the
    other cases are shared.
    """
    if len(_pool) >= POOL_LIMIT:
        _pool.clear()
    return _pool.setdefault(value, value)  # type: ignore[return-value]

"""Caches of bounded size, which forget what was not used for the longest time; equal values are kept once."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Shared = TypeVar("Shared", bound=Hashable)

# All memos together keep up to this number of bytes. Half of it holds twenty thousand modes of all
# instruments; observations of one instrument show a few hundred.
MEMORY_LIMIT = 128_000_000

# A small entry: a text, a number and their places in a dictionary.
SMALL = 200  # bytes

# The pool is emptied at this many values, a few times what all known contexts need. Values that are already
# shared stay shared.
POOL_LIMIT = 100_000

_NOTHING: dict[Any, Any] = {}


class Memo(dict[Key, Value], Generic[Key, Value]):
    """A dictionary that forgets. A lost entry costs time and never changes an answer.

    The dictionary itself has the entries that were used since the memos of the process last aged, so a hit
    takes no longer than in any dictionary. `recall` looks among the older entries. Those that nobody recalls
    before the memos age again are forgotten.
    """

    __slots__ = ("__weakref__", "_older", "_older_size", "_size")

    def __init__(self) -> None:
        super().__init__()
        self._older: dict[Key, Value] = _NOTHING
        self._size = self._older_size = 0
        _budget.enter(self)

    def remember(self, key: Key, value: Value, size: int = SMALL) -> Value:
        """Keep `value` under `key` and return it. `size` is about what both take, in bytes."""
        self[key] = value
        self._size += size
        _budget.spend(size)
        return value

    def recall(self, key: Key, default: Any = None) -> Any:
        """Return the value of a key that the dictionary does not have; `default` if it is forgotten."""
        value = self._older.get(key, default)
        if value is not default:
            self.remember(key, value, self._older_size)
        return value

    def age(self) -> None:
        """Forget the older entries; the others become the older ones."""
        if self or self._older:
            self._older, self._older_size = self.copy() or _NOTHING, self._size // max(1, len(self))
            self._size = 0
            self.clear()


class _Budget:
    """The count of the bytes that all memos of the process keep; it lets them age together."""

    def __init__(self) -> None:
        self._memos: list[weakref.ref[Memo[Hashable, object]]] = []
        self._spent = 0
        self._lock = Lock()

    def enter(self, memo: Memo[Key, Value]) -> None:
        with self._lock:
            if len(self._memos) % 1024 == 1023:
                self._memos = [reference for reference in self._memos if reference() is not None]
            self._memos.append(weakref.ref(memo))  # type: ignore[arg-type]

    def spend(self, size: int) -> None:
        # A lost update by a racing thread only moves the moment of ageing.
        self._spent += size
        if self._spent > MEMORY_LIMIT // 2:
            self.age()

    def age(self) -> None:
        with self._lock:
            self._spent = 0
            for reference in self._memos:
                memo = reference()
                if memo is not None:
                    memo.age()


_budget = _Budget()
_pool: dict[Hashable, Hashable] = {}


def forget_all() -> None:
    """Empty every memo of the process. Benchmarks of unseen headers need this."""
    _budget.age()
    _budget.age()


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

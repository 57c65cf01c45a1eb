"""ADQL functions for SQLite, with the results that PostgreSQL gives. A value without a result gives NULL."""

from __future__ import annotations

import functools
import math
import random
import sqlite3
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

_LOGS = {"adql_log": math.log, "adql_log10": math.log10}
_ONE: dict[str, Callable[[float], float]] = {
    **_LOGS,
    "adql_ceiling": math.ceil,
    "adql_floor": math.floor,
    "adql_degrees": math.degrees,
    "adql_radians": math.radians,
    "adql_exp": math.exp,
    "adql_sqrt": math.sqrt,
    "adql_acos": math.acos,
    "adql_asin": math.asin,
    "adql_atan": math.atan,
    "adql_cos": math.cos,
    "adql_cot": lambda value: 1 / math.tan(value),
    "adql_sin": math.sin,
    "adql_tan": math.tan,
}
_TWO: dict[str, Callable[[float, float], float]] = {"adql_power": math.pow, "adql_atan2": math.atan2}


def _real(function: Callable[..., float]) -> Callable[..., float | None]:
    """Return a function of numbers that gives NULL for NULL, for texts and outside of its domain."""

    @functools.wraps(function)
    def called(*values: Any) -> float | None:
        try:
            return None if None in values else float(function(*map(float, values)))
        except (ValueError, TypeError, OverflowError, ZeroDivisionError):
            return None

    return called


def _decimal(mode: str) -> Callable[..., float | None]:
    def called(value: Any, places: Any = 0) -> float | None:
        if value is None or places is None:
            return None
        try:
            step = Decimal(1).scaleb(-max(-300, min(300, int(places))))
            return float(Decimal(repr(float(value))).quantize(step, mode))
        except (ArithmeticError, ValueError, TypeError):
            return float(value) if isinstance(value, (int, float)) else None

    return called


def _whole(value: Any) -> Any:
    """Round a number as a cast to a whole one does; leave other values to the cast."""
    return round(value) if isinstance(value, float) and math.isfinite(value) else value


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    for name, one in _ONE.items():
        connection.create_function(name, 1, _real(one), deterministic=True)
    for name, two in _TWO.items():
        connection.create_function(name, 2, _real(two), deterministic=True)
    for name, mode in (("adql_round", ROUND_HALF_UP), ("adql_truncate", ROUND_DOWN)):
        connection.create_function(name, 1, _decimal(mode), deterministic=True)
        connection.create_function(name, 2, _decimal(mode), deterministic=True)
    connection.create_function("adql_whole", 1, _whole, deterministic=True)
    connection.create_function("adql_pi", 0, lambda: math.pi, deterministic=True)
    connection.create_function("adql_rand", 0, random.random)


NAMES = frozenset({*_ONE, *_TWO, "adql_round", "adql_truncate", "adql_whole", "adql_pi", "adql_rand"})

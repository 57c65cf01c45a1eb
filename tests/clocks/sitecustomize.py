"""A wrong clock for the Python processes that have this folder in PYTHONPATH.

The file that CLOCK_SHIFT names holds the number of seconds by which the clock is ahead; a test may change it
while they run. The monotonic clock goes on as it does in reality, and so does the clock of the database.
"""

import copyreg
import datetime
import os
import time

_real_time, _real_time_ns, _RealDatetime = time.time, time.time_ns, datetime.datetime


def _shift() -> float:
    try:
        with open(os.environ["CLOCK_SHIFT"]) as stream:
            return float(stream.read() or 0)
    except (OSError, KeyError):
        return 0.0


class _AnyDatetime(type):
    """The type of a class of which every moment is an instance, also one made by the real class."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _RealDatetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _RealDatetime)


class _Datetime(_RealDatetime, metaclass=_AnyDatetime):
    """Moments as ever, but the present one is that of the wrong clock."""

    def __new__(cls, *parts, **named):  # type: ignore[no-untyped-def]
        return _RealDatetime(*parts, **named)

    @classmethod
    def now(cls, tz=None):  # type: ignore[no-untyped-def]
        return _RealDatetime.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls):  # type: ignore[no-untyped-def]
        return _RealDatetime.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls):  # type: ignore[no-untyped-def]
        return cls.now()


def _make_real(name):  # type: ignore[no-untyped-def]
    return classmethod(lambda _cls, *given, **named: getattr(_RealDatetime, name)(*given, **named))


for _name in ("fromtimestamp", "utcfromtimestamp", "fromisoformat", "strptime", "combine", "fromordinal"):
    setattr(_Datetime, _name, _make_real(_name))


def _again(*parts):  # type: ignore[no-untyped-def]
    return _RealDatetime(*parts)


# A pickle names the class of a moment, which is another one here.
copyreg.pickle(_RealDatetime, lambda moment: (_again, moment.__reduce__()[1]))  # type: ignore[arg-type]
time.time = lambda: _real_time() + _shift()
time.time_ns = lambda: _real_time_ns() + int(_shift() * 1_000_000_000)
if "CLOCK_SHIFT" in os.environ:
    datetime.datetime = _Datetime  # type: ignore[misc]

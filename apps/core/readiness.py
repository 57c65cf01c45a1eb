"""Parts that must be ready before the server may start, and whose state ``/readyz`` shows afterwards.

Each app registers its parts when Django starts it. The function of a part returns its state, or raises
`PartNotReadyError` with a message that says what was found and what to do.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from enum import StrEnum

from django.db import connections

from apps.core import bucket
from apps.core.separate_process import run_in_separate_process
from apps.rules.errors import CrdsError

logger = logging.getLogger(__name__)

Look = Callable[[], str]


class PartNotReadyError(CrdsError):
    """A part is not ready; the message says what was found and what to do."""

    code = "not_ready"


class Program(StrEnum):
    """The programs that refuse to start without some parts."""

    SETUP = "setup"  # A command that makes the other parts ready.
    COMMAND = "command"  # Any other management command of our own.
    WEB = "web"
    WORKER = "worker"


WORKING = (Program.COMMAND, Program.WEB, Program.WORKER)


@dataclass(frozen=True, slots=True)
class Part:
    """The state of a part."""

    name: str
    is_ok: bool
    text: str

    def as_dict(self) -> dict[str, object]:
        """Return the fields as JSON shows them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Registered:
    name: str
    look: Look
    needed_by: Collection[Program]
    after: str


_parts: dict[str, _Registered] = {}


def part(name: str, *, needed_by: Collection[Program] = WORKING, after: str = "") -> Callable[[Look], Look]:
    """Register the function that checks a part.

    Parameters
    ----------
    needed_by
        The programs that do not start without this part.
    after
        Another part that must be ready before this one can be checked.
    """

    def register(look: Look) -> Look:
        _parts[name] = _Registered(name, look, needed_by, after)
        return look

    return register


def parts(program: Program | None = None) -> list[Part]:
    """Check all parts, or those that a program needs, in the order of their registration."""
    wanted = [each for each in _parts.values() if program is None or program in each.needed_by]
    found: dict[str, Part] = {}
    for each in wanted:
        before = found.get(each.after)
        if before is not None and not before.is_ok:
            found[each.name] = Part(each.name, False, f"not checked, because {each.after} is not ready")
        else:
            found[each.name] = _found(each)
    return list(found.values())


def _found(registered: _Registered) -> Part:
    try:
        return Part(registered.name, True, registered.look())
    except PartNotReadyError as exc:
        return Part(registered.name, False, str(exc))
    except bucket.BucketError as exc:
        return Part(registered.name, False, f"The bucket does not answer: {exc}")
    except Exception as exc:  # Any error means that the part is not ready.
        logger.exception("the check of the part %s failed", registered.name)
        return Part(registered.name, False, f"the check failed: {type(exc).__name__}")


def require(program: Program) -> None:
    """Check that all parts that a program needs are ready. The program may fork afterwards.

    Raises
    ------
    PartNotReadyError
        Raised with the first part that is not ready.
    """
    try:
        for each in run_in_separate_process(parts, program) if bucket.is_used() else parts(program):
            if not each.is_ok:
                raise PartNotReadyError(each.text)
    finally:
        # A process that forks must not hand connections to its children.
        for connection in connections.all(initialized_only=True):
            connection.close()
            getattr(connection, "close_pool", bool)()

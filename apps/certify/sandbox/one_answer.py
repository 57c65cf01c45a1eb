"""A program that is started for one answer: orders go in as JSON, and JSON comes back.

The parent calls `ask`. The program calls `answer` with the function that does the work.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from apps.certify.errors import ChildError
from apps.certify.sandbox import known_observatory
from apps.certify.sandbox.child_process import ChildProcess, IsAborted, Watch, never
from apps.certify.sandbox.ends import TOO_MUCH, error_of_end
from apps.certify.sandbox.limits import Limits
from apps.certify.sandbox.restrictions import end_with_parent, restrict

logger = logging.getLogger(__name__)

ANSWER_FILE = "answer"  # in the folder of the child


def ask(
    module: str,
    orders: Mapping[str, object],
    *,
    observatory: str,
    limits: Limits,
    is_aborted: IsAborted = never,
) -> Any:
    """Run a program in the sandbox and return its answer.

    Parameters
    ----------
    module
        The module that is run as a program; it calls `answer`.
    orders
        Values that JSON knows.
    observatory
        Name in lower case.
    limits
        The resources of the program.
    is_aborted
        Asked several times a second, from this thread.

    Raises
    ------
    TimedOutError, OutOfMemoryError, BrokenCheckError
        Raised if the program exceeded a limit, or fell over a file.
    ChildAbortedError
        Raised once the program is dead.
    ChildError
        Raised if the program failed by our fault.
    """
    watch = Watch(limits, is_aborted)
    child = ChildProcess(("-m", module), observatory=observatory, takes_orders=True)
    try:
        message = {"parent": os.getpid(), "limits": asdict(limits), "orders": orders}
        child.give_orders(json.dumps(message).encode() + b"\n")
        status = _wait(child, watch)
        if status:
            logger.error("%s with %s ended with status %d: %s", module, orders, status, child.printed())
            raise error_of_end(status, f"{module} with {dict(orders)}", child.printed())
        return _read(child.home / ANSWER_FILE, module)
    finally:
        child.end()


def _wait(child: ChildProcess, watch: Watch) -> int:
    while (status := child.wait(watch.look_pause())) is None:
        watch.require_going_on(child.pid)
    return status


def _read(answer: Path, module: str) -> Any:
    # A file and no pipe: the limit on what a child may write then holds for its answer, too.
    try:
        return json.loads(answer.read_bytes())
    except (OSError, ValueError) as exc:
        raise ChildError(f"{module} left no answer: {exc}") from exc


def answer(work: Callable[[dict[str, Any]], object]) -> None:
    """Read the orders of `ask`, do the work within the limits, and leave what it returns as the answer.

    Parameters
    ----------
    work
        Gets the orders. It imports the libraries, since the limits hold for all that they do.
    """
    message = json.loads(sys.stdin.readline())
    known_observatory.hear()
    end_with_parent(message["parent"])
    restrict(Limits(**message["limits"]))
    try:
        Path(ANSWER_FILE).write_text(json.dumps(work(message["orders"])))
    except MemoryError:
        sys.exit(TOO_MUCH)

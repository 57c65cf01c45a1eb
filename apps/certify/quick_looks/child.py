"""The program that looks into one file: ``python -m apps.certify.quick_looks.child``, started by `runner`.

It gets its orders as a line of JSON, does them within the limits they name, and ends.
"""

from __future__ import annotations

import ctypes
import json
import resource
import signal
import socket
import sys
from pathlib import Path

from apps.certify.ends import CPU_GRACE, TOO_MUCH

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Do what standard input says."""
    orders = json.loads(sys.stdin.readline())
    _limit(orders["seconds"], orders["memory"], orders["written"])
    _stay_alone()
    try:
        # Imported within the limits: they hold for all that the libraries do.
        from apps.certify.quick_looks.make import make

        make(Path(orders["path"]), Path(orders["folder"]), name=orders["name"])
    except MemoryError:
        sys.exit(TOO_MUCH)


def _limit(seconds: float, memory: int, written: int) -> None:
    """Bound what this process may take.

    Memory of its own is bounded and not the address space, because a mapped file costs nothing.
    """
    bounds = {
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_FSIZE: written,
        resource.RLIMIT_CPU: int(seconds) + 1,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        _soft, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            bound = min(bound, hard)
        # The signal of the lower bound says that time is over; the upper one kills, which anybody may do.
        above = CPU_GRACE if kind == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else 0
        resource.setrlimit(kind, (bound, bound + above))
    # It ends with the thread that started it, by whatever death.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stay_alone() -> None:
    """Refuse every connection: a file may name an address where its data are said to be."""

    def refuse(event: str, _arguments: object) -> None:
        if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
            raise ConnectionRefusedError("a file that is looked into reaches no network")

    sys.addaudithook(refuse)
    socket.setdefaulttimeout(1)


if __name__ == "__main__":
    main()

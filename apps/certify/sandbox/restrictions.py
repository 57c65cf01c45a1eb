"""The child's side of the sandbox: bounds that a process lays on itself before it reads a file."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys

from apps.certify.sandbox.ends import CPU_GRACE
from apps.certify.sandbox.limits import Limits

_PR_SET_PDEATHSIG = 1
_REACHING = ("socket.connect", "socket.getaddrinfo", "socket.sendto")


def restrict(limits: Limits) -> None:
    """Bound what this process may use, and refuse every connection.

    A header may claim terabytes, and a reader may believe it. A file may name an address for its data.
    """
    limit_resources(limits)
    stay_alone()


def limit_resources(limits: Limits) -> None:
    """Set the limits of the system for this process and all it starts."""
    bounds = {
        resource.RLIMIT_DATA: limits.memory,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_CPU: max(1, int(limits.seconds) + 1),
        resource.RLIMIT_CORE: 0,
    }
    if limits.address_space is not None:
        bounds[resource.RLIMIT_AS] = limits.address_space
    for kind, bound in bounds.items():
        _soft, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            bound = min(bound, hard)
        # The signal at the lower bound can only mean that the time is over. At the upper bound the system
        # sends SIGKILL, which others may also send.
        above = CPU_GRACE if kind == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else 0
        resource.setrlimit(kind, (bound, bound + above))


def end_with_parent(parent: int) -> None:
    """Ask the system to kill this process when the thread that started it ends, by whatever death.

    Parameters
    ----------
    parent
        The process that started this one. If it died before the system was asked, this process ends at once,
        because nobody would end it later.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def stay_alone() -> None:
    """Refuse every network connection of this process."""

    def refuse(event: str, _arguments: object) -> None:
        if event in _REACHING:
            raise ConnectionRefusedError("a program that reads a file from outside reaches no network")

    sys.addaudithook(refuse)
    socket.setdefaulttimeout(1)

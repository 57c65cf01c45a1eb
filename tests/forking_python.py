"""Run programs in forks of a Python that has imported large libraries before.

This file runs in the environment of the client and imports nothing of ours. A program in a fork starts as
in a new interpreter: with the arguments, the environment, the folder and the streams of its caller.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Any

LARGEST_ORDER = 1 << 20  # bytes


def wait_for_order(address: str) -> dict[str, Any]:
    """Serve orders until standard input ends. Return only in a fork, with the order that it carries out.

    An order is one packet of JSON with the descriptors of the three standard streams. The answers are the id
    of the process and, when it has ended, its exit status.
    """
    callers: dict[int, socket.socket] = {}
    ended, note_end = os.pipe()
    os.set_blocking(note_end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(note_end)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(address)
        listening.listen(16)
        os.write(1, b"ready\n")
        while True:
            asked, _, _ = select.select([listening, ended, 0], [], [])
            if 0 in asked:
                os._exit(0)
            if ended in asked:
                os.read(ended, 1000)
                _tell_ends(callers)
            if listening in asked:
                caller, _ = listening.accept()
                packet, streams, _, _ = socket.recv_fds(caller, LARGEST_ORDER, 3)
                if not (process := os.fork()):
                    break
                callers[process] = caller
                caller.send(b"%d" % process)
                for stream in streams:
                    os.close(stream)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    caller.close()
    for descriptor in (ended, note_end, *streams):
        os.close(descriptor)
    for other in callers.values():
        other.close()
    order: dict[str, Any] = json.loads(packet)
    return order


def _tell_ends(callers: dict[int, socket.socket]) -> None:
    """Tell each caller whose program has ended its exit status."""
    while callers:
        process, status = os.waitpid(-1, os.WNOHANG)
        if not process:
            return
        with callers.pop(process) as caller:
            try:
                caller.send(b"%d" % os.waitstatus_to_exitcode(status))
            except OSError:
                continue  # The caller lost its patience.


def carry_out(order: dict[str, Any]) -> None:
    """Run the program of an order as an interpreter does: a path, or a text after ``-c``."""
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    program, *arguments = order["arguments"]
    if program == "-c":
        sys.argv, sys.path[0] = ["-c", *arguments[1:]], ""
        exec(compile(arguments[0], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 (a test's own)
    else:
        sys.argv, sys.path[0] = [program, *arguments], os.path.dirname(program)
        runpy.run_path(program, run_name="__main__")


def sleep_less() -> None:
    """Make programs sleep a tenth of what they want.

    The client sleeps ten seconds after each submission, and three between two questions for its progress.
    """
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(seconds / 10)


def collect_less() -> None:
    """Limit collections of garbage to what is young, as our own children do.

    The client collects all garbage twice around each file, which takes most of a certification.
    """
    collect = gc.collect
    gc.collect = lambda generation=1: collect(1)


def call_here() -> None:
    """Replace a program by the module of its own Python that it calls, because it ends with its status.

    The command ``crds`` calls the module of each of its commands in a new interpreter.
    """
    call = subprocess.call

    def become(command: list[str], **options: Any) -> int:
        if command[:2] != [sys.executable, "-m"]:
            return call(command, **options)
        sys.path[0] = os.getcwd()
        sys.argv = command[2:]
        runpy.run_module(command[2], run_name="__main__", alter_sys=True)
        raise SystemExit

    subprocess.call = become


def prepare(preparation: str) -> None:
    """Import a module, and call the function that is named after a colon."""
    module, _, function = preparation.partition(":")
    imported = importlib.import_module(module)
    if function:
        getattr(imported, function)()


if __name__ == "__main__":
    for each in sys.argv[2:]:
        prepare(each)
    gc.freeze()  # Otherwise the garbage collector of a fork would write into every shared page.
    carry_out(wait_for_order(sys.argv[1]))

"""Work in a process of its own, for programs that fork later and must not keep what it leaves behind."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")


def run_in_separate_process(work: Callable[..., Result], *arguments: object) -> Result:
    """Call a function in a fork of this process, and return what it returns or raise what it raises.

    Threads and connections that the work opens end with it. This process must have no open connection to a
    database, since its copies would share it.
    """
    connections.close_all()
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as apart:
        return apart.submit(work, *arguments).result()

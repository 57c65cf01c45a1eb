"""Our web server with two methods more, which only benchmarks call."""

import time
from typing import Any

import django

from crds_server import web

django.setup()

from apps.contexts.queries import context_for  # noqa: E402 (Django must be set up before)
from apps.rpc.direct import quick  # noqa: E402
from apps.rpc.registry import read_method  # noqa: E402


@read_method
def bench_nothing(pipeline_context: str = "", header: dict[str, Any] | None = None) -> dict[str, str]:
    """Return a constant; with the arguments of get_best_references, if one gives them."""
    return {}


@quick("bench_nothing")
def _is_quick(params: Any) -> bool:
    return True


@read_method
def bench_nothing_in_a_thread() -> dict[str, str]:
    """Return the same constant, as a method that may wait for a database."""
    return {}


@read_method
def bench_engine(context: str, header_map: dict[str, Any]) -> float:
    """Return the seconds of CPU that the engine alone takes for these headers."""
    chosen = context_for(context)
    started_at = time.thread_time()
    for header in header_map.values():
        chosen.best_references(header)
    return time.thread_time() - started_at


if __name__ == "__main__":
    web.main()

"""Our application with two methods more, which only benchmarks call."""

import time
from typing import Any

from crds_server.wsgi import application

__all__ = ["application"]

from apps.contexts.queries import context_for
from apps.rpc.registry import read_method


@read_method
def bench_nothing(pipeline_context: str = "", header: dict[str, Any] | None = None) -> dict[str, str]:
    """Return a constant; with the arguments of get_best_references, if one gives them."""
    return {}


@read_method
def bench_engine(context: str, header_map: dict[str, Any]) -> float:
    """Return the seconds of CPU that the engine alone takes for these headers."""
    chosen = context_for(context)
    started_at = time.thread_time()
    for header in header_map.values():
        chosen.best_references(header)
    return time.thread_time() - started_at

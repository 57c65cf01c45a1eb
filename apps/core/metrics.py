"""Counters and histograms of this server's processes, for Prometheus.

Web processes write them to a folder of their own machine, and whichever process is asked adds them up. The
library is loaded at the first use, because it looks for the folder when it is loaded. Commands never load it.
"""

import os
import shutil
import tempfile
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # The library reads this variable.
# Seconds. A quick call takes a tenth of a millisecond, a table of a large catalogue a second.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_making = threading.Lock()


@dataclass(frozen=True)
class _Metrics:
    requests: Any
    seconds: Any
    calls: Any
    call_seconds: Any
    refused: Any


def share_among_processes() -> Path:
    """Make the folder for the processes that this one is going to start, and return it.

    Call it before the first metric. The caller removes the folder by `forget`.
    """
    folder = Path(tempfile.mkdtemp(prefix="crds-metrics-"))
    os.environ[FOLDER] = str(folder)
    return folder


def forget(folder: Path) -> None:
    """Remove the folder of metrics."""
    os.environ.pop(FOLDER, None)
    shutil.rmtree(folder, ignore_errors=True)


def request_done(page: str, method: str, status: int, seconds: float) -> None:
    """Count a request. `page` names an address and never is the address itself; `method` is a known one."""
    count, time = _of_page(page, method, status)
    count.inc()
    time.observe(seconds)


def call_done(method: str, *, is_error: bool, seconds: float) -> None:
    """Count a call of JSON-RPC; `method` is a registered one."""
    count, time = _of_call(method, is_error)
    count.inc()
    time.observe(seconds)


def request_refused() -> None:
    """Count a request that the web server refused because it had too much work."""
    _metrics().refused.inc()


def written() -> bytes:
    """Return the metrics of all processes of this machine, in the text format of Prometheus."""
    import prometheus_client
    from prometheus_client.multiprocess import MultiProcessCollector

    _metrics()
    if FOLDER not in os.environ:
        return bytes(prometheus_client.generate_latest(_registry()))
    registry = prometheus_client.CollectorRegistry()
    collector: Any = MultiProcessCollector  # The library gives it no types.
    collector(registry)
    return bytes(prometheus_client.generate_latest(registry))


# Pages, methods and statuses are few. Looking a metric up by its labels takes half the time of a count.
@cache
def _of_page(page: str, method: str, status: int) -> tuple[Any, Any]:
    metrics = _metrics()
    return metrics.requests.labels(page, method, str(status)), metrics.seconds.labels(page)


@cache
def _of_call(method: str, is_error: bool) -> tuple[Any, Any]:
    metrics = _metrics()
    outcome = "error" if is_error else "ok"
    return metrics.calls.labels(method, outcome), metrics.call_seconds.labels(method)


@cache
def _registry() -> Any:
    """Return the registry of this process. The library's own one would add facts of one process of many."""
    import prometheus_client

    return prometheus_client.CollectorRegistry()


def _metrics() -> _Metrics:
    """Return the metrics of this process, made once: two threads may ask first."""
    with _making:
        return _made_metrics()


@cache
def _made_metrics() -> _Metrics:
    from prometheus_client import Counter, Histogram

    registry = _registry()
    return _Metrics(
        Counter(
            "crds_requests",
            "Requests by page, method and status",
            ["page", "method", "status"],
            registry=registry,
        ),
        Histogram(
            "crds_request_seconds",
            "Time until the head of the answer",
            ["page"],
            buckets=BUCKETS,
            registry=registry,
        ),
        Counter(
            "crds_rpc_calls",
            "Calls of JSON-RPC by method and outcome",
            ["method", "outcome"],
            registry=registry,
        ),
        Histogram(
            "crds_rpc_seconds", "Time in a method of JSON-RPC", ["method"], buckets=BUCKETS, registry=registry
        ),
        Counter("crds_refused_requests", "Requests refused with 503 for too much work", registry=registry),
    )

"""Callers for benchmarks: many at once, each call on a connection of its own, as the client makes them."""

import asyncio
import math
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

PROCESSES = 2  # of callers; one alone would be slower than the server
PATIENCE = 30.0  # seconds


@dataclass
class Outcome:
    """Seconds of the calls by their status; 0 stands for calls that got no answer."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    duration: float = 0.0

    def add(self, status: int, seconds: float) -> None:
        self.seconds.setdefault(status, []).append(seconds)

    def count(self, status: int = 200) -> int:
        return len(self.seconds.get(status, ()))

    @property
    def rate(self) -> float:
        """Successful calls a second."""
        return self.count() / self.duration

    def milliseconds(self, share: float, status: int = 200) -> float:
        """Return the time within which a share of the calls was answered."""
        found = sorted(self.seconds.get(status, [math.nan]))
        return found[min(len(found) - 1, int(share * len(found)))] * 1e3

    def counts(self) -> str:
        return ", ".join(
            f"{status or 'no answer'}: {len(found)}" for status, found in sorted(self.seconds.items())
        )


def post(body: bytes) -> bytes:
    """Return a whole request with a call."""
    head = (
        f"POST /json/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str) -> bytes:
    """Return a whole request for a page."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


async def ask(port: int, message: bytes, outcome: Outcome) -> None:
    """Send one request on a new connection and note its status and time."""
    started_at, status = time.perf_counter(), 0
    writer = None
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(message)
            answer = await reader.read(-1)
            status = int(answer[9:12] or b"0")
    except (OSError, TimeoutError):
        pass
    finally:
        if writer is not None:
            writer.close()
    outcome.add(status, time.perf_counter() - started_at)


def closed_loop(port: int, messages: Sequence[bytes], *, callers: int, calls: int, seconds: float) -> Outcome:
    """Run callers that ask one request after another, each `calls` times or until the time is over."""
    return _in_processes(_closed, (port, messages, callers // PROCESSES, calls, seconds))


def open_loop(port: int, messages: Sequence[bytes], *, rate: float, seconds: float) -> Outcome:
    """Send requests at a rate (1/s), whether or not earlier ones were answered."""
    return _in_processes(_open, (port, messages, rate / PROCESSES, seconds))


def _in_processes(run: Callable[..., Outcome], arguments: tuple[object, ...]) -> Outcome:
    started_at = time.perf_counter()
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        found = pool.starmap(run, [arguments] * PROCESSES, chunksize=1)
    whole = Outcome(duration=time.perf_counter() - started_at)
    for one in found:
        for status, seconds in one.seconds.items():
            whole.seconds.setdefault(status, []).extend(seconds)
    return whole


def _closed(port: int, messages: Sequence[bytes], callers: int, calls: int, seconds: float) -> Outcome:
    outcome, until = Outcome(), time.monotonic() + seconds

    async def caller(number: int) -> None:
        for call in range(calls):
            if time.monotonic() > until:
                return
            await ask(port, messages[(number * 7919 + call) % len(messages)], outcome)

    async def all_callers() -> None:
        await asyncio.gather(*map(caller, range(callers)))

    _run(all_callers())
    return outcome


def _open(port: int, messages: Sequence[bytes], rate: float, seconds: float) -> Outcome:
    outcome = Outcome()

    async def arrivals() -> None:
        started_at, running = time.monotonic(), []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, started_at + number / rate - time.monotonic()))
            running.append(asyncio.ensure_future(ask(port, messages[number % len(messages)], outcome)))
        await asyncio.gather(*running)

    _run(arrivals())
    return outcome


def _run(work: object) -> None:
    import uvloop

    uvloop.run(work)  # type: ignore[arg-type]


def percentile_text(outcome: Outcome) -> str:
    """Return median and p99 of the answered calls."""
    return f"median {outcome.milliseconds(0.5):.1f} ms, p99 {outcome.milliseconds(0.99):.1f} ms"

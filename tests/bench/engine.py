"""Cost of the rules engine, compared with the public client in the same run.

Run ``python -m tests.bench.engine``. It needs the shared data and the client; see `tests.shared_data`.
Besides the newest contexts it measures two that are chosen at random; ``BENCH_SEED`` repeats a choice.

The time of a new mode is the least of several rounds for each header, so that other programs on the machine
do not count; the percentiles are over headers.
"""

import gc
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time_ns, thread_time_ns
from typing import Any, TextIO

from apps.rules.errors import CrdsError
from apps.rules.lookup.bounded_cache import forget_all
from apps.rules.lookup.compiled_bytes import dump, load
from apps.rules.lookup.context import Context, assemble
from tests.bench.engine_memory import resident
from tests.bench.random_contexts import chooser, other_context
from tests.needs import PROJECT
from tests.rules.oracle import compiled, load_context, observatory_of, run_client
from tests.shared_data import bench_tools, data_root

HEADERS = 400
NEW_TARGETS = {"hst_0729.pmap": 60.0, "jwst_0541.pmap": 50.0}
SEEN_TARGET = 15.0
WORST_TARGET = 120.0
SLOWEST_TARGETS = {"mean": 80.0, "99 of 100 headers below": 150.0, "slowest header": 400.0}
ROUNDS = 5
MODES = 20_000
MANY_TARGET = 10.0
MEMORY_TARGET = 100.0

# The figures to beat leave out synthetic photometry, which is not a real instrument.
UNUSUAL = {"synphot"}


def run(out: TextIO = sys.stdout) -> None:
    """Print all figures, targets beside them."""
    chance = chooser(out)
    for name, target in NEW_TARGETS.items():
        _lookups(name, target, out)
    for name, target in NEW_TARGETS.items():
        print("chosen at random:", file=out)
        _lookups(other_context(name, chance), target, out)
    _many_modes("hst_0729.pmap", out)
    _loading(out)
    _memory(out)


def _line(
    out: TextIO, what: str, value: float, unit: str, target: float | None = None, ratio: float = 0.0
) -> None:
    text = f"  {what:<46}{value:>9.1f} {unit}"
    if target is not None:
        text += f"   target {target:g}: {'reached' if value <= target else 'MISSED'}"
    if ratio:
        text += f"   {ratio:.0f} times as fast as the client"
    print(text, file=out)


def _lookups(name: str, target: float, out: TextIO) -> None:
    with tempfile.TemporaryDirectory() as folder:
        others = _headers(name, "other", Path(folder))
        headers = _headers(name, "bench", Path(folder))
        baseline = _client_figures(name, Path(folder))
    context = load_context(name)
    theirs = {instrument: 1000 * ms for instrument, ms in baseline["ms_per_header"].items()}
    rounds = _new(context, headers, others)
    new = {instrument: sum(times) / len(times) for instrument, times in rounds.items()}
    seen = _seen(context, headers)
    usual = [instrument for instrument in headers if instrument not in UNUSUAL]
    print(f"{name}: CPU per header, all types of its instrument", file=out)
    for instrument in headers:
        _line(
            out,
            f"{instrument}, modes not seen before",
            new[instrument],
            "us",
            WORST_TARGET,
            theirs[instrument] / new[instrument],
        )
        _line(
            out,
            f"{instrument}, modes seen before",
            seen[instrument],
            "us",
            SEEN_TARGET,
            theirs[instrument] / seen[instrument],
        )
    _slowest(rounds, out)
    for what, figures, limit in (("not seen", new, target), ("seen", seen, SEEN_TARGET)):
        mean = _mean(figures, usual)
        _line(
            out,
            f"mean of {len(usual)} instruments, modes {what} before",
            mean,
            "us",
            limit,
            _mean(theirs, usual) / mean,
        )


def _slowest(new: dict[str, list[float]], out: TextIO) -> None:
    """Print the spread of the slowest usual instrument."""
    usual = {instrument: times for instrument, times in new.items() if instrument not in UNUSUAL}
    slowest = max(usual, key=lambda instrument: sum(usual[instrument]))
    times = usual[slowest]
    figures = (sum(times) / len(times), times[int(0.99 * len(times))], times[-1])
    for (what, target), value in zip(SLOWEST_TARGETS.items(), figures, strict=True):
        _line(out, f"{slowest}, modes not seen before, {what}", value, "us", target)


def _many_modes(name: str, out: TextIO) -> None:
    """Ask for many modes of all usual instruments by turns, twice."""
    with tempfile.TemporaryDirectory() as folder:
        by_instrument = _headers(name, "many", Path(folder), MODES // 5)
    context = load_context(name)
    mixed = [header for key, group in by_instrument.items() if key not in UNUSUAL for header in group]
    random.Random(1).shuffle(mixed)
    mixed = mixed[:MODES]
    _ask(context, [group[0] for group in by_instrument.values()])
    forget_all()
    before = resident()
    new = _cpu_us(partial(_ask, context, mixed)) / len(mixed)
    grown = resident() - before
    seen = min(_cpu_us(partial(_ask, context, mixed)) for _ in range(3)) / len(mixed)
    print(f"{name}: {len(mixed)} headers of all instruments mixed", file=out)
    _line(out, "asked for the first time", new, "us")
    _line(out, "asked for again", seen, "us", MANY_TARGET)
    _line(out, "memory that they take", grown, "MB")


def _mean(figures: dict[str, float], instruments: list[str]) -> float:
    return sum(figures[instrument] for instrument in instruments) / len(instruments)


def _headers(name: str, seed: str, folder: Path, count: int = HEADERS) -> dict[str, list[dict[str, Any]]]:
    """Return `count` headers of each instrument, which also stay in ``headers.json``."""
    arguments = [str(bench_tools() / "gen_headers.py"), str(data_root()), name, str(count), seed]
    text = run_client(arguments, observatory_of(name))
    (folder / "headers.json").write_text(text)
    headers: dict[str, list[dict[str, Any]]] = {}
    for record in json.loads(text):
        headers.setdefault(record["instrument"], []).append(record["header"])
    return headers


def _client_figures(name: str, folder: Path) -> dict[str, Any]:
    """Return what the client needs for the headers in ``headers.json``."""
    script, headers = str(bench_tools() / "crds_baseline.py"), str(folder / "headers.json")
    text = run_client([script, str(data_root()), name, headers, "--limit", "150"], observatory_of(name))
    figures: dict[str, Any] = json.loads(text)
    return figures


def _ask(context: Context, headers: list[dict[str, Any]]) -> None:
    for header in headers:
        try:
            context.best_references(header)
        except CrdsError:
            continue


def _cpu_us(work: Callable[[], object]) -> float:
    start = process_time_ns()
    work()
    return (process_time_ns() - start) / 1000


def _new(
    context: Context, headers: dict[str, list[dict[str, Any]]], others: dict[str, list[dict[str, Any]]]
) -> dict[str, list[float]]:
    """Return the sorted CPU times of headers not met before, each the least of all rounds."""
    _ask(context, [group[0] for group in headers.values()])
    gc.collect()
    gc.freeze()  # As a server does with its contexts.
    figures = {}
    for instrument, group in headers.items():
        rounds = []
        for _ in range(ROUNDS):
            forget_all()
            _ask(context, others[instrument])
            rounds.append([_thread_us(partial(_ask, context, [header])) for header in group])
        figures[instrument] = sorted(map(min, zip(*rounds, strict=True)))
    return figures


def _thread_us(work: Callable[[], object]) -> float:
    start = thread_time_ns()
    work()
    return (thread_time_ns() - start) / 1000


def _seen(context: Context, headers: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """Return the mean CPU time for headers met just before; the least of three runs."""
    figures = {}
    for instrument, group in headers.items():
        _ask(context, group)
        figures[instrument] = min(_cpu_us(partial(_ask, context, group)) / len(group) for _ in range(3))
    return figures


def _loading(out: TextIO) -> None:
    print("Loading, CPU", file=out)
    for name, limit in (("hst_0729.pmap", 50.0), ("jwst_0541.pmap", 50.0)):
        names = load_context(name).mapping_names()
        stored = [dump(compiled(each)) for each in names]
        known = {each: compiled(each) for each in names}
        size = sum(map(len, stored)) / 1e6
        _line(
            out, f"{name} from {size:.1f} MB of stored artifacts", _from_artifacts(name, stored), "ms", limit
        )
        ready = min(_cpu_us(partial(assemble, name, known)) for _ in range(5)) / 1000
        _line(out, f"{name} of compiled rmaps", ready, "ms", 20.0)
        context = assemble(name, known)
        key = context.definition.instrument_key
        first = [
            _cpu_us(partial(_ask, context, [{key: instrument.upper()}])) / 1000
            for instrument in context.instruments()
        ]
        _line(out, f"{name}, first header of the slowest instrument", max(first), "ms")


def _from_artifacts(name: str, stored: list[bytes]) -> float:
    """Return the least of five times from bytes to a context, in a process that has loaded nothing else."""

    def work() -> None:
        mappings = (load(data) for data in stored)
        assemble(name, {mapping.name: mapping for mapping in mappings})

    return min(_cpu_us(work) for _ in range(5)) / 1000


# Runs by itself, without what tests import: the figure is that of the engine and of Python.
ALL_CONTEXTS = """
import sys, json
from pathlib import Path
from tests.bench.engine_memory import measure
print(json.dumps(measure(Path(sys.argv[1]))))
"""


def _memory(out: TextIO) -> None:
    command = [sys.executable, "-c", ALL_CONTEXTS, str(data_root() / "mappings")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    print(
        f"{figures['contexts']:.0f} contexts in one process, compiled in {figures['seconds']:.1f} s", file=out
    )
    _line(out, "process before", figures["before"], "MB")
    _line(out, "contexts loaded", figures["loaded"], "MB", MEMORY_TARGET)
    _line(out, "one header for each instrument of each", figures["asked"], "MB", MEMORY_TARGET)


if __name__ == "__main__":
    run()

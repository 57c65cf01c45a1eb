"""Cost of a call compared with a call that does nothing, and the time of the large answers.

Every call has a connection of its own, one after another, as the client makes them; CPU is that of the worker
process, so that neither waiting nor the caller counts. Two contexts are asked, the newest one and one that is
chosen at random. Run by ``python -m tests.bench rpc``.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from apps.rules.text.parser import ParsedMapping, RawSelector, parse_mapping
from tests import shared_data
from tests.bench.random_contexts import chooser, other_context
from tests.bench.web_server import WebServer, environment_for, request, web_server
from tests.roots import manage

CONTEXT = "hst_0729.pmap"
CALLS = 400  # in one block
BLOCKS = 7  # of each kind, in turn; the median counts
LATEST = "hst-latest"
DATES = frozenset({"DATE-OBS", "TIME-OBS"})
UNCHANGED = DATES | {"INSTRUME"}
Header = dict[str, str]


def run(out: TextIO) -> None:
    """Print the figures with their targets."""
    cache = shared_data.data_root()
    other = other_context(CONTEXT, chooser(out))
    with tempfile.TemporaryDirectory(prefix="bench-rpc-") as folder:
        environment = environment_for("hst", Path(folder))
        out.write("filling a server with the rules of Hubble ...\n")
        manage(environment, "import_cache", str(cache))
        with web_server(environment, "tests.bench.measured_web") as server:
            for context in (CONTEXT, other):
                out.write(f"{context}:\n")
                headers = make_headers(cache, 1000, context)
                _single_calls(server, context, headers, out)
                _many_headers(server, context, headers, out)
            _big_answers(server, out)


def _single_calls(server: WebServer, context: str, headers: list[Header], out: TextIO) -> None:
    """Measure what a call costs, each on a connection of its own."""
    modes = iter(make_modes(headers, CALLS * (BLOCKS + 2)))
    seen = headers[:50]
    kinds = {
        "no-op, in the loop": lambda _: request("bench_nothing"),
        "no-op, through a thread": lambda _: request("bench_nothing_in_a_thread"),
        "no-op with a header": lambda index: request("bench_nothing", context, seen[index % 50]),
        "get_best_references, seen mode": lambda index: request(
            "get_best_references", context, seen[index % 50]
        ),
        "get_best_references, new mode": lambda _: request("get_best_references", context, next(modes)),
        "get_best_references, hst-latest": lambda index: request(
            "get_best_references", LATEST, seen[index % 50]
        ),
        "get_default_context": lambda _: request("get_default_context", "hst"),
        "get_mapping_names": lambda _: request("get_mapping_names", context),
    }
    targets = {
        "no-op, in the loop": 200,
        "get_best_references, seen mode": 260,
        "get_best_references, new mode": 360,
    }
    cost = _in_turn(server, kinds)
    for name, microseconds in cost.items():
        target = f"    target {targets[name]}" if name in targets else ""
        ratio = microseconds / cost["no-op, in the loop"]
        out.write(f"{name:<40}{microseconds:8.0f} us CPU, {ratio:.2f} of a no-op{target}\n")


def make_modes(headers: list[Header], count: int) -> list[Header]:
    """Return headers in modes that do not occur before: each is one of `headers` with another value of a key.

    The value is one of the same key in another header of the instrument, so rules are found for most.
    """
    chance, found, known = random.Random(2027), [], {_mode(header) for header in headers}
    by_instrument: dict[str, list[Header]] = {}
    for header in headers:
        by_instrument.setdefault(header["INSTRUME"], []).append(header)
    while len(found) < count:
        made = dict(chance.choice(headers))
        for key in chance.sample(sorted(made), 3):
            if key not in UNCHANGED:
                other = chance.choice(by_instrument[made["INSTRUME"]])
                made[key] = other.get(key, made[key])
        # Some types have few values in all; a value that no rule knows is also a mode.
        if _mode(made) in known:
            made["APERTURE"] = f"MADE{len(found)}"
        known.add(_mode(made))
        found.append(made)
    return found


def _mode(header: Header) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, value in header.items() if key not in DATES))


def _with_new_date(headers: list[Header], index: int) -> Header:
    """Return a header of a known mode with a date that was never asked about before."""
    day, second = divmod(index * 7919, 86_399)
    return headers[index % len(headers)] | {
        "DATE-OBS": f"{1996 + index % 23}-{1 + day % 12:02}-{1 + index % 28:02}",
        "TIME-OBS": f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}",
    }


def _in_turn(server: WebServer, kinds: dict[str, Callable[[int], bytes]]) -> dict[str, float]:
    """Return microseconds of CPU per call; the kinds take turns, so that all meet the same weather."""
    measured: dict[str, list[float]] = {name: [] for name in kinds}
    for block in range(-1, BLOCKS):
        for name, make in kinds.items():
            bodies = [make(block * CALLS + index) for index in range(CALLS)]
            before = server.cpu_seconds()
            for body in bodies:
                _require_success(server.post(body))
            if block >= 0:  # The first block only warms up.
                measured[name].append((server.cpu_seconds() - before) / CALLS * 1e6)
    return {name: statistics.median(values) for name, values in measured.items()}


def _require_success(answer: bytes) -> None:
    if not answer.startswith(b'{"error": null'):
        raise RuntimeError(f"a measured call failed: {answer[:500]!r}")


def _many_headers(server: WebServer, context: str, headers: list[Header], out: TextIO) -> None:
    spent, engine = [], []
    for turn in range(100_000, 900_000, 100_000):
        header_map = {f"H{index}": _with_new_date(headers, turn + index) for index in range(len(headers))}
        engine.append(server.call("bench_engine", context, header_map))
        header_map = {
            f"H{index}": _with_new_date(headers, turn + 50_000 + index) for index in range(len(headers))
        }
        body = request("get_best_references_by_header_map", context, header_map)
        before = server.cpu_seconds()
        answer = server.post(body)
        spent.append(server.cpu_seconds() - before)
        _require_success(answer)
    whole, alone = statistics.median(spent), statistics.median(engine)
    out.write(f"{'1000 headers in one call':<40}{whole * 1e3:8.0f} ms CPU\n")
    out.write(f"{'the engine alone':<40}{alone * 1e3:8.0f} ms CPU\n")
    out.write(f"{'one call / engine':<40}{whole / alone:8.2f}    target 1.5\n")


def _big_answers(server: WebServer, out: TextIO) -> None:
    for name, params in (
        ("get_server_info", []),
        ("get_file_info_map", ["hst", None, ["sha1sum", "size"]]),
        ("get_sqlite_db", ["hst"]),
    ):
        body = request(name, *params)
        first, times, size = _timed(server, body), [], len(server.post(body))
        for _ in range(15):
            times.append(_timed(server, body))
        target = "   target 150" if name == "get_server_info" else ""
        text = f"{statistics.median(times) * 1e3:8.0f} ms warm{target}, {first * 1e3:.0f} ms first"
        out.write(f"{name:<40}{text}, {size} bytes\n")


def _timed(server: WebServer, body: bytes) -> float:
    started_at = time.perf_counter()
    server.post(body)
    return time.perf_counter() - started_at


def make_headers(cache: Path, count: int, context: str = CONTEXT) -> list[Header]:
    """Return headers most of whose types match: each takes its values from cases of the rules."""
    chance = random.Random(2026)
    pmap = _parsed(cache, context)
    rmaps = {
        instrument: _rmaps(cache, imap)
        for instrument, imap in sorted(dict(pmap.selector).items())
        if instrument != "SYNPHOT"
    }
    instruments = sorted(rmaps)
    return [_make_header(instruments[index % len(instruments)], rmaps, chance) for index in range(count)]


def _rmaps(cache: Path, imap: str) -> list[ParsedMapping]:
    names = [name for name in dict(_parsed(cache, imap).selector).values() if str(name).endswith(".rmap")]
    return [_parsed(cache, name) for name in names]


def _parsed(cache: Path, name: str) -> ParsedMapping:
    return parse_mapping((cache / "mappings" / "hst" / name).read_text(), name=name)


def _make_header(instrument: str, rmaps: dict[str, list[ParsedMapping]], chance: random.Random) -> Header:
    header = {
        "INSTRUME": instrument,
        "DATE-OBS": f"{chance.randint(1996, 2019)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "TIME-OBS": f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:00",
    }
    for rmap in chance.sample(rmaps[instrument], len(rmaps[instrument])):
        case = _case(rmap, header, chance)
        header |= {key: value for key, value in case.items() if key not in header}
    return header


def _case(rmap: ParsedMapping, header: Header, chance: random.Random) -> Header:
    """Return the values of one case of an rmap, of those tried the one that agrees best with the header."""
    if not isinstance(rmap.selector, RawSelector) or not rmap.selector.rows or rmap.selector.kind != "Match":
        return {}
    keys = [key for key in rmap.header["parkey"][0] if isinstance(key, str)]
    rows = [row if isinstance(row, tuple) else (row,) for row in rmap.selector.rows]
    tried = [dict(zip(keys, chance.choice(rows), strict=False)) for _ in range(10)]
    plain = [{key: str(value).split("|")[0] for key, value in case.items()} for case in tried]
    usable = [
        {
            key: value
            for key, value in case.items()
            if value not in ("N/A", "*", "ANY") and value[:1] not in "#{"
        }
        for case in plain
    ]
    return max(usable, key=lambda case: sum(header.get(key) == value for key, value in case.items()))


if __name__ == "__main__":
    run(sys.stdout)

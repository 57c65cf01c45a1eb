"""The public client as oracle, and the comparison of its answers with ours."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from apps.rules.errors import CrdsError
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.lookup.context import Context, assemble
from apps.rules.observatories import get_observatory
from tests.factories.headers import make_headers
from tests.shared_data import bench_tools, data_root, is_real
from tests.warm_python import warm_client

# What we say where the client returns what has no form on the wire.
NO_FORM = "NOT FOUND The rules lead to"

# Our errors for whole headers, and the classes of the client which they stand for.
ERROR_CLASSES = {
    "CrdsUnknownInstrumentError": "UnknownInstrumentError",
    "CrdsUnknownReftypeError": "UnknownReftypeError",
    "CrdsError": "HeaderError",
    "AttributeError": "HeaderError",
    "AssertionError": "HeaderError",
}

_compiled: dict[str, CompiledMapping] = {}


def observatory_of(name: str) -> str:
    return name.replace(".", "_").split("_")[0]


def mapping_text(name: str) -> str:
    return (data_root() / "mappings" / observatory_of(name) / name).read_text()


def compiled(name: str) -> CompiledMapping:
    """Return a mapping of the shared data, compiled once for each test process."""
    if name not in _compiled:
        observatory = get_observatory(observatory_of(name))
        _compiled[name] = compile_mapping(mapping_text(name), name=name, observatory=observatory)
    return _compiled[name]


def load_context(name: str) -> Context:
    """Return a context of the shared data."""
    return assemble(name, {wanted: compiled(wanted) for wanted in mapping_names(name)})


def mapping_names(name: str) -> list[str]:
    """Return the names of all mappings of a context of the shared data, its own first."""
    found = [name]
    for wanted in found:
        found += compiled(wanted).children
    return found


def run_client(arguments: Sequence[str], observatory: str, *, stdin: str | None = None) -> str:
    """Run a script with the client's Python on the shared rules; return what it prints."""
    environment = {
        **os.environ,
        "CRDS_PATH": str(data_root()),
        "CRDS_READONLY_CACHE": "1",
        "CRDS_OBSERVATORY": observatory,
        # The word tells the client that there is no server; the rest decides how it treats equal matches.
        "CRDS_SERVER_URL": f"https://{observatory}-serverless.stsci.edu",
    }
    done = warm_client().run(arguments, env=environment, text=stdin or "")
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def ask_client(jobs: Sequence[Mapping[str, Any]], observatory: str) -> list[dict[str, Any]]:
    """Return the outcomes of jobs, all asked in one process; see `oracle_answers`."""
    script = Path(__file__).with_name("oracle_answers.py")
    outcomes: list[dict[str, Any]] = json.loads(
        run_client([str(script)], observatory, stdin=json.dumps(jobs))
    )
    return outcomes


def generated(
    context: str, count: int, seed: str, folder: Path
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return header records and the client's answers to them.

    Beside real rules the headers are those of the benchmarks' tools.
    """
    if is_real():
        return _generated_by_tools(context, count, seed, folder)
    return generated_here(context, count, seed)


def generated_here(context: str, count: int, seed: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return header records made from the rules of a context, and the client's answers to them."""
    observatory = get_observatory(observatory_of(context))
    names = load_context(context).mapping_names()
    headers = list(
        make_headers({name: mapping_text(name) for name in names}, observatory, count=count, seed=seed)
    )
    records = [
        {"id": str(number), "instrument": header[observatory.instrument_key].lower(), "header": header}
        for number, header in enumerate(headers)
    ]
    (outcome,) = ask_client([{"name": context, "headers": headers}], observatory.name)
    return list(zip(records, outcome["answers"], strict=True))


def _generated_by_tools(
    context: str, count: int, seed: str, folder: Path
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    headers, answers = folder / "headers.json", folder / "answers.jsonl"
    observatory = observatory_of(context)
    tools, root = bench_tools(), str(data_root())
    headers.write_text(
        run_client([str(tools / "gen_headers.py"), root, context, str(count), seed], observatory)
    )
    run_client(
        [
            str(tools / "crds_baseline.py"),
            root,
            context,
            str(headers),
            "--dump",
            str(answers),
            "--repeat",
            "1",
        ],
        observatory,
    )
    lines = answers.read_text().splitlines()
    return list(zip(json.loads(headers.read_text()), map(json.loads, lines), strict=True))


def our_answer(context: Context, header: Mapping[str, object], include: Any = None) -> dict[str, Any]:
    """Return our answer in the form of the client's dump."""
    try:
        return {"bestrefs": context.best_references(header, include)}
    except CrdsError as exc:
        return {"error": [type(exc).__name__, str(exc)]}


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    """Return what differs between two answers, with the one allowed exception: see `NO_FORM`."""
    if "error" in theirs or "error" in ours:
        kind, text = theirs.get("error", ["", ""])
        expected = [ERROR_CLASSES.get(kind, kind), text]
        return (
            [] if ours.get("error") == expected else [f"error {theirs.get('error')} != {ours.get('error')}"]
        )
    wanted, found = theirs["bestrefs"], ours["bestrefs"]
    if list(wanted) != list(found):
        return [f"types {list(wanted)} != {list(found)}"]
    return [
        f"{reftype}: {wanted[reftype]!r} != {found[reftype]!r}"
        for reftype in wanted
        if wanted[reftype] != found[reftype]
        and not (not isinstance(wanted[reftype], str) and found[reftype].startswith(NO_FORM))
    ]

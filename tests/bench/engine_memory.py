"""Every context of a folder of mappings in this process; see `tests.bench.engine`."""

from pathlib import Path
from time import process_time

from apps.rules.errors import CrdsError
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.lookup.context import Context, assemble
from apps.rules.observatories import get_observatory


def measure(root: Path) -> dict[str, float]:
    """Compile every context and ask each instrument of each one; return sizes in MB and seconds."""
    before, start = resident(), process_time()
    mappings: dict[str, CompiledMapping] = {}
    contexts = [context for path in sorted(root.glob("*/*.pmap")) if (context := _load(path, mappings))]
    seconds, loaded = process_time() - start, resident()
    for context in contexts:
        _ask_all(context)
    return {
        "contexts": len(contexts),
        "before": before,
        "loaded": loaded,
        "asked": resident(),
        "seconds": seconds,
    }


def _load(path: Path, mappings: dict[str, CompiledMapping]) -> Context | None:
    """Return the context, or None for one of the few that do not load."""
    observatory = get_observatory(path.parent.name)
    waiting = [path.name]
    while waiting:
        name = waiting.pop()
        if name not in mappings:
            try:
                text = (path.parent / name).read_text()
                mappings[name] = compile_mapping(text, name=name, observatory=observatory)
            except (CrdsError, OSError):
                return None
        waiting.extend(mappings[name].children)
    return assemble(path.name, mappings)


def _ask_all(context: Context) -> None:
    key = str(context.definition.instrument_key)
    for instrument in context.instruments():
        try:
            context.best_references({key: instrument.upper()})
        except CrdsError:
            continue


def resident() -> float:
    """Return the memory this process takes now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

"""The demo of an observatory that a definition describes: two references of each type, and exposures."""

from __future__ import annotations

import io
import json
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from apps.catalog import operations as catalog
from apps.catalog import queries as files
from apps.catalog.states import FileState
from apps.contexts import operations as contexts
from apps.contexts.models import ContextChange, Pointer
from apps.core.errors import ConflictError
from apps.datasets.models import Dataset
from apps.datasets.operations import import_file
from apps.demo import USER
from apps.observatories.operations import start
from apps.rules.naming.official_names import numbered_name
from apps.rules.observatories.definition import DefinedInstrument, DefinedType, Definition
from apps.rules.text.first_mappings import FirstMapping, first_mappings
from apps.rules.text.parser import RawSelector, parse_mapping
from apps.rules.text.writer import write_mapping

USEAFTER = "2026-01-01 00:00:00"
REASON = "The references of the demo."
SECOND = 2  # The serial of the mappings with references; the first ones have none.
EXTENSIONS = (".fits", ".asdf", ".json")  # of references that `make_plain` makes


@dataclass(frozen=True)
class PlainReference:
    """One reference of the demo: its name, its keywords, and the values that choose it."""

    name: str
    instrument: str
    filekind: str
    match: tuple[str, ...]
    keywords: dict[str, str]


def seed(definition: Definition) -> int:
    """Start the observatory if it is not, add what is missing, and return the number of new files."""
    count = start(user=USER).files
    references = list(_references(definition))
    for reference in references:
        if not _is_held(reference.name):
            where = {"instrument": reference.instrument, "filekind": reference.filekind}
            _add(reference.name, _content(reference), **where)
            count += 1
    mappings = list(_second_mappings(definition, references))
    for mapping in mappings:
        if not _is_held(mapping.name):
            where = {"instrument": mapping.instrument, "filekind": mapping.filekind}
            _add(mapping.name, mapping.text.encode(), **where)
            count += 1
    context = mappings[-1].name
    # Each pointer moves once, also after an interruption; where people move it later, it stays.
    for pointer in (Pointer.EDIT, Pointer.LATEST):
        if not ContextChange.objects.filter(pointer=pointer, context=context).exists():
            contexts.set_context(pointer=pointer, context=context, user=USER, reason=REASON)
    _add_exposures(definition)
    return count


def _is_held(name: str) -> bool:
    file = files.find_file(name)
    return file is not None and file.is_held


def _content(reference: PlainReference) -> bytes:
    # Imported late: to load astropy takes longer than all the rest of a second start.
    from apps.demo.samples.plain import make_plain

    seed = zlib.crc32(reference.name.encode())
    return make_plain(Path(reference.name).suffix, reference.keywords, seed=seed)


def _add(name: str, content: bytes, **columns: str) -> None:
    facts = {"state": FileState.ARCHIVED, "deliverer": USER, "description": REASON, **columns}
    catalog.add_file(io.BytesIO(content), name=name, user=USER, why=REASON, **facts)


def _references(definition: Definition) -> Iterator[PlainReference]:
    for instrument in definition.instruments.values():
        for kind in instrument.types.values():
            if kind.extension in EXTENSIONS:
                for serial, match in enumerate(_choices(definition, instrument, kind), 1):
                    yield _reference(definition, instrument, kind, match, serial)


def _choices(
    definition: Definition, instrument: DefinedInstrument, kind: DefinedType
) -> list[tuple[str, ...]]:
    """Return the values of two references: the first value of each match key, and the last one."""
    values = [definition.vocabulary(instrument.name, kind.name, key).values or ("N/A",) for key in kind.match]
    first, last = tuple(some[0] for some in values), tuple(some[-1] for some in values)
    return list(dict.fromkeys((first, last)))


def _reference(
    definition: Definition,
    instrument: DefinedInstrument,
    kind: DefinedType,
    match: tuple[str, ...],
    serial: int,
) -> PlainReference:
    keywords = {
        "TELESCOP": definition.plain["telescopes"][0],
        definition.instrument_key: instrument.name.upper(),
        "REFTYPE": kind.name.upper(),
        "USEAFTER": USEAFTER.replace(" ", "T"),
        "PEDIGREE": "GROUND",
        "DESCRIP": f"{kind.text} of the demo",
        "AUTHOR": "CRDS demo",
        **dict(zip(kind.match, match, strict=True)),
    }
    stem = "_".join((definition.name, instrument.name, kind.name))
    return PlainReference(
        numbered_name(stem, kind.extension, serial), instrument.name, kind.name, match, keywords
    )


def _second_mappings(definition: Definition, references: list[PlainReference]) -> Iterator[FirstMapping]:
    """Yield mappings like the first ones, with the references in them."""
    for first in first_mappings(definition):
        parsed = parse_mapping(first.text, first.name)
        name = first.name.replace("_0001.", f"_{SECOND:04d}.")
        selector = parsed.selector
        if first.filekind:
            select = definition.instruments[first.instrument].types[first.filekind].select
            place = (first.instrument, first.filekind)
            ours = [each for each in references if (each.instrument, each.filekind) == place]
            selector = RawSelector("Match", {_key(each.match): _dated(select, each.name) for each in ours})
        elif isinstance(selector, dict):
            selector = {key: value.replace("_0001.", f"_{SECOND:04d}.") for key, value in selector.items()}
        header = {**parsed.header, "name": name, "derived_from": first.name}
        yield FirstMapping(name, first.instrument, first.filekind, write_mapping(header, selector))


def _key(match: tuple[str, ...]) -> str | tuple[str, ...]:
    return match[0] if len(match) == 1 else match


def _dated(select: str, name: str) -> object:
    return name if select == "Match" else RawSelector(select, {USEAFTER: name})


def _add_exposures(definition: Definition) -> None:
    """Import one exposure, of the first instrument, under the id that the definition gives as its example."""
    example = definition.datasets.examples[0]
    if Dataset.objects.exists():
        return
    instrument = next(iter(definition.instruments.values()))
    keys = {key for kind in instrument.types.values() for key in kind.match}
    some_type = next(iter(instrument.types))
    values = {
        key: (definition.vocabulary(instrument.name, some_type, key).values or ("N/A",))[0] for key in keys
    }
    dates = dict(zip(definition.useafter_keys, ("2026-01-02", "03:04:05"), strict=False))
    header = {definition.instrument_key: instrument.name.upper(), **values, **dates}
    with tempfile.TemporaryDirectory(dir=settings.DATA_ROOT) as folder:
        path = Path(folder, "exposures.jsonl")
        path.write_text(json.dumps({"dataset_id": example, "prog_id": "", "header": header}) + "\n")
        import_file(path, complain=_refuse)


def _refuse(number: int, reason: str) -> None:
    raise ConflictError(f"Exposure {number} of the demo was refused: {reason}.")

"""Write what the definitions of the missions take from the CRDS client and the JWST data models.

People write the first part of ``<mission>.yaml``. This script writes what follows `MARK`, and the compiled
form of the whole. Run it with a Python that has ``crds`` and ``stdatamodels`` installed, from the root of the
project, after a client release, and review the difference before committing it::

    CRDS_SERVER_URL=https://jwst-serverless.stsci.edu python -m apps.rules.observatories.missions.generate

After a change to the first part, ``generate --compile`` renews the compiled form alone, and needs neither.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from apps.rules.observatories.definition_reader import read_plain
from apps.rules.observatories.definition_schema import MISSION_DEFINITION
from apps.rules.observatories.missions import COMPILED, FOLDER, NAMES

MARK = "# From here on everything is written by `generate`; see there.\n"

# The specification files facts that instruments share under "all", which is not an instrument.
SHARED = "all"
_PLAIN = re.compile(r"[A-Za-z_.][A-Za-z0-9_.\-/()+]*(?: [A-Za-z0-9_.\-/()+]+)*")
# A keyword in a condition; there it is looked up with underscores.
_DOTTED = re.compile(r"\b[A-Z][A-Z_]*(?:\.[A-Z_]+)+\b")
# Words that other readers of YAML take for something else.
_SPECIAL = frozenset(("yes", "no", "true", "false", "on", "off", "null", "y", "n"))


def compiled(text: str) -> str:
    """Return the compiled form of the definition of a mission."""
    plain = read_plain(text, table=MISSION_DEFINITION)
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":")) + "\n"


def types_of(specs: Mapping[str, Any], dates: Iterable[str], key: str) -> Iterator[str]:
    """Yield the lines with the instruments and their types, sorted."""
    yield "instruments:"
    for instrument, kinds in sorted(specs.items()):
        if instrument.lower() == SHARED:
            continue
        yield f"  {instrument.lower()}:"
        for filekind, spec in sorted(kinds.items()):
            if filekind.lower() != SHARED:
                yield f"    {filekind.lower()}: {_flow(_type(filekind.lower(), spec, {*dates, key}))}"


def _type(name: str, spec: Mapping[str, Any], chosen_before: set[str]) -> dict[str, Any]:
    parkeys = spec.get("parkey") or []
    nested = [part for part in parkeys if not isinstance(part, str)]
    match = [key.upper() for key in (nested[0] if nested else parkeys) if key.upper() not in chosen_before]
    classes = spec.get("classes") or ["Match", "UseAfter"]
    facts = {
        "text": spec["text_descr"],
        "match": list(dict.fromkeys(match)) or "nothing",
        "select": classes[-1],
        "extension": spec.get("file_ext", ".fits"),
        "suffix": spec["suffix"].lower(),
        "row_keys": spec.get("unique_rowkeys") or [],
        "relevance": _condition(spec.get("rmap_relevance")),
        "match_relevance": {
            key.upper(): condition
            for key, text in (spec.get("parkey_relevance") or {}).items()
            if key.upper() in match and (condition := _condition(text))
        },
    }
    usual = {"select": "UseAfter", "extension": ".fits", "suffix": name}
    return {key: value for key, value in facts.items() if value and value != usual.get(key)}


def _condition(text: str | None) -> str:
    """Return a condition as definitions have it; empty for one that always holds."""
    if not text or text.upper() == "ALWAYS":
        return ""
    quoted = " ".join(text.replace('"', "'").split())
    quoted = _DOTTED.sub(lambda found: found[0].replace(".", "_"), quoted)
    return quoted if quoted.startswith("(") else f"({quoted})"


def keywords_in(schema: Any) -> Iterator[str]:
    """Yield every FITS keyword in a data model schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("fits_keyword"), str):
            yield schema["fits_keyword"]
        for part in schema.values():
            yield from keywords_in(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from keywords_in(part)


def keyword_paths(data_models: str) -> dict[str, list[str]]:
    """Return FITS keyword to its data model paths.

    Most keywords have one path. The client gives up on a header that uses a keyword with several paths.
    """
    model = importlib.import_module(data_models).JwstDataModel()
    found = {keyword: model.find_fits_keyword(keyword) for keyword in sorted(set(keywords_in(model.schema)))}
    # The client looks up the upper case spelling, so any other spelling is never found.
    return {keyword: paths for keyword, paths in found.items() if paths and keyword == keyword.upper()}


def generated_lines(name: str, plain: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the generated part of a definition, whose other part has been read."""
    package = importlib.import_module(f"crds.{name}")
    evalfile = importlib.import_module("crds.core.utils").evalfile
    yield from types_of(package.TYPES.unified_defs, plain["useafter_keys"], plain["instrument_key"])
    if expansions := evalfile(f"{package.HERE}/substitutions.dat"):
        yield "expansions:"
        for instrument, keys in sorted(expansions.items()):
            yield f"  {instrument}:"
            for key, conditions in sorted(keys.items()):
                yield f"    {key}:"
                yield from (f"      {_text(old)}: {_text(new)}" for old, new in sorted(conditions.items()))
    if data_models := plain["mission"].get("data_models"):
        yield "keyword_paths:"
        yield from (f"  {key}: {_flow(paths)}" for key, paths in keyword_paths(data_models).items())


def _flow(value: Any) -> str:
    """Return a value in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _text(str(value))


def _text(text: str) -> str:
    """Return a text in quotes if it would mean something else without them."""
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _SPECIAL
    return text if is_plain else json.dumps(text)


def main() -> None:
    """Renew the files of all missions."""
    for name in NAMES:
        path = FOLDER / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        if "--compile" not in sys.argv:
            head = text.partition(MARK)[0]
            lines = generated_lines(name, yaml.safe_load(head))
            text = "".join((head, MARK, *(f"{line}\n" for line in lines)))
            path.write_text(text, encoding="utf-8")
        (COMPILED / f"{name}.json").write_text(compiled(text), encoding="utf-8")


if __name__ == "__main__":
    main()

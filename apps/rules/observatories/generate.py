"""Generate the data files of the observatory definitions from the CRDS client and the JWST data models.

Serving never imports either package: it reads ``data/<observatory>.json``, which this script writes. Run it
with a Python that has ``crds`` and ``stdatamodels`` installed, from the root of the project, after a client
release::

    CRDS_SERVER_URL=https://jwst-serverless.stsci.edu python -m apps.rules.observatories.generate

and review the difference before committing it.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

OBSERVATORIES = ("hst", "jwst", "roman", "tobs")
DATA = Path(__file__).with_name("data")

# The specification files facts that instruments share under "all", which is not an instrument.
SHARED = "all"


def types_of(specs: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return instrument to reference type to the facts in its specification, lower case and sorted."""
    return {
        instrument.lower(): {
            filekind.lower(): {
                "text": spec["text_descr"],
                "suffix": spec["suffix"].lower(),
                "extension": spec.get("file_ext", ".fits"),
                "row_keys": spec.get("unique_rowkeys") or [],
            }
            for filekind, spec in sorted(kinds.items())
            if filekind.lower() != SHARED
        }
        for instrument, kinds in sorted(specs.items())
        if instrument.lower() != SHARED
    }


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


def keyword_paths() -> dict[str, list[str]]:
    """Return FITS keyword to its upper case data model paths.

    Most keywords have one path. The client gives up on a header that uses a keyword with several paths.
    """
    datamodels = importlib.import_module("stdatamodels.jwst.datamodels")
    model = datamodels.JwstDataModel()
    found = {keyword: model.find_fits_keyword(keyword) for keyword in sorted(set(keywords_in(model.schema)))}
    # The client looks up the upper case spelling, so any other spelling is never found.
    return {keyword: paths for keyword, paths in found.items() if paths and keyword == keyword.upper()}


def definition(name: str) -> dict[str, Any]:
    """Return all generated facts about the observatory `name`."""
    package = importlib.import_module(f"crds.{name}")
    utils = importlib.import_module("crds.core.utils")
    return {
        "types": types_of(package.TYPES.unified_defs),
        "expansions": utils.evalfile(f"{package.HERE}/substitutions.dat"),
        "keyword_paths": keyword_paths() if name == "jwst" else {},
    }


def main() -> None:
    """Write one data file for each observatory."""
    for name in OBSERVATORIES:
        text = json.dumps(definition(name), indent=1, sort_keys=True)
        (DATA / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

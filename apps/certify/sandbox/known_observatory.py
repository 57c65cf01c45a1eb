"""The definition of an observatory that the library does not know: the child learns it from its parent."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from apps.client_package import document, wheel
from apps.rules.observatories import find_definition, serve
from apps.rules.observatories.definition import Definition

FILE_NAME = "observatory.json"  # in the folder of the child
PACKAGES = "packages"


def tell(observatory: str, home: Path) -> None:
    """Write the definition of an observatory into the folder of a child, if it has one."""
    definition = find_definition(observatory)
    if definition is not None:
        from apps.rules.observatories.definition_reader import to_json

        (home / FILE_NAME).write_text(to_json(definition), encoding="utf-8")


def hear() -> Definition | None:
    """Make the definition that the parent told known to this child; None if there is none."""
    told = Path(os.environ["HOME"], FILE_NAME)
    if not told.is_file():
        return None
    from apps.rules.observatories.definition_reader import read_definition

    definition = read_definition(told.read_text(encoding="utf-8"))
    serve(definition)
    return definition


def teach_library() -> None:
    """Teach the library the observatory that the parent told, with the package that users install.

    The library must not have been imported before.
    """
    definition = hear()
    if definition is None:
        return
    folder = Path(os.environ["HOME"], PACKAGES)
    content = document.to_bytes(document.make_document(definition))
    wheel.unpack(wheel.package_files(content), folder)
    sys.path.insert(0, str(folder))
    importlib.import_module(f"crds_{definition.name}.hook")

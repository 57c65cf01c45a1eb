"""The definition or the overlay of an observatory: the child learns from its parent what no library knows."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from apps.client_package import document, wheel
from apps.rules.observatories import find_definition, get_observatory, serve
from apps.rules.observatories.definition import Definition
from apps.rules.observatories.overlay import Overlay, find_overlay, read_overlay, serve_overlay, to_json

FILE_NAME = "observatory.json"  # in the folder of the child
OVERLAY_NAME = "overlay.json"
PACKAGES = "packages"


def known(observatory: str) -> tuple[Definition | None, Overlay | None]:
    """Return what a child that starts now would be told, so that a program can be compared with it."""
    return find_definition(observatory), find_overlay(observatory)


def tell(observatory: str, home: Path) -> None:
    """Write the definition and the overlay of an observatory into the folder of a child, if there are any."""
    definition, overlay = known(observatory)
    if definition is not None:
        from apps.rules.observatories.definition_reader import to_json as definition_as_json

        (home / FILE_NAME).write_text(definition_as_json(definition), encoding="utf-8")
    if overlay is not None:
        (home / OVERLAY_NAME).write_text(to_json(overlay), encoding="utf-8")


def hear() -> Definition | None:
    """Make the definition that the parent told known to this child; None if there is none."""
    _hear_overlay(Path(os.environ["HOME"], OVERLAY_NAME))
    told = Path(os.environ["HOME"], FILE_NAME)
    if not told.is_file():
        return None
    from apps.rules.observatories.definition_reader import read_definition

    definition = read_definition(told.read_text(encoding="utf-8"))
    serve(definition)
    return definition


def _hear_overlay(told: Path) -> None:
    if told.is_file():
        known = get_observatory(os.environ["CRDS_OBSERVATORY"])
        serve_overlay(read_overlay(told.read_text(encoding="utf-8"), name=known.name, types=known.types))


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

"""The definition and the wheels that this server publishes, kept as files beside its published configuration.

A name means the same bytes forever. If a definition or our template changes without a new version, the next
wheel therefore gets a version of its own, such as ``1.0.post1``.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.urls import reverse

from apps.catalog import storage
from apps.catalog.errors import UnknownFileError
from apps.client_package import document, wheel
from apps.core.addresses import absolute
from apps.distribution.serving import Held
from apps.rules.observatories import find_definition
from apps.rules.observatories.definition import Definition

_DEFINITION = re.compile(r"definition_[0-9a-f]{40}\.json")


@dataclass(frozen=True)
class PublishedDefinition:
    """The document of the served definition, as the client package reads it."""

    sha1sum: str
    content: bytes

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"definition_{self.sha1sum}.json"


@dataclass(frozen=True)
class PublishedWheel:
    """A wheel with the checksum by which pip verifies it."""

    file: Held
    sha256: str


def published_definition() -> PublishedDefinition | None:
    """Return the document of the served definition, or None if the client knows the observatory by itself."""
    definition = _served_definition()
    return _publish(definition, settings.PUBLIC_URL) if definition else None


def definition_file(name: str) -> Held:
    """Return the file of a definition, the present one or an earlier one.

    Raises
    ------
    UnknownFileError
        Raised if no such definition was ever published here.
    """
    keep_definition()
    storage.bring_config()
    if not _DEFINITION.fullmatch(name) or not storage.config_path(name).is_file():
        raise UnknownFileError(f"No definition {name[:128]!r} was published here.")
    return _held(storage.config_path(name))


def keep_definition() -> None:
    """Write the file of the present definition, unless it is there."""
    if present := published_definition():
        storage.keep_config_once(present.name, present.content)


def distribution() -> str:
    """Return the name of the client package for pip."""
    return f"crds-{settings.OBSERVATORY}"


def install_command() -> str:
    """Return the command that installs the client, and the package if there is one."""
    if _served_definition() is None:
        return "pip install crds"
    index = absolute(reverse("distribution:client_index"))
    return f"pip install --extra-index-url {index} {distribution()}"


def published_wheels() -> list[PublishedWheel]:
    """Return all wheels, the newest last; none if the client knows the observatory by itself."""
    definition = published_definition()
    if definition is None:
        return []
    _make_wheel(definition)
    return [_published(path) for _version, path in _versions()]


def wheel_file(name: str) -> Held:
    """Return the file of a wheel.

    Raises
    ------
    UnknownFileError
        Raised if there is no such wheel.
    """
    for _version, path in _versions():
        if path.name == name:
            return _held(path)
    raise UnknownFileError(f"There is no package {name[:128]!r} here.")


@lru_cache(maxsize=4)
def _publish(definition: Definition, server: str) -> PublishedDefinition:
    content = document.to_bytes(document.make_document(definition, server=server))
    return PublishedDefinition(document.sha1sum_of(content), content)


def _make_wheel(definition: PublishedDefinition) -> None:
    """Write the wheel of a definition, unless it is there.

    Two processes that make it at once make the same bytes.
    """
    version = wheel.WheelVersion.parse(json.loads(definition.content)["version"])
    kept = [found for found, _path in _versions() if found.numbers == version.numbers]
    made = _build(definition.content, kept[-1].revision if kept else 0)
    path = storage.config_path(made.name)
    if path.exists() and path.read_bytes() != made.content:
        made = _build(definition.content, kept[-1].revision + 1)
    storage.keep_config_once(made.name, made.content)


@lru_cache(maxsize=4)
def _build(content: bytes, revision: int) -> wheel.Wheel:
    return wheel.build(content, revision=revision)


def _versions() -> list[tuple[wheel.WheelVersion, Path]]:
    """Return versions and paths of all wheels, the newest last."""
    storage.bring_config()
    folder = storage.config_path("x").parent
    found = ((wheel.find_version(path.name, settings.OBSERVATORY), path) for path in folder.glob("*.whl"))
    return sorted((version, path) for version, path in found if version is not None)


def _published(path: Path) -> PublishedWheel:
    return PublishedWheel(_held(path), hashlib.sha256(path.read_bytes()).hexdigest())


def _held(path: Path) -> Held:
    facts = path.stat()
    sha1sum = storage.sha1sum(path)
    return Held(path.name, path, facts.st_size, sha1sum, datetime.fromtimestamp(facts.st_mtime, tz=UTC))


def _served_definition() -> Definition | None:
    """Return the definition of the served observatory, or None if the client knows it by itself."""
    return find_definition(settings.OBSERVATORY)

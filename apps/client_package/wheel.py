"""The wheel of an observatory: the template package, the document of its definition, and what pip needs.

The same document gives the same bytes. Nothing of a document becomes code or a path: its name and version
were checked, and the rest is data in one JSON file.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from apps.client_package.template.definition import Document
from apps.client_package.template.versions import TRIED

REQUIRES_PYTHON = ">=3.9"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # The first moment that an archive can hold.
_NAME = re.compile(r"[a-z]{2,8}")
_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})*(?:\.post[0-9]{1,9})?")
_SOURCES = (".py", ".dat")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel: its file name and its bytes."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The checksum by which pip verifies a download."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, order=True)
class WheelVersion:
    """The version of a wheel: that of the definition, and the number of the wheel of that version."""

    numbers: tuple[int, ...]
    revision: int = 0

    @classmethod
    def parse(cls, text: str) -> WheelVersion:
        """Return a version of numbers and periods, which may end in ``.post`` and the number of the wheel.

        Raises
        ------
        ValueError
            Raised if it is none.

        Examples
        --------
        >>> WheelVersion.parse("1.02") < WheelVersion.parse("1.2.post1"), str(WheelVersion.parse("1.02"))
        (True, '1.2')
        """
        numbers, _, revision = _checked(_VERSION, text).partition(".post")
        return cls(tuple(map(int, numbers.split("."))), int(revision or 0))

    def __str__(self) -> str:
        numbers = ".".join(map(str, self.numbers))
        return f"{numbers}.post{self.revision}" if self.revision else numbers


def build(content: bytes, *, revision: int = 0) -> Wheel:
    """Return the wheel of an observatory.

    Parameters
    ----------
    content
        The document of its definition; see `document.to_bytes`.
    revision
        Number of the wheel, if there are several of one version of the definition.

    Raises
    ------
    ValueError
        Raised if the name or the version of the document could not stand in a path.
    """
    document: Document = json.loads(content)
    name = _checked(_NAME, document["observatory"])
    version = WheelVersion(WheelVersion.parse(document["version"]).numbers, revision)
    files = {**package_files(content), **_metadata(name, version, document["title"])}
    record = f"crds_{name}-{version}.dist-info/RECORD"
    lines = [f"{path},{_digest(files[path])},{len(files[path])}" for path in sorted(files)]
    files[record] = _lines([*lines, f"{record},,"])
    return Wheel(wheel_name(name, version), _archive(files))


def wheel_name(name: str, version: WheelVersion) -> str:
    """Return the file name of the wheel of an observatory."""
    return f"crds_{name}-{version}-py3-none-any.whl"


def find_version(file_name: str, name: str) -> WheelVersion | None:
    """Return the version in the file name of a wheel of an observatory, or None if it is another name."""
    found = re.fullmatch(rf"crds_{name}-({_VERSION.pattern})-py3-none-any\.whl", file_name)
    return WheelVersion.parse(found[1]) if found else None


def package_files(content: bytes) -> dict[str, bytes]:
    """Return the files of the package by their paths below the folder of packages.

    The certification child imports the package from a folder with these files.
    """
    package = f"crds_{_checked(_NAME, json.loads(content)['observatory'])}"
    return {
        **{f"{package}/{path}": text for path, text in _template()},
        f"{package}/definition.json": content,
        # Up to Python 3.14 the first file is read at the start, from 3.15 the second one.
        f"{package}.pth": f"import {package}.hook\n".encode(),
        f"{package}.start": f"{package}.hook:install\n".encode(),
    }


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files of a package into a folder, from which Python can import it."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _template() -> Iterator[tuple[str, bytes]]:
    return _sources(resources.files("apps.client_package.template"), "")


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _sources(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(_SOURCES):
            yield f"{path}{entry.name}", entry.read_bytes()


def _metadata(name: str, version: WheelVersion, title: str) -> dict[str, bytes]:
    folder = f"crds_{name}-{version}.dist-info"
    oldest, newest = TRIED[0], TRIED[-1]
    metadata = (
        "Metadata-Version: 2.1",
        f"Name: crds-{name}",
        f"Version: {version}",
        f"Summary: The observatory {' '.join(title.split())} for the CRDS client",
        f"Requires-Python: {REQUIRES_PYTHON}",
        f"Requires-Dist: crds[submission] (>={oldest},<={newest})",
    )
    wheel = ("Wheel-Version: 1.0", "Generator: crds-server", "Root-Is-Purelib: true", "Tag: py3-none-any")
    return {f"{folder}/{name}": _lines(lines) for name, lines in (("METADATA", metadata), ("WHEEL", wheel))}


def _archive(files: Mapping[str, bytes]) -> bytes:
    """Return an archive without compression, whose bytes depend on nothing but the files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        # pip reads the folder of metadata from the end.
        for path in sorted(files, key=lambda path: (".dist-info/" in path, path)):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3  # Unix
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[path])
    return out.getvalue()


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _checked(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"{text!r} cannot stand in the name of a package.")
    return text

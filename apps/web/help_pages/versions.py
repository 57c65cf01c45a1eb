"""The versions of the software that this server checks files with (website, section 6.5)."""

import platform
from functools import cache
from importlib import metadata

from django.conf import settings

# The packages that certification uses come first; the others follow by name.
FIRST = ("crds", "astropy", "asdf", "stdatamodels", "stsynphot", "synphot", "Django")


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """Return names and versions of the server, of Python, and of each package; no paths, no hosts."""
    packages = {_name(found): found.version for found in metadata.distributions()}
    packages.pop("", None)
    first = [name for name in FIRST if name in packages]
    rest = sorted(packages.keys() - set(first), key=str.casefold)
    return (
        ("CRDS server", settings.SERVER_VERSION),
        ("Python", platform.python_version()),
        *((name, packages[name]) for name in (*first, *rest)),
    )


def _name(distribution: metadata.Distribution) -> str:
    return distribution.metadata["Name"] or ""

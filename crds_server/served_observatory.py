"""The observatory that this server serves: one that comes with the server, or the one of a definition."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from apps.rules.observatories import SHIPPED, client_default, serve, taken_names
from apps.rules.observatories.definition import Definition
from crds_server import env

FILE_NAME = "observatory.yaml"

# Whether this process works with the served observatory; a command that checks a file does not.
is_needed = True


def definition_path(data_root: Path) -> Path:
    """Return where the definition of the served observatory is, or would be."""
    default = "observatory.yaml below `DATA_ROOT`"
    env.DEFAULTS.setdefault("OBSERVATORY_FILE", default)
    return Path(os.environ.get("OBSERVATORY_FILE") or data_root / FILE_NAME).resolve()


def served_name(path: Path) -> str:
    """Return the name of the served observatory, and make its definition known if it has one.

    Raises
    ------
    ImproperlyConfigured
        Raised if the definition has mistakes, if it is that of another observatory than ``OBSERVATORY``
        names, or if that is neither an observatory we know nor that of a definition.
    """
    # `env.text` would take OBSERVATORY_FILE for a file with the name in it.
    env.DEFAULTS.setdefault("OBSERVATORY", client_default())
    if not is_needed:
        return client_default()
    chosen = os.environ.get("OBSERVATORY", "")
    if not path.is_file():
        return _shipped(chosen or client_default(), path)
    definition = _read(path)
    if chosen and chosen != definition.name:
        raise ImproperlyConfigured(
            f"OBSERVATORY={chosen!r} is set, but {path} defines {definition.name!r}. One server serves one "
            f"observatory: unset OBSERVATORY to serve {definition.name}, or set OBSERVATORY_FILE to the "
            f"definition of {chosen}, or DATA_ROOT to another folder."
        )
    serve(definition)
    return definition.name


def _shipped(name: str, path: Path) -> str:
    if os.environ.get("OBSERVATORY_FILE"):
        raise ImproperlyConfigured(f"OBSERVATORY_FILE={str(path)!r}: there is no such file.")
    try:
        return env.choice("OBSERVATORY", client_default(), SHIPPED)
    except ImproperlyConfigured as exc:
        raise ImproperlyConfigured(
            f"{exc} An observatory of your own needs its definition at {path}; "
            "`manage.py new_observatory NAME` writes one, and `start_observatory FILE` puts it there."
        ) from None


def _read(path: Path) -> Definition:
    # Only a server with a definition of its own needs the reader.
    from apps.rules.observatories.definition_reader import DefinitionError, read_definition

    try:
        return read_definition(path.read_text(encoding="utf-8"), taken=taken_names())
    except DefinitionError as exc:
        raise ImproperlyConfigured(
            f"The definition {path} has mistakes, the first at {exc.mistakes[0]} "
            f"`manage.py check_observatory {path}` says all of them."
        ) from None
    except (OSError, UnicodeError) as exc:
        raise ImproperlyConfigured(f"The definition {path} cannot be read: {exc}.") from None

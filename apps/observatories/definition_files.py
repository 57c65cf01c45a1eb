"""Files with definitions: read them, say what is in them, and put one where the server looks for it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.conf import settings

from apps.core.errors import ConflictError
from apps.rules.observatories import taken_names
from apps.rules.observatories.definition import Definition
from apps.rules.observatories.definition_reader import DefinitionError, read_definition

_READABLE = 0o644
# The folders of the program itself; data may lie beside them.
OWN_FOLDERS = ("apps", "crds_server", "docs", "tests")


class BadDefinitionFileError(ValueError):
    """A file that holds no sound definition; the message has a line for each mistake."""


def load(path: Path) -> Definition:
    """Return the definition in a file.

    Raises
    ------
    BadDefinitionFileError
        Raised if the file cannot be read or has mistakes.
    """
    try:
        return read_definition(path.read_text(encoding="utf-8"), taken=taken_names())
    except OSError as exc:
        raise BadDefinitionFileError(f"{path} cannot be read: {exc.strerror}.") from exc
    except UnicodeError as exc:
        raise BadDefinitionFileError(f"{path} is not text in UTF-8: {exc}.") from exc
    except DefinitionError as exc:
        count = len(exc.mistakes)
        mistakes = "\n".join(f"  {path.name} {mistake}" for mistake in exc.mistakes)
        raise BadDefinitionFileError(
            f"{path} has {count} mistake{'s' if count > 1 else ''}. Nothing was changed.\n{mistakes}"
        ) from exc


def describe(definition: Definition) -> str:
    """Return a few lines for people about a definition without mistakes."""
    lines = [f"{definition.title} ({definition.name}), version {definition.version}: no mistakes."]
    lines += [f"  {each.name}: {', '.join(each.types)}" for each in definition.instruments.values()]
    return "\n".join(lines)


def _require_own(target: Path) -> None:
    for folder in OWN_FOLDERS:
        if target.resolve().is_relative_to(settings.BASE_DIR / folder):
            raise ConflictError(
                f"{target} is a file of this program. Copy it to {settings.DATA_ROOT / 'observatory.yaml'}, "
                "and unset OBSERVATORY_FILE or name the copy. Nothing was changed."
            )


def put(text: str, target: Path) -> None:
    """Write a definition where the server looks for it; a reader sees the old or the new one as a whole.

    Raises
    ------
    ConflictError
        Raised if the target is a file of this program, which the next update would change.
    """
    _require_own(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, _READABLE)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

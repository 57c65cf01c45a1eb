"""The file of settings, which is read into the environment. Variables of the environment take precedence.

``CRDS_ENV_FILE`` names the file. Without it, the file is ``env`` below ``DATA_ROOT`` if that exists.
Unreadable lines and unknown names are refused with the number of the line.
"""

import os
import re
import stat
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from dotenv.parser import parse_stream

VARIABLE = "CRDS_ENV_FILE"
NAME = "env"
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*")
_SECRET = re.compile(r"SECRET_KEY|.*_PASSWORD|.*_SECRET")
_WITH_PASSWORD = re.compile(r"[a-z0-9+]+://[^@]*:[^@]+@.*", re.DOTALL)

# The settings in the file, with the path and line of each.
_lines: dict[str, str] = {}


def load(default_root: Path) -> None:
    """Set the variables from the file that the environment does not set.

    Parameters
    ----------
    default_root
        The data root of a server without `DATA_ROOT`.
    """
    path = _find(default_root)
    if path is None:
        return
    values = dict(_read(path))
    _require_private(path, values)
    for name, value in values.items():
        # A secret in the environment must win over a NAME_FILE in the file of settings.
        if not os.environ.get(name) and not os.environ.get(name.removesuffix("_FILE")):
            os.environ[name] = value


def refuse_unknown(known: Collection[str]) -> None:
    """Refuse a file with a name that is not a setting, because it is probably misspelt.

    Raises
    ------
    ImproperlyConfigured
        Raised with the line and the nearest name.
    """
    for name, where in _lines.items():
        if name.removesuffix("_FILE") not in known and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ImproperlyConfigured(f"{where}: {name} is not a setting.{hint}")


def _find(default_root: Path) -> Path | None:
    if named := os.environ.get(VARIABLE):
        return Path(named)
    path = Path(os.environ.get("DATA_ROOT") or default_root) / NAME
    return path if path.is_file() else None


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a file."""
    _lines.clear()
    for binding in parse_stream(StringIO(_text(path))):
        begun = binding.original.string
        line = binding.original.line + len(begun[: len(begun) - len(begun.lstrip())].splitlines())
        where = f"{path}, line {line}"
        if binding.key is None and not binding.error:
            continue  # A comment, or the end.
        if binding.error or binding.key is None or not _SETTING.fullmatch(binding.key):
            raise ImproperlyConfigured(f"{where}: expected NAME=value with a name in capital letters.")
        if not binding.value:
            raise ImproperlyConfigured(f"{where}: {binding.key} has no value; remove the line or write one.")
        if "\0" in binding.value:
            raise ImproperlyConfigured(f"{where}: the value of {binding.key} contains a zero byte.")
        if binding.key in _lines:
            raise ImproperlyConfigured(f"{where}: {binding.key} is set already ({_lines[binding.key]}).")
        _lines[binding.key] = where
        yield binding.key, binding.value


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return data.decode("utf-8")
    except OSError as exc:
        raise ImproperlyConfigured(f"The file of settings {path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise ImproperlyConfigured(f"{path}, line {line}: the text is not UTF-8.") from None


def _require_private(path: Path, values: dict[str, str]) -> None:
    """Refuse a file that anybody may change, or that holds a secret and that anybody may read."""
    mode = path.stat().st_mode
    if mode & stat.S_IWOTH:
        raise ImproperlyConfigured(f"Anybody may change {path}; run: chmod o-w {path}")
    secrets = [name for name, value in values.items() if _is_secret(name, value)]
    if secrets and mode & stat.S_IROTH:
        raise ImproperlyConfigured(
            f"{path} holds {', '.join(secrets)}, and anybody may read it; run: chmod o-r {path}"
        )


def _is_secret(name: str, value: str) -> bool:
    return bool(_SECRET.fullmatch(name) or _WITH_PASSWORD.fullmatch(value))

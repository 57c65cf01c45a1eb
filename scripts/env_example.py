"""Write deploy/env.example from docs/settings.md: every setting, with its meaning and its default.

usage: env_example.py > deploy/env.example
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
HEAD = """\
# Settings of one server, for /etc/crds/env or deploy/env. Made by `make env-example` from docs/settings.md.
# A line without # is what an operational server must or should set. The others show the defaults.
# A secret may be in a file of its own: NAME_FILE=path instead of NAME=value.
"""
# The values of an operational server behind deploy/nginx/crds.conf, with PostgreSQL and Redis on its machine.
SET = {
    "OBSERVATORY": "hst",
    "SERVER_STRING": "ops",
    "PUBLIC_URL": "https://crds.example.org",
    "DATA_ROOT": "/srv/crds",
    "DATABASE_URL_FILE": "/etc/crds/database_url",
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
    "ALLOWED_HOSTS": "crds.example.org",
    "X_ACCEL_PREFIX": "/crds-store",
    "CLIENT_ADDRESS_HEADER": "X-Forwarded-For",
    "EMAIL_URL": "smtp://localhost:25",
    "MAIL_FROM": "crds@crds.example.org",
    "ACCOUNT_CONTACT": "crds-help@crds.example.org",
}


def lines() -> Iterator[str]:
    """Yield the lines of the file."""
    yield HEAD
    for heading, rows in _tables():
        yield f"## {heading}\n"
        for name, default, meaning in rows:
            yield f"# {meaning}" if _is_value(default) else f"# {meaning}; default: {default}"
            yield _line(name, default)
            yield ""


def _tables() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    for section in re.split(r"^## ", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \| (.+?) \| (.+) \|$", section, re.MULTILINE)
        if rows:
            yield section.splitlines()[0], rows


def _line(name: str, default: str) -> str:
    for given in (name, f"{name}_FILE"):
        if given in SET:
            return f"{given}={SET[given]}"
    return f"#{name}={default.strip('`')}" if _is_value(default) else f"#{name}="


def _is_value(default: str) -> bool:
    return bool(re.fullmatch(r"`[^`]*`|\d+|on|off", default))


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()).rstrip("\n") + "\n")

"""Typed readers of environment variables, which refuse nonsense at start."""

import os
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from apps.core.files import write_once
from crds_server.service_urls import BadServiceUrlError, ServiceUrl, read_service_url

DEFAULTS: dict[str, str] = {}  # The names read so far, and their defaults.


def text(name: str, default: str) -> str:
    """Return the variable, or the text of the file that ``NAME_FILE`` names, or `default`."""
    DEFAULTS.setdefault(name, default)
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise ImproperlyConfigured(f"{name}_FILE={path!r} cannot be read: {exc.strerror}.") from exc
        except UnicodeDecodeError:
            raise ImproperlyConfigured(f"{name}_FILE={path!r} is not text in UTF-8.") from None
    value = os.environ.get(name) or default
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        # Python has these in the place of bytes that it cannot read. The value may be a secret.
        raise ImproperlyConfigured(f"{name} is not text in UTF-8.")
    return value


def word(name: str, default: str, pattern: str = r"[a-z][a-z0-9-]*") -> str:
    """Return a variable that must match `pattern` as a whole."""
    value = text(name, default)
    if not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(f"{name}={value!r} is not of the form {pattern}.")
    return value


def number(name: str, default: int, *, minimum: int = 0) -> int:
    """Return a whole number not below `minimum`."""
    value = text(name, str(default))
    if not re.fullmatch(r"\d{1,15}", value) or int(value) < minimum:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number from {minimum} up.")
    return int(value)


def flag(name: str, default: bool) -> bool:
    """Return a yes or no, written as 1, true, yes or on, or as 0, false, no or off."""
    value = text(name, "yes" if default else "no").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no.")


def words(name: str, default: str) -> list[str]:
    """Return a comma separated list without empty items."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def pairs(name: str, default: str, pattern: str) -> dict[str, str]:
    """Return what is written as name=value, separated by commas or lines; each must match `pattern`."""
    found: dict[str, str] = {}
    for item in re.split(r"[,\n]", text(name, default)):
        if not item.strip():
            continue
        if not (whole := re.fullmatch(pattern, item.strip())):
            raise ImproperlyConfigured(f"{name}: {item.strip()!r} is not of the form {pattern}.")
        if found.setdefault(whole[1], whole[2]) != whole[2]:
            raise ImproperlyConfigured(f"{name}: {whole[1]!r} is there twice.")
    return found


def networks(name: str, default: str) -> list[IPv4Network | IPv6Network]:
    """Return a comma separated list of addresses and networks."""
    try:
        return [ip_network(item) for item in words(name, default)]
    except ValueError as exc:
        raise ImproperlyConfigured(f"{name}: {exc}; expected such as 10.1.0.0/16.") from None


def choice(name: str, default: str, known: Collection[str]) -> str:
    """Return a variable that must be one of the `known` words."""
    value = text(name, default)
    if value not in known:
        near = get_close_matches(value, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ImproperlyConfigured(f"{name}={value!r} is not one of {', '.join(known)}.{hint}")
    return value


def url(name: str, default: str, *, schemes: tuple[str, ...]) -> str:
    """Return an address with one of `schemes`, without a slash at its end."""
    value = text(name, default).rstrip("/")
    try:
        scheme = urlsplit(value).scheme
    except ValueError as exc:
        raise ImproperlyConfigured(f"{name}={value!r} cannot be read: {exc}.") from None
    if scheme not in schemes:
        raise ImproperlyConfigured(f"{name}={value!r} does not start with one of {', '.join(schemes)}.")
    return value


def split_url(value: str) -> tuple[str, str]:
    """Return the origin of an address, and its path without a slash at the end."""
    parts = urlsplit(value)
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")


def addresses(name: str, default: str) -> list[str]:
    """Return a comma separated list of plain mail addresses."""
    found = words(name, default)
    for item in found:
        try:
            validate_email(item)
        except ValidationError:
            raise ImproperlyConfigured(f"{name}: {item!r} is not a plain mail address.") from None
    return found


def address(name: str, default: str) -> str:
    """Return one plain mail address."""
    found = addresses(name, default)
    if len(found) != 1:
        raise ImproperlyConfigured(f"{name}: expected one mail address, found {len(found)}.")
    return found[0]


def secret(name: str, kept_in: Path) -> str:
    """Return the variable, or a random text that is made once and kept in a file for this account only."""
    if value := text(name, ""):
        return value
    write_once(kept_in, secrets.token_urlsafe(50).encode())
    return kept_in.read_text()


@dataclass(frozen=True)
class SettingInForce:
    """A setting that was read: its value without secrets, and whether somebody set it."""

    name: str
    value: str
    is_set: bool


def in_force() -> tuple[SettingInForce, ...]:
    """Return all settings that were read, sorted. Passwords are not among the values."""
    return tuple(
        SettingInForce(name, _shown(name), bool(os.environ.get(name) or os.environ.get(f"{name}_FILE")))
        for name in sorted(DEFAULTS)
    )


def _shown(name: str) -> str:
    value = text(name, DEFAULTS[name])
    if value and re.fullmatch(r"SECRET_KEY|.*_PASSWORD|.*_SECRET", name):
        return "(hidden)"
    # An address may hold a password, also among its options.
    hidden = re.sub(r"(?<=://)\S*@", "(hidden)@", value)
    return re.sub(r"(?i)((?:passw|pwd|secret|token|key)[^=&\s]*=)[^&\s]+", r"\1(hidden)", hidden)


# Every transaction takes the write lock at its start. A deferred transaction that takes it later fails at
# once if another process writes, however long the time-out is.
SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


# One connection for each thread of a process and for the heartbeat of each job. A heartbeat that waits for a
# connection makes its job look dead. Idle connections are closed, since PostgreSQL allows a hundred in all.
CONNECTION_POOL = {"min_size": 1, "max_size": 40, "max_idle": 60.0, "timeout": 1.5}
CONNECT_TIMEOUT = "2"  # seconds that a database may take to accept a connection

# A worker may freeze in the middle of a transaction, or its machine may vanish. Its transaction ends after
# `idle`, which is shorter than the time that others wait for its rows, so they go on instead of failing.
# Keepalives end the connections of machines that are gone.
POSTGRESQL_SETTINGS = {
    "idle_in_transaction_session_timeout": 20_000,  # milliseconds
    "lock_timeout": 28_000,
    "statement_timeout": 300_000,
    "jit": "off",  # To compile a statement of a page takes longer than to run it.
}
KEEPALIVES = {
    "keepalives": "1",
    "keepalives_idle": "10",  # seconds
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",  # milliseconds
}


def database(name: str, default: str) -> dict[str, Any]:
    """Return Django's description of the database that a URL names.

    The forms are ``sqlite:///relative``, ``sqlite:////absolute`` and
    ``postgresql://user:password@host:port/name?option=value``.
    """
    value = text(name, default)
    if value.startswith("sqlite:///") and (path := unquote(value.removeprefix("sqlite:///"))).strip("/"):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
            "OPTIONS": dict(SQLITE_OPTIONS),
            "CONN_MAX_AGE": 60,  # seconds; opening the file costs more than most requests do in it
        }
    if value.startswith(("postgres://", "postgresql://")):
        url = service_url(name, value, "postgresql://user:password@host:port/name", has_path=True)
        return {
            "ENGINE": "apps.core.postgresql",
            "NAME": url.path,
            "USER": url.user,
            "PASSWORD": url.password,
            "HOST": url.host,
            "PORT": str(url.port or ""),
            "OPTIONS": {
                "pool": dict(CONNECTION_POOL),
                "connect_timeout": CONNECT_TIMEOUT,
                "options": " ".join(f"-c {key}={value}" for key, value in POSTGRESQL_SETTINGS.items()),
                **KEEPALIVES,
                **url.options,
            },
            # A connection of the pool is checked before its use: the database may have been restarted.
            "CONN_HEALTH_CHECKS": True,
        }
    raise ImproperlyConfigured(f"{name}: expected sqlite:///path or postgresql://host/name.")


def database_address(name: str) -> str:
    """Return the URL of a database that is only read, in the forms of `database`, or an empty text."""
    value = text(name, "")
    if not value or (value.startswith("sqlite:///") and value.removeprefix("sqlite:///").strip("/")):
        return value
    url = service_url(name, value, "postgresql://user:password@host:port/name", has_path=True)
    if url.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name}: expected sqlite:///path or postgresql://host/name.")
    return url.as_text()


def require_with(name: str, value: object, **others: object) -> None:
    """Refuse a setting that needs others which are empty."""
    if missing := [other for other, given in others.items() if value and not given]:
        raise ImproperlyConfigured(f"{name} is set, so {' and '.join(missing)} must be set too.")


def service_url(name: str, value: str, form: str, *, has_path: bool = False) -> ServiceUrl:
    """Return the parts of a URL. The error message gives the expected form and never the password."""
    try:
        return read_service_url(value, has_path=has_path)
    except BadServiceUrlError as exc:
        raise ImproperlyConfigured(f"{name}: expected {form}, but {exc}.") from None


# Callers do not wait for a broker that is absent or silent. One attempt to publish is enough, because the
# sweeps publish again. A worker lets the broker wait one second for a message, so three seconds mean silence.
REMOTE_BROKER = {
    "max_retries": 0,
    "socket_connect_timeout": 2,  # seconds
    "socket_timeout": 3,  # seconds for each answer
    "socket_keepalive": True,
    "health_check_interval": 25,  # seconds
}


def broker(name: str, default: str) -> str:
    """Return the address of the broker: a folder, or a Redis with everything percent-encoded."""
    value = text(name, default)
    if value == "filesystem://" or value.startswith("redis+socket:///"):
        return value
    form = "filesystem:// or redis://:password@host:port/number"
    url = service_url(name, value, form)
    if url.scheme not in {"redis", "rediss"} or not re.fullmatch(r"\d*", url.path):
        raise ImproperlyConfigured(f"{name}: expected {form}.")
    return url.as_text()


def folder_broker(root: Path) -> dict[str, object]:
    """Return the options of Celery's folder broker. Sender and receiver share one folder."""
    folders = {name: root / name for name in ("messages", "control", "processed")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folders["messages"]),
        "data_folder_out": str(folders["messages"]),
        "control_folder": str(folders["control"]),
        "processed_folder": str(folders["processed"]),
        "polling_interval": 0.1,
    }


# The protection of the connection to a mail server, and its default port.
MAIL_PORTS = {"none": 25, "starttls": 587, "tls": 465}
MAIL_SCHEMES = {"smtp": "none", "smtp+starttls": "starttls", "smtps": "tls"}


@dataclass(frozen=True)
class MailServer:
    """The mail server that takes our mails; there is none if `host` is empty."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: str


def mail_server(name: str) -> MailServer:
    """Return the mail server from a URL, or from ``EMAIL_HOST`` and the variables that belong to it.

    The forms are ``smtp://user:password@host:port``, ``smtp+starttls://…`` and ``smtps://…``. The other
    variables are ``EMAIL_PORT``, ``EMAIL_USER``, ``EMAIL_PASSWORD`` and ``EMAIL_TLS``, which is none,
    starttls or tls.
    """
    value, host = text(name, ""), text("EMAIL_HOST", "")
    tls = word("EMAIL_TLS", "none", "|".join(MAIL_PORTS))
    port = number("EMAIL_PORT", MAIL_PORTS[tls], minimum=1)
    server = MailServer(host, port, text("EMAIL_USER", ""), text("EMAIL_PASSWORD", ""), tls)
    if value and host:
        raise ImproperlyConfigured(f"{name} and EMAIL_HOST both name a mail server; set one of them.")
    return _mail_server_of_url(name, value) if value else server


def _mail_server_of_url(name: str, value: str) -> MailServer:
    known = ", ".join(f"{scheme}://" for scheme in MAIL_SCHEMES)
    url = service_url(name, value, f"user:password@host:port after one of {known}")
    tls = MAIL_SCHEMES.get(url.scheme, "")
    if not tls or not url.host or url.path:
        raise ImproperlyConfigured(f"{name}: expected user:password@host:port after one of {known}.")
    return MailServer(url.host, url.port or MAIL_PORTS[tls], url.user, url.password, tls)

"""The check of a user's settings of the client: what is wrong with them, and what to type instead.

It asks the server as the client does, and needs nothing of a server on this machine.
"""

import json
import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apps.rules.observatories import client_default, known_names

SECONDS = 10.0
OLDEST_CLIENT = (11, 17)  # From this version on the client answers by the protocol that this server speaks.
_CONTEXT = re.compile(r"[a-z]+(_\d+\.pmap|-(edit|latest|operational|build)|_[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class Advice:
    """One setting that was looked at: its value, whether it works, and what to do if not."""

    name: str
    is_ok: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok   ' if self.is_ok else 'WRONG'} {self.name}: {self.text}"


def check(variables: Mapping[str, str]) -> Iterator[Advice]:
    """Yield advice about each setting of the client, given the variables of the user's environment."""
    url = variables.get("CRDS_SERVER_URL", "").rstrip("/")
    yield from _path(variables.get("CRDS_PATH", ""))
    yield from _client_version(variables.get("CRDS_CLIENT_VERSION", ""))
    info: dict[str, Any] | None = None
    for advice, answer in _server(url):
        yield advice
        info = answer or info
    if info is not None:
        yield from _observatory(variables.get("CRDS_OBSERVATORY", ""), str(info.get("observatory", "")), url)
        yield from _context(variables.get("CRDS_CONTEXT", ""), url, str(info.get("observatory", "")))


def _server(url: str) -> Iterator[tuple[Advice, dict[str, Any] | None]]:
    """Yield what is to say about the address of the server, and its answer if it gives one."""
    name = "CRDS_SERVER_URL"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        yield _wrong(name, f"{url or 'it is empty'}; write https:// and the name of the server"), None
        return
    try:
        info = _call(url, "get_server_info", [])
    except urllib.error.HTTPError as exc:
        exc.close()
        yield _wrong(name, f"{url} answers {exc.code} for {url}/json/; is there a path missing in it?"), None
        return
    except urllib.error.URLError as exc:
        yield _unreachable(name, url, exc), None
        return
    except (OSError, ValueError) as exc:
        yield _wrong(name, f"{url} does not answer as a CRDS server does ({type(exc).__name__})"), None
        return
    is_plain = parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")
    if is_plain:
        yield _wrong(name, f"{url} sends passwords and tokens unencrypted; try https://{parts.netloc}"), None
    yield Advice(name, True, f"{url} answers"), info


def _unreachable(name: str, url: str, error: urllib.error.URLError) -> Advice:
    if isinstance(error.reason, ssl.SSLCertVerificationError):
        return _wrong(
            name,
            f"the certificate of {url} is not trusted: {error.reason.verify_message}. If your site signs its "
            "own, set SSL_CERT_FILE and REQUESTS_CA_BUNDLE to the file of its authority",
        )
    return _wrong(name, f"{url} cannot be reached: {error.reason}; check the name, the port and your network")


def _observatory(given: str, served: str, url: str) -> Iterator[Advice]:
    name = "CRDS_OBSERVATORY"
    host = (urlsplit(url).hostname or "").lower()
    if given and given != served:
        yield _wrong(name, f"it is {given}, and {url} serves {served}; export {name}={served}")
    elif given:
        yield Advice(name, True, given)
    else:
        # Without it the client looks for the name of an observatory in the address, or takes its default.
        guess = next((known for known in known_names() if known in host), client_default())
        text = f"not set; the client takes {guess} from the address"
        yield Advice(name, guess == served, text if guess == served else f"{text}; export {name}={served}")


def _path(given: str) -> Iterator[Advice]:
    name = "CRDS_PATH"
    path = Path(given).expanduser() if given else Path.home() / "crds_cache"
    if given.startswith("~"):
        yield _wrong(name, f"the client does not expand ~; export {name}={path}")
        return
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not existing.is_dir():
        yield _wrong(name, f"{existing} is a file; name a folder")
    elif not os.access(existing, os.W_OK):
        yield _wrong(
            name,
            f"{existing} cannot be written; name another folder, or set CRDS_READONLY_CACHE=1 to only read",
        )
    else:
        yield Advice(name, True, f"{path}{'' if given else ' (the default)'}")


def _client_version(given: str) -> Iterator[Advice]:
    numbers = tuple(int(number) for number in re.findall(r"\d+", given)[:2])
    if numbers and numbers < OLDEST_CLIENT:
        wanted = ".".join(map(str, OLDEST_CLIENT))
        yield _wrong("crds", f"version {given} is older than {wanted}; pip install --upgrade crds")
    elif numbers:
        yield Advice("crds", True, f"version {given}")


def _context(given: str, url: str, observatory: str) -> Iterator[Advice]:
    name = "CRDS_CONTEXT"
    if not given:
        yield Advice(name, True, "not set; the server's own latest context is used")
        return
    if not _CONTEXT.fullmatch(given):
        yield _wrong(name, f"{given!r} is neither like {observatory}_0100.pmap nor like {observatory}-latest")
        return
    try:
        found = _call(url, "get_context_by_date", [given, observatory])
    except (OSError, ValueError) as exc:
        yield _wrong(
            name, f"{given} is not known to {url}: {exc}. Unset it, or see {url}/context_table/{observatory}"
        )
        return
    yield Advice(name, True, f"{given} means {found}")


def _call(url: str, method: str, params: list[Any]) -> Any:
    """Return the result of a call.

    Raises
    ------
    ValueError
        Raised with the error that the server gave, or if the answer is of another form.
    """
    body = json.dumps({"jsonrpc": "1.0", "method": method, "params": params, "id": 1}).encode()
    asked = urllib.request.Request(f"{url}/json/", body)  # noqa: S310 (the scheme was checked)
    with urllib.request.urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310
        envelope = json.load(answer)
    if not isinstance(envelope, dict) or "result" not in envelope:
        raise ValueError("no envelope of JSON-RPC")
    if envelope.get("error"):
        raise ValueError(str(envelope["error"].get("message", "")))
    return envelope["result"]


def _wrong(name: str, text: str) -> Advice:
    return Advice(name, False, f"{text}.")

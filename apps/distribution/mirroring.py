"""A mirror: a second server of ours, kept equal to a first one, that answers when the first one is gone.

Each round asks for the description of the first server, fetches the files that are not here yet into a
folder laid out as a CRDS cache, compares them with their sums, and imports that cache. A file that was begun
is continued. The first server may also be a published tree.
"""

import ast
import logging
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings

from apps.catalog.crds_cache import MAX_CONFIG, CacheCatalog, FileFacts, read_catalog
from apps.catalog.models import File
from apps.catalog.pipeline.import_report import ImportOptions
from apps.catalog.progress import Progress
from apps.catalog.storage import sha1sum
from apps.contexts.operations.import_cache import ImportedCache, import_cache
from apps.core.errors import ConflictError, InvalidInputError
from apps.core.files import BLOCK, write_atomically
from apps.rules.naming.file_names import is_mapping

logger = logging.getLogger(__name__)

SECONDS = 30.0  # for each answer of the first server
USER = "mirror"


class MirrorSourceError(ConflictError):
    """The first server does not answer as a server or a published tree does."""

    code = "mirror_source"


@dataclass
class MirrorRound:
    """The outcome of one round; `imported` is None if nothing had changed."""

    fetched: int = 0
    size: int = 0
    failed: int = 0
    imported: ImportedCache | None = None


def mirror_once(
    url: str, *, complain: Callable[[str], object], last: bytes = b""
) -> tuple[MirrorRound, bytes]:
    """Take over what is new at the first server.

    Parameters
    ----------
    url
        Address of the first server, or of a published tree.
    last
        The second result of the round before. If the first server is as then, nothing is done.

    Returns
    -------
    round
        What was fetched and imported.
    seen
        The description of the first server, to pass to the next round; empty if a file is still missing.

    Raises
    ------
    MirrorSourceError
        Raised if the first server does not answer, or serves another observatory.
    BadCacheError
        Raised if its description is damaged.
    """
    base = _base(url)
    text = _description(base)
    catalog = _catalog(text)
    seen = _without_times(text)
    done = MirrorRound()
    if seen == last:
        return done, seen
    folder = settings.DATA_ROOT / "mirror"
    for name, facts in _missing(catalog).items():
        try:
            done.size += _fetch(base, folder, name, facts)
            done.fetched += 1
        except (OSError, MirrorSourceError) as exc:
            done.failed += 1
            complain(f"{name}: {exc}")
    # Contexts become known last, and only if every mapping is here.
    write_atomically(folder / "config" / settings.OBSERVATORY / "server_config", text)
    done.imported = import_cache(folder, ImportOptions(USER), Progress())
    _forget_imported(folder)
    return done, b"" if done.failed else seen


def _base(url: str) -> str:
    """Return the address below which `mappings`, `references` and `config` lie."""
    url = url.rstrip("/")
    if urlsplit(url).scheme not in ("http", "https"):
        raise InvalidInputError(
            f"{url!r} is not an address; write https:// and the name of the first server."
        )
    for base in (f"{url}/unchecked_get", url):
        try:
            with _open(f"{base}/config/{settings.OBSERVATORY}/server_config"):
                return base
        except urllib.error.HTTPError as exc:
            exc.close()
        except OSError as exc:
            raise MirrorSourceError(f"{url} does not answer: {exc}") from exc
    raise MirrorSourceError(
        f"{url} has no description of {settings.OBSERVATORY}: not below /unchecked_get/config nor /config."
    )


def _open(url: str, begin: int = 0) -> Any:
    asked = urllib.request.Request(url)  # noqa: S310 (the scheme was checked)
    if begin:
        asked.add_header("Range", f"bytes={begin}-")
    return urllib.request.urlopen(asked, timeout=SECONDS)  # noqa: S310


def _description(base: str) -> bytes:
    try:
        with _open(f"{base}/config/{settings.OBSERVATORY}/server_config") as answer:
            text = bytes(answer.read(MAX_CONFIG + 1))
    except OSError as exc:
        raise MirrorSourceError(f"{base} does not answer: {exc}") from exc
    if len(text) > MAX_CONFIG:
        raise MirrorSourceError(f"The description at {base} has more than {MAX_CONFIG} bytes.")
    return text


def _catalog(text: bytes) -> CacheCatalog:
    try:
        config = ast.literal_eval(text.decode())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as exc:
        raise MirrorSourceError(f"The description cannot be read as a Python literal: {exc}") from exc
    if not isinstance(config, dict) or config.get("observatory") != settings.OBSERVATORY:
        found = config.get("observatory") if isinstance(config, dict) else type(config).__name__
        raise MirrorSourceError(f"The first server serves {found!r}, and this one {settings.OBSERVATORY}.")
    return read_catalog(config)


def _without_times(text: bytes) -> bytes:
    """Return a description without the moments of its making, to compare it with another."""
    times = (b"'last_synced'", b"'last_refreshed'", b"'updated'")
    return b"\n".join(line for line in text.splitlines() if not line.strip(b" {").startswith(times))


def _missing(catalog: CacheCatalog) -> dict[str, FileFacts]:
    """Return the files whose bytes are not here: references first, then mappings."""
    held = set(File.objects.filter(held_at__isnull=False).values_list("name", flat=True))
    names = sorted(catalog.files.keys() - held, key=lambda name: (is_mapping(name), name))
    return {name: catalog.files[name] for name in names}


def _fetch(base: str, folder: Path, name: str, facts: FileFacts) -> int:
    """Fetch one file, and return its size. An interrupted one goes on where it ended."""
    kind = "mappings" if is_mapping(name) else "references"
    target = folder / kind / settings.OBSERVATORY / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return 0
    part = target.with_name(f".{name}.part")
    begin = part.stat().st_size if part.exists() else 0
    if facts.size is None or begin < facts.size:
        _append(f"{base}/{kind}/{settings.OBSERVATORY}/{quote(name)}", part, begin)
    found = sha1sum(part)
    if facts.sha1sum and found != facts.sha1sum:
        part.unlink()
        raise MirrorSourceError(f"it arrived with sha1sum {found}; {facts.sha1sum} was expected")
    part.replace(target)
    return target.stat().st_size


def _append(url: str, part: Path, begin: int) -> None:
    with _open(url, begin) as answer, part.open("ab" if answer.status == 206 else "wb") as stream:
        while block := answer.read(BLOCK):
            stream.write(block)


def _forget_imported(folder: Path) -> None:
    """Remove the fetched bytes that the store has now."""
    for kind in ("mappings", "references"):
        place = folder / kind / settings.OBSERVATORY
        names = [path.name for path in place.glob("[!.]*")] if place.is_dir() else []
        for start in range(0, len(names), 500):
            held = File.objects.filter(name__in=names[start : start + 500], held_at__isnull=False)
            for name in held.values_list("name", flat=True):
                (place / name).unlink()

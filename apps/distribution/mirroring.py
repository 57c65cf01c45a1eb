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
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
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

# No answer, an answer that is not HTTP, and an address in it that is none.
_NO_ANSWER = (OSError, HTTPException, ValueError)


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
    if seen == last:
        return MirrorRound(), seen
    folder = settings.DATA_ROOT / "mirror"
    done = _fetch_all(base, folder, _missing(catalog), complain)
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
        except _NO_ANSWER as exc:
            raise MirrorSourceError(f"{url} does not answer: {exc}") from exc
    raise MirrorSourceError(
        f"{url} has no description of {settings.OBSERVATORY}: not below /unchecked_get/config nor /config."
    )


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """A handler that follows redirects to https, and to the scheme that was asked."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in ("https", req.type):
            fp.close()
            raise MirrorSourceError(
                f"{req.full_url} leads to {newurl[:200]!r}; only https and {req.type} are followed."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(url: str, begin: int = 0) -> Any:
    asked = urllib.request.Request(url)  # noqa: S310 (the scheme was checked)
    if begin:
        asked.add_header("Range", f"bytes={begin}-")
    return urllib.request.build_opener(_SafeRedirects).open(asked, timeout=SECONDS)


def _description(base: str) -> bytes:
    try:
        with _open(f"{base}/config/{settings.OBSERVATORY}/server_config") as answer:
            text = bytes(answer.read(MAX_CONFIG + 1))
    except _NO_ANSWER as exc:
        raise MirrorSourceError(f"{base} does not answer: {exc}") from exc
    if len(text) > MAX_CONFIG:
        raise MirrorSourceError(f"The description at {base} has more than {MAX_CONFIG} bytes.")
    return text


def _catalog(text: bytes) -> CacheCatalog:
    try:
        config = ast.literal_eval(text.decode())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as exc:
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


def _fetch_all(
    base: str, folder: Path, files: dict[str, FileFacts], complain: Callable[[str], object]
) -> MirrorRound:
    """Fetch files, and count them; one that fails does not keep the others away."""
    done = MirrorRound()
    for name, facts in files.items():
        try:
            done.size += _fetch(base, folder, name, facts)
            done.fetched += 1
        except (*_NO_ANSWER, MirrorSourceError) as exc:
            done.failed += 1
            complain(f"{name}: {exc}")
    return done


def _fetch(base: str, folder: Path, name: str, facts: FileFacts) -> int:
    """Fetch one file, and return its size. An interrupted one goes on where it ended."""
    if facts.size is None or not facts.sha1sum:
        raise MirrorSourceError("the description gives no size and sum for it")
    kind = "mappings" if is_mapping(name) else "references"
    target = folder / kind / settings.OBSERVATORY / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return 0
    part = target.with_name(f".{name}.part")
    part.touch()
    if part.stat().st_size < facts.size:
        _append(f"{base}/{kind}/{settings.OBSERVATORY}/{quote(name)}", part, facts.size)
    _require_whole(part, facts.size, facts.sha1sum)
    part.replace(target)
    return facts.size


def _append(url: str, part: Path, size: int) -> None:
    """Fetch the rest of a file of `size` bytes, and at most one byte more, which tells that it is longer."""
    with (
        _open(url, part.stat().st_size) as answer,
        part.open("ab" if answer.status == 206 else "wb") as stream,
    ):
        while block := answer.read(min(BLOCK, size + 1 - stream.tell())):
            stream.write(block)


def _require_whole(part: Path, size: int, expected: str) -> None:
    """Refuse a file with other bytes than expected, and remove it unless it can go on."""
    if (found := part.stat().st_size) < size:
        raise MirrorSourceError(f"it ended after {found} of {size} bytes")
    if found > size:
        part.unlink()
        raise MirrorSourceError(f"it has more than the {size} bytes of its description")
    if (digest := sha1sum(part)) != expected:
        part.unlink()
        raise MirrorSourceError(f"it arrived with sha1sum {digest}; {expected} was expected")


def _forget_imported(folder: Path) -> None:
    """Remove the fetched bytes that the store has now."""
    for kind in ("mappings", "references"):
        place = folder / kind / settings.OBSERVATORY
        names = [path.name for path in place.glob("[!.]*")] if place.is_dir() else []
        for start in range(0, len(names), 500):
            held = File.objects.filter(name__in=names[start : start + 500], held_at__isnull=False)
            for name in held.values_list("name", flat=True):
                (place / name).unlink()

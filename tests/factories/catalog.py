"""Files, mappings and whole caches to test with; every argument is optional."""

import base64
import gzip
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from pprint import pformat
from typing import Any

from django.conf import settings

from apps.catalog import operations
from apps.catalog.file_kinds import kind_of
from apps.catalog.models import File
from apps.rules.text.checksum import text_checksum

CONTENT = b"SIMPLE  =                    T\n"


def make_file(name: str = "jwst_miri_dark_0001.fits", *, content: bytes | None = None, **fields: Any) -> File:
    """Return the row of a file: held if `content` is given, else catalogued only."""
    if content is not None:
        return operations.add_file(io.BytesIO(content), name=name, user="tester", **fields)
    facts = {"size": len(CONTENT), "sha1sum": sha1(CONTENT), "observatory": settings.OBSERVATORY}
    return File.objects.create(name=name, **({"kind": kind_of(name)} | facts | fields))


def sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def make_rmap(
    name: str = "jwst_miri_dark_0001.rmap", *, references: Iterable[str] = ("jwst_miri_dark_0001.fits",)
) -> str:
    """Return the text of an rmap that chooses by detector and date."""
    observatory, instrument, filekind = _parts(name)
    cases = "".join(_case(number, reference) for number, reference in enumerate(references))
    header = _header(
        name,
        observatory,
        mapping="REFERENCE",
        instrument=instrument.upper(),
        filekind=filekind.upper(),
        parkey=(("META.INSTRUMENT.DETECTOR",), ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")),
    )
    return signed(f"{header}\nselector = Match({{\n{cases}}})\n")


def _case(number: int, reference: str) -> str:
    date = f"2015-01-0{number % 9 + 1} 00:00:00"
    return f"    ('DET{number}',) : UseAfter({{\n        '{date}' : '{reference}',\n    }}),\n"


def make_imap(
    name: str = "jwst_miri_0001.imap", *, rmaps: Mapping[str, str] | None = None, **header: Any
) -> str:
    """Return the text of an imap; by default one with a dark rmap."""
    observatory, instrument, _ = _parts(name)
    selections = {"DARK": "jwst_miri_dark_0001.rmap"} if rmaps is None else rmaps
    fields = {"mapping": "INSTRUMENT", "instrument": instrument.upper(), "parkey": ("REFTYPE",)} | header
    return signed(f"{_header(name, observatory, **fields)}\nselector = {pformat(dict(selections))}\n")


def make_pmap(name: str = "jwst_0001.pmap", *, imaps: Mapping[str, str] | None = None, **header: Any) -> str:
    """Return the text of a pmap; by default one with MIRI only."""
    selections = {"MIRI": "jwst_miri_0001.imap"} if imaps is None else imaps
    fields = {"mapping": "PIPELINE", "parkey": ("META.INSTRUMENT.NAME",)} | header
    return signed(f"{_header(name, _parts(name)[0], **fields)}\nselector = {pformat(dict(selections))}\n")


def _parts(name: str) -> tuple[str, str, str]:
    stem = re.sub(r"(_\d{4})?\.\w+$", "", name)
    observatory, instrument, filekind = (*stem.split("_"), "", "")[:3]
    return observatory, instrument, filekind


def _header(name: str, observatory: str, **fields: Any) -> str:
    whole = {"name": name, "observatory": observatory.upper(), "derived_from": "made by hand", **fields}
    lines = "".join(f"    {key!r} : {value!r},\n" for key, value in sorted(whole.items()))
    return f"header = {{\n{lines}    'sha1sum' : '',\n}}\n"


def signed(text: str) -> str:
    """Return the text with its own sha1sum in the header."""
    return text.replace("'sha1sum' : ''", f"'sha1sum' : '{text_checksum(text)}'")


def small_context() -> dict[str, str]:
    """Return the texts of a context of three mappings by name."""
    return {
        "jwst_0001.pmap": make_pmap(),
        "jwst_miri_0001.imap": make_imap(),
        "jwst_miri_dark_0001.rmap": make_rmap(),
    }


def make_config(files: Mapping[str, bytes], **overrides: Any) -> dict[str, Any]:
    """Return a server_config that catalogues `files`."""
    entries = {name: {"size": str(len(content)), "sha1sum": sha1(content)} for name, content in files.items()}
    config = {
        "observatory": "jwst",
        "mappings": sorted(name for name in files if name.endswith("map")),
        "bad_files_list": [],
        "context_history": [["2016-01-01 00:00:00", "jwst_0001.pmap", "First\r\ncontext"]],
        "edit_context": "jwst_0001.pmap",
        "operational_context": "jwst_0001.pmap",
        "versions_context": "",
        "last_synced": "2019-09-11 15:47:43.789608",
        "download_metadata": packed(entries),
    }
    return config | overrides


def packed(value: object) -> dict[str, str]:
    """Return a value as wire-protocol section 1.4 encodes it."""
    payload = base64.b64encode(gzip.compress(json.dumps(value).encode())).decode()
    return {"crds_encoded": "1.0", "crds_payload": payload}


def make_cache(
    root: Path,
    *,
    files: Mapping[str, bytes] | None = None,
    absent: Iterable[str] = (),
    extra: Mapping[str, bytes] | None = None,
    **overrides: Any,
) -> Path:
    """Write a CRDS cache and return its root.

    `files` are catalogued and there, but for those named in `absent`; `extra` are there with other bytes than
    catalogued, or in no catalogue. `overrides` are keys of its server_config.
    """
    if files is None:
        files = {name: text.encode() for name, text in small_context().items()}
        files["jwst_miri_dark_0001.fits"] = CONTENT
    there = {name: content for name, content in files.items() if name not in set(absent)} | dict(extra or {})
    for name, content in there.items():
        folder = "mappings" if name.endswith("map") else "references"
        _write(root / folder / "jwst" / name, content)
    _write(root / "config/jwst/server_config", pformat(make_config(files, **overrides)).encode())
    (root / "mappings/jwst").mkdir(parents=True, exist_ok=True)
    return root


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)

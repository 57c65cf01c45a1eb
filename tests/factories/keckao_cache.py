"""Files of the made-up observatory Keck AO: a cache, as a client has after a synchronization, and data."""

from __future__ import annotations

import hashlib
from pathlib import Path
from pprint import pformat
from typing import Any

from astropy.io import fits

OBSERVATORY = "keckao"
EXPOSURE = {"DETECTOR": "H4RG_B", "READMODE": "CDS", "DATE-OBS": "2022-02-03", "UT": "01:02:03"}
DARK = {
    "REFTYPE": "DARK",
    "DETECTOR": "H4RG_B",
    "READMODE": "CDS",
    "AUTHOR": "A",
    "DESCRIP": "a dark",
    "PEDIGREE": "GROUND",
    "USEAFTER": "2023-01-01T00:00:00",
    "HISTORY": "made",
}
CONTEXT = "keckao_0001.pmap"
_DATES = ("DATE-OBS", "UT")
_DARKS = """Match({
    ('H4RG_B', 'CDS') : UseAfter({
        '2020-01-01 00:00:00' : 'keckao_hispec_dark_0001.fits',
    }),
})
"""
_RMAPS = """{
    'dark' : 'keckao_hispec_dark_0001.rmap',
    'wave' : 'keckao_hispec_wave_0001.rmap',
}
"""
_WAVES = """Match({
    ('H4RG_B',) : ClosestTime({
        '2020-01-01 00:00:00' : 'keckao_hispec_wave_0001.fits',
        '2022-01-01 00:00:00' : 'keckao_hispec_wave_0002.fits',
    }),
})
"""


def make_keckao_cache(root: Path, **info: Any) -> Path:
    """Write rules for darks and wavelength solutions of HISPEC, and a description with `info` in it."""
    mappings = root / "mappings" / OBSERVATORY
    configuration = root / "config" / OBSERVATORY
    for folder in (mappings, configuration, root / "references" / OBSERVATORY):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in _texts().items():
        (mappings / name).write_text(text)
    (configuration / "server_config").write_text(pformat(_description(sorted(_texts())) | info))
    return root


def _texts() -> dict[str, str]:
    return {
        CONTEXT: _mapping(
            CONTEXT, "PIPELINE", "{\n    'hispec' : 'keckao_hispec_0001.imap',\n}\n", ("INSTRUME",)
        ),
        "keckao_hispec_0001.imap": _mapping(
            "keckao_hispec_0001.imap",
            "INSTRUMENT",
            _RMAPS,
            ("REFTYPE",),
            instrument="HISPEC",
        ),
        "keckao_hispec_dark_0001.rmap": _rmap("dark", _DARKS, ("DETECTOR", "READMODE"), "UseAfter"),
        "keckao_hispec_wave_0001.rmap": _rmap("wave", _WAVES, ("DETECTOR",), "ClosestTime"),
    }


def _rmap(filekind: str, selector: str, keys: tuple[str, ...], by_time: str) -> str:
    name = f"keckao_hispec_{filekind}_0001.rmap"
    facts = {"instrument": "HISPEC", "filekind": filekind, "classes": ("Match", by_time)}
    return _mapping(name, "REFERENCE", selector, (keys, _DATES), **facts)


def _mapping(name: str, kind: str, selector: str, parkey: tuple[Any, ...], **facts: Any) -> str:
    header = {
        "derived_from": "made",
        "mapping": kind,
        "name": name,
        "observatory": "KECKAO",
        "parkey": parkey,
        **facts,
    }
    lines = [f"    {key!r} : {value!r},\n" for key, value in sorted(header.items())]
    text = f"header = {{\n{''.join(lines)}}}\n\nselector = {selector}"
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return text.replace("\n}\n\nselector", f"\n    'sha1sum' : '{digest}',\n}}\n\nselector", 1)


def _description(mappings: list[str]) -> dict[str, Any]:
    contexts = dict.fromkeys(("operational_context", "latest_context", "edit_context"), CONTEXT)
    return {
        "observatory": OBSERVATORY,
        **contexts,
        "mappings": mappings,
        "bad_files_list": [],
        "bad_files": "",
        "force_remote_mode": False,
        "last_synced": "2026-01-01 00:00:00",
        "status": "cache",
        "connected": False,
    }


def write_hispec(path: Path, keywords: dict[str, str], **changed: str) -> Path:
    """Write a FITS file of the instrument HISPEC with keywords, some of them changed."""
    header = fits.Header({"TELESCOP": "Keck I", "INSTRUME": "HISPEC", **keywords, **changed})
    fits.PrimaryHDU(header=header).writeto(path, overwrite=True)
    return path

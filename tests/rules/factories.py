"""Small mappings for tests, every argument optional."""

from collections.abc import Mapping
from typing import Any

from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.lookup.context import Context, assemble
from apps.rules.observatories import get_observatory
from apps.rules.text.checksum import text_checksum

CASES = """Match({
    ('CCD', 'A') : UseAfter({
        '2000-01-01 00:00:00' : 'a1.fits',
        '2005-01-01 00:00:00' : 'a2.fits',
    }),
    ('CCD', 'N/A') : UseAfter({
        '1990-01-01 00:00:00' : 'any.fits',
    }),
    ('MAMA', 'B|C') : UseAfter({
        '2000-01-01 00:00:00' : 'bc.fits',
    }),
})"""
PARKEY = (("DETECTOR", "FILTER"), ("DATE-OBS", "TIME-OBS"))


def with_checksum(text: str) -> str:
    return text.replace("CHECKSUM", text_checksum(text))


def make_rmap_text(
    selector: str = CASES,
    *,
    parkey: Any = PARKEY,
    filekind: str = "DARKFILE",
    instrument: str = "STIS",
    observatory: str = "HST",
    name: str = "",
    **fields: Any,
) -> str:
    header = {
        "derived_from": "made for a test",
        "filekind": filekind,
        "instrument": instrument,
        "mapping": "REFERENCE",
        "name": name or f"{observatory}_{instrument}_{filekind}_0001.rmap".lower(),
        "observatory": observatory,
        "parkey": parkey,
        **fields,
        "sha1sum": "CHECKSUM",
    }
    lines = "".join(f"    {key!r} : {value!r},\n" for key, value in header.items())
    return with_checksum(f"header = {{\n{lines}}}\n\nselector = {selector}\n")


def make_rmap(selector: str = CASES, **fields: Any) -> CompiledMapping:
    observatory = get_observatory(fields.get("observatory", "HST"))
    text = make_rmap_text(selector, **fields)
    instrument = fields.get("instrument", "STIS").lower()
    filekind = fields.get("filekind", "DARKFILE").lower()
    name = fields.get("name") or f"{observatory.name}_{instrument}_{filekind}_0001.rmap"
    return compile_mapping(text, name=name, observatory=observatory)


def make_upper_text(kind: str, rows: Mapping[str, str], *, name: str, instrument: str = "STIS") -> str:
    header: dict[str, Any] = {
        "derived_from": "made for a test",
        "mapping": {"pmap": "PIPELINE", "imap": "INSTRUMENT"}[kind],
        "name": name,
        "observatory": "HST",
        "parkey": {"pmap": ("INSTRUME",), "imap": ("REFTYPE",)}[kind],
        "sha1sum": "CHECKSUM",
    }
    if kind == "imap":
        header["instrument"] = instrument
    return with_checksum(
        f"header = {header!r}\n\nselector = {dict(rows)!r}\n".replace("'sha1sum'", "\n'sha1sum'")
    )


def make_upper(kind: str, rows: Mapping[str, str], *, name: str, instrument: str = "STIS") -> CompiledMapping:
    text = make_upper_text(kind, rows, name=name, instrument=instrument)
    return compile_mapping(text, name=name, observatory=get_observatory("hst"))


def make_context(
    *rmaps: CompiledMapping, specials: Mapping[str, str] | None = None, instrument: str = "STIS"
) -> Context:
    """Return a Hubble context of one instrument with these reference mappings and special values."""
    rmaps = rmaps or (make_rmap(),)
    rows = {str(rmap.filekind): rmap.name for rmap in rmaps} | dict(specials or {})
    imap = make_upper("imap", rows, name=f"hst_{instrument.lower()}_0001.imap", instrument=instrument)
    pmap = make_upper("pmap", {instrument: imap.name}, name="hst_0001.pmap")
    return assemble(pmap.name, {mapping.name: mapping for mapping in (pmap, imap, *rmaps)})


def make_header(**parkeys: Any) -> dict[str, Any]:
    header = {
        "INSTRUME": "STIS",
        "DETECTOR": "CCD",
        "FILTER": "A",
        "DATE-OBS": "2001-02-03",
        "TIME-OBS": "04:05:06",
    }
    return header | {key.replace("_OBS", "-OBS"): value for key, value in parkeys.items()}

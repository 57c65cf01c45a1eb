"""A small ensemble of synthetic photometry out of real files: a context, its tables, and its components."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from apps.certify.runner import SynphotJob
from tests.factories.catalog import make_imap, make_pmap, signed
from tests.shared_data import sample_files

CONTEXT = "hst_9001.pmap"
TMG, TMC, TMT, OBS = "a11000001_tmg.fits", "a11000001_tmc.fits", "a11000001_tmt.fits", "a11000001_obs.fits"
# Component to its file, in the order in which light passes them; the two filters stand side by side.
THROUGHPUTS = {
    "hst_ota": "hst_ota_007_syn.fits",
    "acs_hrc_m12": "acs_hrc_m12_006_syn.fits",
    "acs_hrc_m3": "acs_hrc_m3_005_syn.fits",
    "acs_f220w_hrc": "acs_f220w_hrc_008_syn.fits",
    "acs_f555w_hrc": "acs_f555w_hrc_006_syn.fits",
    "acs_hrc_win": "acs_hrc_win_005_syn.fits",
    "acs_hrc_ccd": "acs_hrc_ccd_017_syn.fits",
}
THERMALS = {"wfc3_ir_f098m": "wfc3_ir_f098m_002_th.fits"}
MODES = ("acs,hrc,f220w", "acs,hrc,f555w")
NEW_THROUGHPUT, OLD_THERMAL = "acs_f555w_hrc_007_syn.fits", "wfc3_ir_f098m_002_th.fits"
NEW_THERMAL = "wfc3_ir_f098m_003_th.fits"
KINDS = {
    "thruput": ("syn", "CRTHROUGHPUT"),
    "thermal": ("th", "CRTHERMAL"),
    "tmgtab": ("tmg", "CRGRAPH"),
    "tmctab": ("tmc", "CRCOMPLIST"),
    "tmttab": ("tmt", "CRTHERMLIST"),
    "obsmodes": ("obs", "CROBSMODELIST"),
}
_TIME = "Jun 07 2016 00:00:00"
_HEADER = {"USEAFTER": _TIME, "INSTRUME": "HST", "DESCRIP": "made by hand", "COMMENT": "x", "HISTORY": "x"}


def sample(name: str) -> Path:
    """Return where a real file of synphot is."""
    return next((sample_files() / "hst").rglob(name))


def make_ensemble(store: Path, *, modes: Iterable[str] = MODES, is_obsmodes_typed: bool = True) -> Path:
    """Fill a store with a context of synphot alone, and all its files; return the store."""
    references = store / "references" / "hst"
    references.mkdir(parents=True)
    (store / "mappings").mkdir()
    for name in (*THROUGHPUTS.values(), *THERMALS.values()):
        (references / name).symlink_to(sample(name))
    write_table(references / TMG, graph())
    write_table(references / TMC, lookup(THROUGHPUTS))
    write_table(references / TMT, lookup(THERMALS))
    write_table(references / OBS, {"OBSMODE": list(modes)})
    _write_mappings(store / "mappings" / "hst", is_obsmodes_typed=is_obsmodes_typed)
    return store


def make_synphot_job(folder: Path, store: Path, *files: Path, **facts: Any) -> SynphotJob:
    """Return a job on files that were delivered."""
    folder.mkdir(parents=True)
    defaults: dict[str, Any] = {
        "observatory": "hst",
        "context": CONTEXT,
        "store": str(store),
        "folder": str(folder),
        "files": tuple(map(str, files)),
        "processes": 2,
    }
    return SynphotJob(**(defaults | facts))


def deliver(folder: Path, name: str, *, of: str = "", **header: str) -> Path:
    """Copy a real file under a name, with keywords changed if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sample(of or name), folder / name)
    for keyword, value in header.items():
        fits.setval(folder / name, keyword, value=value)
    return folder / name


def graph() -> dict[str, list[Any]]:
    """Return the columns of a graph: one way through all components, with a choice of filter."""
    ways = {
        "hst_ota": ("acs", 1, 20),
        "acs_hrc_m12": ("hrc", 20, 30),
        "acs_hrc_m3": ("default", 30, 40),
        "acs_f220w_hrc": ("f220w", 40, 50),
        "acs_f555w_hrc": ("f555w", 40, 50),
        "acs_hrc_win": ("default", 50, 60),
        "acs_hrc_ccd": ("default", 60, 70),
    }
    return {
        "COMPNAME": list(ways),
        "KEYWORD": [way[0] for way in ways.values()],
        "INNODE": [way[1] for way in ways.values()],
        "OUTNODE": [way[2] for way in ways.values()],
        "THCOMPNAME": ["wfc3_ir_f098m" if name == "acs_f555w_hrc" else "clear" for name in ways],
        "COMMENT": ["x"] * len(ways),
    }


def lookup(files: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return the columns of a lookup table."""
    folders = {"hst_ota": "crotacomp$", "wfc3_ir_f098m": "crwfc3comp$"}
    return {
        "TIME": [_TIME] * len(files),
        "COMPNAME": list(files),
        "FILENAME": [folders.get(component, "cracscomp$") + name for component, name in files.items()],
        "COMMENT": ["x"] * len(files),
    }


def write_table(path: Path, columns: Mapping[str, list[Any]]) -> Path:
    """Write a table of synphot; the end of its name tells its type."""
    dbtables = dict(KINDS.values())
    made = []
    for name, values in columns.items():
        array = np.array(values)
        made.append(fits.Column(name, "J" if array.dtype.kind == "i" else "68A", array=array))
    primary = fits.PrimaryHDU()
    primary.header.update(
        _HEADER
        | {"DBTABLE": dbtables[path.stem.rpartition("_")[2]], "PEDIGREE": "INFLIGHT 01/01/2010 02/01/2010"}
    )
    fits.HDUList([primary, fits.BinTableHDU.from_columns(made)]).writeto(path)
    return path


def _write_mappings(folder: Path, *, is_obsmodes_typed: bool) -> None:
    folder.mkdir()
    selections = {
        "thruput": {component.upper(): name for component, name in THROUGHPUTS.items()},
        "thermal": {component.upper(): name for component, name in THERMALS.items()},
        "tmgtab": {"": TMG},
        "tmctab": {"": TMC},
        "tmttab": {"": TMT},
        "obsmodes": {"": OBS},
    }
    if not is_obsmodes_typed:
        del selections["obsmodes"]
    rmaps = {reftype: f"hst_synphot_{reftype}_9001.rmap" for reftype in selections}
    for reftype, name in rmaps.items():
        (folder / name).write_text(_rmap(name, reftype, selections[reftype]))
    imap = "hst_synphot_9001.imap"
    (folder / imap).write_text(make_imap(imap, rmaps=rmaps))
    (folder / CONTEXT).write_text(make_pmap(CONTEXT, imaps={"SYNPHOT": imap}, parkey=("INSTRUME",)))


def _rmap(name: str, reftype: str, selections: Mapping[str, str]) -> str:
    """Return the text of an rmap of HST; a case without name is the only one."""
    suffix, dbtable = KINDS[reftype]
    header = {
        "classes": ("Match",),
        "derived_from": "made by hand",
        "extra_keys": (),
        "file_ext": ".fits",
        "filekind": reftype.upper(),
        "filetype": dbtable,
        "instrument": "SYNPHOT",
        "ld_tpn": f"synphot_{suffix}_ld.tpn",
        "mapping": "REFERENCE",
        "name": name,
        "observatory": "HST",
        "parkey": ((),) if "" in selections else (("COMPNAME",),),
        "reffile_format": "TABLE",
        "reffile_required": "YES",
        "reffile_switch": "NONE",
        "rmap_omit": "True",
        "sha1sum": "",
        "suffix": suffix,
        "text_descr": reftype,
        "tpn": f"synphot_{suffix}.tpn",
        "unique_rowkeys": (),
    }
    lines = "".join(f"    {key!r} : {value!r},\n" for key, value in header.items())
    cases = "".join(f"    {(case,) if case else ()!r} : {file!r},\n" for case, file in selections.items())
    return signed(f"header = {{\n{lines}}}\n\nselector = Match({{\n{cases}}})\n")

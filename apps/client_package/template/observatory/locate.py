"""The module ``crds.<observatory>.locate``: where files lie and which values of their headers count.

The client looks these functions up by name. The names and the order of their parameters are its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from crds import data_file
from crds.client import api
from crds.core import config, exceptions, heavy_client, log, rmap, timestamp, utils
from crds.io import abstract

from .. import definition
from ..names import DISTRIBUTION, OBSERVATORY
from . import DOCUMENT, FILEKINDS, HERE, INSTRUMENTS, TYPES

get_row_keys_by_instrument = TYPES.get_row_keys_by_instrument
get_item = TYPES.get_item
suffix_to_filekind = TYPES.suffix_to_filekind
filekind_to_suffix = TYPES.filekind_to_suffix
get_all_tpninfos = TYPES.get_all_tpninfos

# Name of a mapping or reference. A file must be found even if its type is younger than the definition here.
NAME = re.compile(
    r"(?P<observatory>[a-z]+)"
    r"(?:_(?P<instrument>[a-z][a-z0-9]*)(?:_(?P<filekind>[a-z][a-z0-9-]*))?)?(?:_(?P<serial>[0-9]+))?"
)
INSTRUMENT = re.compile(r"[a-z][a-z0-9]{0,16}")
UNDEFINED = (None, "", "UNDEFINED")

Header = Mapping[str, Any]
Properties = tuple[str, str, str, str, str, str]


# Types and constraints.


def tpn_path(tpn_file: str) -> str:
    """Return the place of a constraint file. There are none: see `get_all_tpninfos`."""
    return os.path.join(HERE, "tpns", os.path.basename(tpn_file))


def get_extra_tpninfos(refpath: str) -> list[Any]:
    """Return further constraints on a reference: none."""
    return []


def project_check(refpath: str, rmapping: Any) -> None:
    """Say so if the server has a newer definition than the one with which the reference was checked."""
    newest = _newest_sha1sum()
    if newest and newest != definition.in_use().sha1sum:
        log.warning(
            f"{os.path.basename(refpath)!r} was checked with version {DOCUMENT['version']} of the definition "
            f"of {OBSERVATORY}, and its server has another one. Run `crds sync` and certify again; if this "
            f"text comes again, run `pip install --upgrade {DISTRIBUTION}`."
        )


def _newest_sha1sum() -> str:
    try:
        return str(heavy_client.get_config_info(OBSERVATORY).get("definition_sha1sum", ""))
    except Exception as exc:  # The client works without a server as well.
        log.verbose("The definition of the server is not known:", str(exc))
        return ""


def header_to_reftypes(header: Header, context: str = "latest") -> list[str]:
    """Return the types that data with a header need; an empty list stands for all."""
    return []


def header_to_pipelines(header: Header, context: str = "latest") -> list[str]:
    """Return the pipelines that process data with a header; they are not defined."""
    raise NotImplementedError(f"{OBSERVATORY} defines no pipelines.")


def match_context_key(key: str) -> str:
    """Return a key of a pmap or imap as it is written there."""
    return key.lower()


def get_env_prefix(instrument: str) -> str:
    """Return what stands before the name of a reference in the header of data."""
    return "crds://"


def filekind_to_keyword(filekind: str) -> str:
    """Return the keyword under which data name their reference of a type."""
    return DOCUMENT["recorded_as"].get(filekind.lower(), filekind.upper()[:8])


# Names of files and their properties.


def get_file_properties(filename: str) -> tuple[str, str]:
    """Return instrument and type of a mapping or reference, by its name or else by its content."""
    if config.is_mapping(filename):
        return _mapping_properties(filename)
    instrument, filekind = get_reference_properties(filename)[2:4]
    return instrument, filekind


def decompose_newstyle_name(filename: str) -> Properties:
    """Return path, observatory, instrument, type, serial and extension from the name of a file.

    Raises
    ------
    AssertionError
        Raised if the name is none of this observatory, or has an unknown instrument or type.
    """
    found = _standard_name(filename)
    # The client expects this kind of error, and its text must not hold the name of the file.
    if found is None:
        raise AssertionError(f"Invalid name; names begin with {OBSERVATORY}_")
    path, extension, parts = found
    instrument, filekind = parts["instrument"] or "", parts["filekind"] or ""
    if instrument not in [*INSTRUMENTS, ""]:
        raise AssertionError(f"Invalid instrument {instrument!r}")
    if filekind not in [*FILEKINDS, ""]:
        raise AssertionError(f"Invalid filekind {filekind!r}")
    return path, OBSERVATORY, instrument, filekind, parts["serial"] or "", extension


def get_reference_properties(filename: str) -> Properties:
    """Return path, observatory, instrument, type, serial and extension of a reference."""
    try:
        return decompose_newstyle_name(filename)
    except AssertionError:
        return ref_properties_from_header(filename)


def ref_properties_from_header(filename: str) -> Properties:
    """Return path, observatory, instrument, type, name and extension from the content of a reference.

    Raises
    ------
    CrdsNamingError
        Raised if the content names no known instrument or type.
    """
    path, name = os.path.split(filename)
    stem, extension = os.path.splitext(name)
    header = data_file.get_free_header(filename, (), None, OBSERVATORY)
    instrument = _known(header, "instrument", DOCUMENT["instrument_key"], INSTRUMENTS, name)
    filekind = _known(header, "type", DOCUMENT["reftype_key"], FILEKINDS, name)
    return path, OBSERVATORY, instrument, filekind, stem, extension


def _mapping_properties(filename: str) -> tuple[str, str]:
    try:
        instrument, filekind = decompose_newstyle_name(filename)[2:4]
    except AssertionError:
        mapping = rmap.load_mapping(filename)
        instrument = "" if mapping.mapping == "pipeline" else mapping.instrument
        filekind = mapping.filekind if mapping.mapping == "reference" else ""
    return instrument, filekind


def _standard_name(filename: str) -> tuple[str, str, re.Match[str]] | None:
    """Return folder, extension and parts of a name of this observatory, or None."""
    path, name = os.path.split(filename)
    stem, extension = os.path.splitext(name)
    parts = NAME.fullmatch(stem)
    if parts is None or parts["observatory"] != OBSERVATORY:
        return None
    return path, extension, parts


def _known(header: Header, what: str, key: str, known: list[str], name: str) -> str:
    """Return the value of a keyword or of one of its synonyms, if it is known."""
    keys = [key, *DOCUMENT["synonyms"].get(key, [])]
    values = [str(header[key]).lower() for key in keys if header.get(key) not in UNDEFINED]
    if values and values[0] in known:
        return values[0]
    found = f"is {values[0]!r}" if values else f"is missing (looked for {', '.join(keys)})"
    raise exceptions.CrdsNamingError(
        f"Can't identify the {what} of {name!r}: it {found}; {OBSERVATORY} has {', '.join(known)}."
    )


# Places in the cache.


def locate_file(refname: str, mode: str | None = None, parameters: Header | None = None) -> str:
    """Return the path in the cache at which a reference is or would be.

    The type of the file need not be known, so that a cache can hold types that are younger than this package.
    """
    if mode is None:
        mode = config.get_crds_ref_subdir_mode(observatory=OBSERVATORY)
    folder = config.get_crds_refpath(OBSERVATORY) if mode == "flat" else _folder_of(refname, mode, parameters)
    return os.path.join(folder, os.path.basename(refname))


def locate_dir(instrument: str, mode: str | None = None) -> str:
    """Return the folder in the cache for references of an instrument, and make it if that is allowed."""
    if mode is None:
        mode = config.get_crds_ref_subdir_mode(observatory=OBSERVATORY)
    folder = str(config.get_crds_refpath(OBSERVATORY))
    if mode == "flat":
        return folder
    if mode != "instrument":
        raise ValueError(f"Unhandled reference file location mode {mode!r}")
    if not INSTRUMENT.fullmatch(instrument.lower()):
        raise exceptions.CrdsNamingError(f"{instrument!r} is not the name of an instrument.")
    folder = os.path.join(folder, instrument.lower())
    if not os.path.exists(folder) and config.writable_cache_or_verbose("Skipping the folder", repr(folder)):
        utils.ensure_dir_exists(os.path.join(folder, "locate_dir.fits"))
    return folder


def _folder_of(refname: str, mode: str, parameters: Header | None) -> str:
    return locate_dir(_instrument_of(refname, parameters), mode)


def _instrument_of(refname: str, parameters: Header | None) -> str:
    """Return the instrument of a reference: by its name, its data, its content, or by the server."""
    found = _standard_name(refname)
    if found is not None and found[2]["instrument"]:
        return found[2]["instrument"]
    named = utils.header_to_instrument(parameters or {}, default="UNDEFINED").lower()
    if named in INSTRUMENTS:
        return str(named)
    if os.path.exists(refname):
        return ref_properties_from_header(refname)[2]
    return str(api.get_file_info(OBSERVATORY, os.path.basename(refname))["instrument"]).lower()


# Headers.


def get_cross_strapped_pairs(header: Header) -> list[tuple[str, str]]:
    """Return the pairs of keywords for the same fact."""
    pairs: list[tuple[str, str]] = abstract.equivalence_dict_to_pairs(DOCUMENT["synonyms"])
    return pairs


def fits_to_parkeys(header: Header) -> dict[str, Any]:
    """Return the header of data with the keywords that rules match on."""
    known = {key.upper(): value for key, value in header.items()}
    result = dict(header)
    for key, synonyms in DOCUMENT["synonyms"].items():
        values = [known[name] for name in synonyms if known.get(name) not in UNDEFINED]
        if values and known.get(key) in UNDEFINED:
            result[key] = values[0]
    return result


def condition_matching_header(rmapping: Any, header: Header) -> dict[str, str]:
    """Return the header of a reference with values as rules have them."""
    conditioned: dict[str, str] = utils.condition_header(header)
    return conditioned


def reference_keys_to_dataset_keys(rmapping: Any, header: Header) -> dict[str, Any]:
    """Return the header of a reference with the values and dates of the data to which it applies."""
    result = dict(header)
    of_rmap = {key: [target] for key, target in getattr(rmapping, "reference_to_dataset", {}).items()}
    translations = {**DOCUMENT["patterns"], **of_rmap}
    for key, targets in sorted(translations.items()):
        value = header.get(key)
        if value not in UNDEFINED:
            for target in targets:
                if result.get(target) != value:
                    log.info(f"Setting {target!r} to the value of {key!r}: {value!r}")
                result[target] = str(value).upper()
    result.update(_dates(rmapping, result))
    return result


def _dates(rmapping: Any, header: Header) -> dict[str, str]:
    """Return the useafter date of a reference under the keywords of data, or nothing if it has none."""
    key = DOCUMENT["useafter_key"]
    if header.get(key) is None and not config.ALLOW_BAD_USEAFTER:
        return {}
    name = getattr(rmapping, "filename", "reference")
    date, time = timestamp.reformat_useafter(name, {"USEAFTER": header.get(key, "UNDEFINED")}).split()[:2]
    keys = DOCUMENT["useafter_keys"]
    return {keys[0]: date, keys[1]: time} if len(keys) == 2 else {keys[0]: f"{date} {time}"}

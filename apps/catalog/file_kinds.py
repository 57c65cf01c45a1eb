"""The kind of a file, as its name says."""

import re

from apps.catalog.errors import BadNameError
from apps.catalog.states import FileKind
from apps.rules.naming.file_names import is_file_name, is_mapping

# What the client's download code takes for a reference (wire protocol, section 5).
_REFERENCE = re.compile(r".+\.(?:fits|asdf|json|yaml|text|r[0-9][hd])")
# <obs>_<instrument>_<filekind>_<serial>: mappings, and references that are numbered; some lack the serial.
_TELLING = re.compile(
    r"[a-z]{2,8}_(?P<instrument>[a-z][a-z0-9]{1,16})(?:_(?P<filekind>[a-z][a-z0-9-]{1,32}))?(?:_\d{4,})?\.\w+"
)


def kind_of(name: str) -> FileKind:
    """Return whether a name is that of a mapping or of a reference.

    Raises
    ------
    BadNameError
        Raised if it is not a file name, or no client would download it.
    """
    if is_file_name(name) and is_mapping(name):
        return FileKind.MAPPING
    if is_file_name(name) and _REFERENCE.fullmatch(name):
        return FileKind.REFERENCE
    raise BadNameError(
        f"{name!r} is not the name of a mapping (.pmap, .imap, .rmap) "
        "or of a reference (.fits, .asdf, .json, .yaml, .text, .r0h, .r0d ...)."
    )


def type_in_name(name: str, *, observatory: str) -> tuple[str, str]:
    """Return the instrument and filekind in a name, empty where the name does not have them.

    Examples
    --------
    >>> type_in_name("keckao_liger_pars-rectify_0003.asdf", observatory="keckao")
    ('liger', 'pars-rectify')
    >>> type_in_name("keckao_liger_0421.imap", observatory="keckao")
    ('liger', '')
    >>> type_in_name("v8q14451j_idc.fits", observatory="keckao")
    ('', '')
    """
    found = _TELLING.fullmatch(name) if name.startswith(f"{observatory}_") else None
    if found is None or name.endswith(".pmap"):
        return "", ""
    return found["instrument"], "" if name.endswith(".imap") else found["filekind"] or ""

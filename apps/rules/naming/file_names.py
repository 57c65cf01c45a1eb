"""File names: valid ones, and those of mappings."""

import re

# The client's download code accepts these; a space is legal on the wire, but no new file gets one.
_FILE_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,128}")

MAPPING_EXTENSIONS = (".pmap", ".imap", ".rmap")


def is_file_name(text: str) -> bool:
    """Return whether `text` is a file name without directory, which cannot leave its folder or be hidden.

    Examples
    --------
    >>> is_file_name("keckao_0101.pmap"), is_file_name("../secret"), is_file_name(".hidden")
    (True, False, False)
    """
    return _FILE_NAME.fullmatch(text) is not None


def is_mapping(name: str) -> bool:
    """Return whether a name is that of a mapping.

    Examples
    --------
    >>> is_mapping("keckao_liger_dark_0250.rmap"), is_mapping("v9718260j_drk.fits")
    (True, False)
    """
    return name.endswith(MAPPING_EXTENSIONS)

"""The differences of references, read in a child and kept in memory for a while."""

from django.conf import settings

from apps.certify import differences as certify
from apps.certify.differences import Section
from apps.core.errors import InvalidInputError
from apps.web.difference_pages.compared_files import Source
from apps.web.difference_pages.mapping_differences import kept

# Formats that are also lines of text; beyond this size the lines are not compared.
TEXTS = (".json", ".yaml", ".yml", ".text", ".txt", ".csv", ".dat", ".ecsv")
GEIS_HEADER = ".r0h"
MOST_TEXT = 2 << 20  # bytes


def is_text(ending: str) -> bool:
    """Tell whether files of this ending are lines of text.

    Examples
    --------
    >>> is_text(".json"), is_text(".r3h"), is_text(".fits")
    (True, True, False)
    """
    return ending in TEXTS or (len(ending) == len(GEIS_HEADER) and ending[:2] == ".r" and ending[-1] == "h")


def require_comparable(ending: str) -> None:
    """Refuse formats of which no difference can be told.

    Raises
    ------
    InvalidInputError
        Raised if files of this ending are neither read by their structure nor text.
    """
    if not certify.format_of(f"x{ending}") and not is_text(ending):
        raise InvalidInputError(
            f"Files ending in {ending or 'nothing'} cannot be compared here; those of FITS, ASDF, JSON, YAML "
            "and text can."
        )


@kept(32)
def sections_of(old: Source, new: Source) -> tuple[Section, ...]:
    """Return in what two references differ by their structure; errors as of `certify.compare`."""
    kind = certify.format_of(new.name)
    if not kind or old.sha1sum == new.sha1sum:
        return ()
    return certify.compare(old.path, new.path, kind=kind, observatory=settings.OBSERVATORY)


def has_lines(old: Source, new: Source, ending: str) -> bool:
    """Tell whether the lines of two references are compared."""
    return is_text(ending) and max(old.size, new.size) <= MOST_TEXT

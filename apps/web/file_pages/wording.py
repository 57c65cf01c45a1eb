"""The words in which pages describe a file of the catalogue."""

from datetime import datetime

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.web.activity import without_addresses

NO_MOMENT = "N/A"
NOTHING = "none"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_LOOKS = {
    FileState.LATEST: "good",
    FileState.OPERATIONAL: "good",
    FileState.ARCHIVED: "good",
    FileState.DELIVERED: "calm",
    FileState.SUBMITTED: "calm",
    FileState.ARCHIVING: "calm",
    FileState.ARCHIVING_FAILED: "bad",
    FileState.BAD: "bad",
}


def status_of(file: File) -> str:
    """Return the state that pages show: a bad file is shown as bad, whatever else it is."""
    return str(FileState.BAD if file.is_bad else file.state)


def look_of_status(status: str) -> str:
    """Return the colour of the badge of a state."""
    return _LOOKS.get(FileState(status), "warn") if status in FileState.values else "plain"


def as_moment(moment: datetime | None) -> str:
    """Return a moment in UTC, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else NO_MOMENT


def as_size(size: int | None) -> str:
    """Return a number of bytes, exactly and in a handy unit.

    Examples
    --------
    >>> as_size(812), as_size(135360), as_size(None)
    ('812', '135360 (132.2 KiB)', 'none')
    """
    if size is None:
        return NOTHING
    return f"{size} ({short_size(size)})" if size >= 1024 else str(size)


def short_size(size: int) -> str:
    """Return a number of bytes in the largest unit that it reaches.

    Examples
    --------
    >>> short_size(1024**4 * 5000)
    '5000.0 TiB'
    """
    value = float(size)
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{value:.1f} {unit}" if unit != "B" else f"{size} B"


def as_text(text: str, *, is_inside: bool) -> str:
    """Return free text as it may be shown; only people who logged in see e-mail addresses."""
    shown = text if is_inside or "@" not in text else without_addresses(text)
    return shown.strip() or NOTHING

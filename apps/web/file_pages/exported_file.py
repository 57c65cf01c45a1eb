"""A file as a list exports it: without the long texts of its row."""

from datetime import datetime
from typing import NamedTuple


class ExportedFile(NamedTuple):
    """The columns of a file that its row in an export needs."""

    delivered_at: datetime
    activated_at: datetime | None
    useafter_at: datetime | None
    name: str
    uploaded_as: str
    aperture: str
    state: str
    rejected: bool
    blacklisted: bool
    provisional: bool
    description: str
    instrument: str
    filekind: str
    pedigree: str
    change_level: str
    size: int | None
    deliverer: str

    @property
    def is_bad(self) -> bool:
        """The fact that clients must refuse it."""
        return self.rejected or self.blacklisted

"""Errors about data of another server."""

from apps.core.readiness import PartNotReadyError


class ForeignDataError(PartNotReadyError):
    """The database or the store belongs to another server than the settings name."""

    code = "foreign_data"

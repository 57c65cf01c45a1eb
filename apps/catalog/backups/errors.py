"""Errors of backups."""

from apps.core.errors import ConflictError, InvalidInputError


class BadBackupError(InvalidInputError):
    """A folder is not a backup, or a part of it is damaged."""

    code = "bad_backup"


class NotEmptyError(ConflictError):
    """A restore would overwrite data."""

    code = "not_empty"


class DatabaseToolError(ConflictError):
    """A program of the database is missing or failed."""

    code = "database_tool"

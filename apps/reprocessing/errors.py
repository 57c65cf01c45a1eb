"""Errors about affected datasets."""

from apps.core.errors import ConflictError, NotFoundError


class UnknownTransitionError(NotFoundError):
    """The latest context never went from the one to the other."""

    code = "transition_unknown"


class NotComputedError(ConflictError):
    """There is no result (yet); clients know it by its first words and ask again."""

    code = "not_computed"

    def __init__(self, old: str, new: str, why: str) -> None:
        super().__init__(
            f"No precomputed affected datasets results exist for {old[:128]!r} --> {new[:128]!r}: {why}"
        )

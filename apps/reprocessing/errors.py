"""Errors about affected datasets."""

from apps.core.errors import ConflictError, NotFoundError


class UnknownTransitionError(NotFoundError):
    """The latest context never moved from one of these contexts to the other."""

    code = "transition_unknown"


class NotComputedError(ConflictError):
    """There is no result (yet). Clients recognise the first words of the message and ask again."""

    code = "not_computed"

    def __init__(self, old: str, new: str, why: str) -> None:
        super().__init__(
            f"No precomputed affected datasets results exist for {old[:128]!r} --> {new[:128]!r}: {why}"
        )


class BusyParquetError(ConflictError):
    """Another Parquet file is being written."""

    code = "parquet_busy"

    def __init__(self) -> None:
        super().__init__("Another Parquet file is being written. Try again soon, or take the CSV file.")


class NoParquetError(ConflictError):
    """Parquet files cannot be written on this server."""

    code = "no_parquet"

    def __init__(self) -> None:
        super().__init__(
            "Parquet files are written by pyarrow, which is not installed on this server. Take the CSV or the"
            " JSON, or ask the operators to run `pip install -r requirements-parquet.txt`."
        )

"""The files of results, which a worker writes and a web process sends.

They lie in a folder that the machines share, or in a bucket, of which the folder is a copy.
"""

from typing import BinaryIO

from apps.core import bucket
from apps.core.files import part_beside
from apps.vo.models import QueryJob


def share(row: QueryJob) -> None:
    """Put a finished file into the bucket, if there is one."""
    if bucket.is_used():
        bucket.write_file(_key(row), row.result_path)


def open_result(row: QueryJob) -> BinaryIO:
    """Open the file of a result; errors as `Path.open`."""
    if bucket.is_used() and not row.result_path.exists():
        _bring(row)
    return row.result_path.open("rb")


def _bring(row: QueryJob) -> None:
    row.result_path.parent.mkdir(parents=True, exist_ok=True)
    part = part_beside(row.result_path)
    try:
        bucket.download(_key(row), part)
        part.replace(row.result_path)
    finally:
        part.unlink(missing_ok=True)


def remove(row: QueryJob) -> None:
    """Remove the file of a result."""
    row.result_path.unlink(missing_ok=True)
    if bucket.is_used():
        bucket.delete(_key(row))


def _key(row: QueryJob) -> str:
    return f"results/{row.key}"

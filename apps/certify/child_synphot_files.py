"""The files of synthetic photometry: the delivered ones, and those of the context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from apps.certify.messages import SynphotJob
from apps.rules.errors import CrdsError

INSTRUMENT = "synphot"
GRAPH, THROUGHPUT_TABLE, THERMAL_TABLE, OBSMODES = "tmgtab", "tmctab", "tmttab", "obsmodes"
THROUGHPUT, THERMAL = "thruput", "thermal"

Delivered = Mapping[str, Sequence[str]]


class AbsentError(CrdsError):
    """A type of file that delivery and context lack, or of which they have too many files."""

    code = "synphot_absent"


def delivered_files(job: SynphotJob) -> dict[str, list[str]]:
    """Return the paths of the synphot files of a job, by reference type.

    A file whose header cannot be read is left out: its certification reports the error.
    """
    from crds.core import utils

    found: dict[str, list[str]] = {}
    for path in job.files:
        if not path.endswith(".fits"):
            continue
        try:
            instrument, reftype = utils.get_file_properties(job.observatory, path)
        except Exception:  # noqa: S112 (the readers have errors of their own)
            continue
        if instrument.lower() == INSTRUMENT:
            found.setdefault(reftype.lower(), []).append(path)
    return found


def table_path(reftype: str, job: SynphotJob, delivered: Delivered) -> str:
    """Return the path of the only table of a type: the delivered one, or else that of the context.

    This server need not hold the table of the context.

    Raises
    ------
    AbsentError
        Raised if there is no such table, or more than one.
    """
    names = list(delivered.get(reftype, ())) or context_names(reftype, job)
    if len(names) == 1:
        return located(names[0], job)
    if not names:
        raise AbsentError(f"{job.context} has no {reftype}, and none was delivered with the files.")
    listed = ", ".join(Path(name).name for name in names)
    raise AbsentError(f"There must be one {reftype}, and there are {len(names)}: {listed}.")


def located(name: str, job: SynphotJob) -> str:
    """Return the path that a reference has or would have on this server; a path is returned as given."""
    from crds import config

    return str(config.locate_file(name, job.observatory))


def context_names(reftype: str, job: SynphotJob) -> list[str]:
    """Return the names of all references of a type that the context has.

    Raises
    ------
    AbsentError
        Raised if it has no rmap for the type.
    """
    return [str(name) for name in _rmap(reftype, job).reference_names()]


def _rmap(reftype: str, job: SynphotJob) -> Any:
    import crds
    from crds.core.exceptions import CrdsError as LibraryError

    try:
        return crds.get_cached_mapping(job.context).get_imap(INSTRUMENT).get_rmap(reftype)
    except (LibraryError, AttributeError) as exc:
        raise AbsentError(
            f"{job.context} has no rmap for type {reftype!r} of {INSTRUMENT}. "
            "Submit a first rmap for it with Submit Mappings, then the references."
        ) from exc

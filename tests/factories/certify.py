"""Jobs for certification, on the shared rules."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from apps.certify.runner import CertifyJob, End, Event, FileVerdict, Log, RmapMade, Runner
from tests.needs import NEEDS
from tests.shared_data import data_root, sample_files

CONTEXTS = {"hst": "hst_0700.pmap", "jwst": "jwst_0541.pmap", "roman": "roman_0004.pmap"}


def make_job(folder: Path, *files: str | Path, observatory: str = "hst", **facts: Any) -> CertifyJob:
    """Return a job; files given by name alone are samples of the observatory."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(str(sample_files() / observatory / file) for file in files)
    defaults: dict[str, Any] = {
        "observatory": observatory,
        "context": CONTEXTS[observatory],
        "store": str(data_root()),
        "folder": str(folder),
        "files": paths,
    }
    return CertifyJob(**(defaults | facts))


def run_job(runner: Runner, job: CertifyJob) -> list[Event]:
    """Return all events of a job, which must come to its end."""
    events = list(runner.run(job))
    assert isinstance(events[-1], End)
    return events


def verdicts(events: Iterable[Event]) -> dict[str, FileVerdict]:
    return {event.name: event for event in events if isinstance(event, FileVerdict)}


def rmaps(events: Iterable[Event]) -> list[RmapMade]:
    return [event for event in events if isinstance(event, RmapMade)]


def errors(events: Iterable[Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Log) and event.level == "ERROR")


def clean_verdict() -> str:
    """Return the verdict on a file without a fault: where fitsverify is missing, a warning says so."""
    return "OK" if NEEDS["fitsverify"].is_met() else "Warnings"

"""Checks of the parts that this server depends on."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.conf import settings
from django.db import DatabaseError, connection

from apps.catalog.identity import marker
from apps.catalog.queries import last_fixity_run
from apps.core import bucket, heartbeat, readiness

_VITAL_PARTS = frozenset({"migrations", "identity", "static"})


@dataclass(frozen=True)
class HealthCheck:
    """The result of one check; a server can answer without a part that is not vital."""

    name: str
    is_ok: bool
    text: str
    is_vital: bool = True

    def as_dict(self) -> dict[str, object]:
        """Return the fields as JSON shows them."""
        return asdict(self)


def run() -> list[HealthCheck]:
    """Run every check and return the results, the vital ones first."""
    checks: tuple[Callable[[], HealthCheck], ...] = (_database, _store, _disk, _worker, _fitsverify, _fixity)
    return [check() for check in checks] + _other_parts()


def _other_parts() -> list[HealthCheck]:
    """Return the other parts that are not ready.

    Without a broker or certification the server still answers questions, but nobody can deliver.
    """
    failing = [part for part in readiness.parts() if not part.is_ok and part.name != "database"]
    return [HealthCheck(part.name, False, part.text, part.name in _VITAL_PARTS) for part in failing]


def _database() -> HealthCheck:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as exc:
        return HealthCheck("database", False, f"does not answer: {type(exc).__name__}")
    return HealthCheck("database", True, connection.vendor)


def _store() -> HealthCheck:
    try:
        settings.STORE_ROOT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.STORE_ROOT) as probe:
            probe.write(b"probe")
            probe.flush()
        free = shutil.disk_usage(settings.STORE_ROOT).free
    except OSError as exc:
        return HealthCheck("store", False, f"cannot be written: {exc.strerror}")
    return _bucket(free) if bucket.is_used() else HealthCheck("store", True, f"{free} bytes free")


def _bucket(free: int) -> HealthCheck:
    """Return whether the bucket answers; a folder of the store is only its cache."""
    try:
        found = bucket.find(marker.NAME)
    except bucket.BucketError as exc:
        return HealthCheck("store", False, f"the bucket {settings.BUCKET} does not answer: {exc}")
    if found is None:
        return HealthCheck("store", False, f"the bucket {settings.BUCKET} has no {marker.NAME}")
    return HealthCheck(
        "store", True, f"the bucket {settings.BUCKET} answers; its cache has {free} bytes free"
    )


def _disk() -> HealthCheck:
    """Return whether the disk of uploads has more free space than uploads must leave."""
    try:
        free = shutil.disk_usage(settings.DATA_ROOT).free
    except OSError as exc:
        return HealthCheck("disk", False, f"cannot be read: {exc.strerror}", is_vital=False)
    least = settings.INGEST_RESERVE_BYTES
    return HealthCheck("disk", free > least, f"{free} bytes free; uploads leave {least}", is_vital=False)


def _worker() -> HealthCheck:
    age = heartbeat.age()
    if age is None:
        return HealthCheck("worker", False, "never seen", is_vital=False)
    return HealthCheck("worker", heartbeat.is_fresh(age), f"last seen {age:.0f} s ago", is_vital=False)


def _fixity() -> HealthCheck:
    """Return whether the last comparison of the store with the catalog found every file as it should be."""
    try:
        run = last_fixity_run()
    except DatabaseError:
        return HealthCheck("fixity", False, "not known, because the database does not answer", is_vital=False)
    if run is None:
        return HealthCheck("fixity", True, "the store was not compared with the catalog yet", is_vital=False)
    text = f"{run.faults} of {run.files} files were wrong at {run.began_at:%Y-%m-%d %H:%M} UTC"
    return HealthCheck("fixity", run.is_clean, text, is_vital=False)


def has_fitsverify() -> bool:
    """Return whether ``fitsverify`` is installed; it checks the structure and checksums of FITS files."""
    return shutil.which("fitsverify") is not None


NO_FITSVERIFY = "fitsverify is not installed: the structure and the checksums of FITS files are not checked."


def _fitsverify() -> HealthCheck:
    found = has_fitsverify()
    return HealthCheck("fitsverify", found, "installed" if found else NO_FITSVERIFY, is_vital=False)

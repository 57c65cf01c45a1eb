"""The state of the whole server as gauges for Prometheus; each is read when somebody asks."""

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Min, Sum
from django.utils import timezone

from apps.catalog.models import File
from apps.catalog.queries import last_fixity_run
from apps.core import heartbeat, readiness
from apps.jobs.models import Job
from apps.jobs.states import Status
from apps.locks.models import Lock
from apps.mails.models import Mail
from apps.submissions.models import Submission

logger = logging.getLogger(__name__)

TOTALS_SECONDS = 300  # The sums over the whole catalogue are kept so long.


@dataclass(frozen=True, slots=True)
class GaugeValue:
    """One value of a gauge with its labels."""

    value: float
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Gauge:
    name: str
    help: str
    read: Callable[[], Iterable[GaugeValue]]


def written() -> bytes:
    """Return all gauges in the text format of Prometheus; those that cannot be read are left out."""
    return "".join(line for gauge in _GAUGES for line in _lines(gauge)).encode()


def _lines(gauge: _Gauge) -> list[str]:
    try:
        samples = list(gauge.read())
    except (DatabaseError, OSError) as exc:  # The gauge of parts says which part is away.
        logger.warning("the gauge %s could not be read: %s", gauge.name, exc)
        return []
    head = [f"# HELP {gauge.name} {gauge.help}\n", f"# TYPE {gauge.name} gauge\n"]
    return [*head, *(f"{gauge.name}{_labels(sample)} {float(sample.value)}\n" for sample in samples)]


def _labels(sample: GaugeValue) -> str:
    if not sample.labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _server() -> Iterator[GaugeValue]:
    labels = (("observatory", settings.OBSERVATORY), ("server", settings.SERVER_STRING))
    yield GaugeValue(1, (*labels, ("version", settings.SERVER_VERSION)))


def _parts() -> Iterator[GaugeValue]:
    for part in readiness.parts():
        yield GaugeValue(part.is_ok, (("part", part.name),))


def _jobs() -> Iterator[GaugeValue]:
    """Yield the jobs that wait and run, and those that failed while their row is kept."""
    unfinished = (Status.QUEUED, Status.RUNNING, Status.FAILED)
    counts = Job.objects.filter(status__in=unfinished).values_list("kind", "status").annotate(Count("pk"))
    found = {(kind, status): count for kind, status, count in counts}
    for kind in settings.JOB_KINDS:
        for status in unfinished:
            yield GaugeValue(found.get((kind, status), 0), (("kind", kind), ("status", str(status))))


def _queue_age() -> Iterator[GaugeValue]:
    now = timezone.now()
    waiting = Job.objects.filter(status=Status.QUEUED, not_before__lte=now)
    oldest = waiting.aggregate(oldest=Min("not_before"))["oldest"]
    yield GaugeValue((now - oldest).total_seconds() if oldest else 0)


def _submissions() -> Iterator[GaugeValue]:
    counts = Submission.objects.values_list("status").annotate(Count("pk"))
    for status, count in counts:
        yield GaugeValue(count, (("status", status),))


def _locks() -> Iterator[GaugeValue]:
    for instrument, user in Lock.objects.filter(expires_at__gt=timezone.now()).values_list(
        "instrument", "user"
    ):
        yield GaugeValue(1, (("instrument", instrument), ("holder", user)))


def _mails() -> Iterator[GaugeValue]:
    yield GaugeValue(Mail.objects.filter(sent_at=None).count())


def _worker() -> Iterator[GaugeValue]:
    age = heartbeat.age()
    if age is not None:
        yield GaugeValue(age)


def _disk() -> Iterator[GaugeValue]:
    usage = shutil.disk_usage(settings.DATA_ROOT)
    for name, value in (("free", usage.free), ("total", usage.total)):
        yield GaugeValue(value, (("what", name),))


def _fixity_faults() -> Iterator[GaugeValue]:
    if run := last_fixity_run():
        yield GaugeValue(run.faults)


def _fixity_age() -> Iterator[GaugeValue]:
    if run := last_fixity_run():
        yield GaugeValue((timezone.now() - run.began_at).total_seconds())


_totals: list[tuple[float, list[tuple[str, int, int]]]] = []


def _catalogue() -> list[tuple[str, int, int]]:
    """Return the kinds of held files with their number and bytes."""
    now = time.monotonic()
    if not _totals or now - _totals[0][0] > TOTALS_SECONDS:
        held = File.objects.filter(held_at__isnull=False).values_list("kind")
        _totals[:] = [(now, list(held.annotate(Count("pk"), Sum("size"))))]
    return _totals[0][1]


def _files() -> Iterator[GaugeValue]:
    for kind, count, _ in _catalogue():
        yield GaugeValue(count, (("kind", kind),))


def _bytes() -> Iterator[GaugeValue]:
    for kind, _, size in _catalogue():
        yield GaugeValue(size or 0, (("kind", kind),))


_GAUGES = (
    _Gauge("crds_server_info", "Which server this is", _server),
    _Gauge("crds_part_ready", "Whether a part works, as /readyz says it", _parts),
    _Gauge("crds_jobs", "Jobs by kind and status", _jobs),
    _Gauge("crds_queue_age_seconds", "Age of the oldest job that a worker could have taken", _queue_age),
    _Gauge("crds_worker_silence_seconds", "Time since a worker last gave a sign of life", _worker),
    _Gauge("crds_submissions", "Submissions by status", _submissions),
    _Gauge("crds_lock_held", "Instruments that somebody holds", _locks),
    _Gauge("crds_mails_unsent", "Mails that the mail server does not have yet", _mails),
    _Gauge("crds_store_files", "Files whose bytes are held", _files),
    _Gauge("crds_store_bytes", "Bytes of the files that are held", _bytes),
    _Gauge("crds_fixity_faults", "Stored files that the last comparison found wrong", _fixity_faults),
    _Gauge("crds_fixity_age_seconds", "Time since the last comparison began", _fixity_age),
    _Gauge("crds_disk_bytes", "The disk of the data root", _disk),
)

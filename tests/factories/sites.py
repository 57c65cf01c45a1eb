"""A small site and deliveries to it; every argument is optional."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.accounts.models import User
from apps.catalog import operations as catalog
from apps.catalog import storage
from apps.catalog.models import File
from apps.contexts import operations as contexts
from apps.contexts.models import ContextChange
from apps.demo.samples import Sample, make_reference
from apps.jobs import pipeline as jobs
from apps.jobs.models import Job, Message
from apps.locks.models import Lock
from apps.locks.operations import acquire
from apps.rules.text.parser import RawSelector
from apps.rules.text.writer import write_mapping
from apps.submissions.models import IngestFile, Submission, SubmittedFile
from apps.submissions.operations import SubmissionOptions, start
from apps.submissions.states import UPLOADING, Kind
from apps.submissions.uploads import ingest_area
from tests.factories.accounts import make_user
from tests.factories.catalog import sha1

BASE = "jwst_0001.pmap"
DATES = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")
INSTRUMENTS = ("miri", "nircam")
PARKEYS = {
    "BAND": "META.INSTRUMENT.BAND",
    "DETECTOR": "META.INSTRUMENT.DETECTOR",
    "FILTER": "META.INSTRUMENT.FILTER",
    "PUPIL": "META.INSTRUMENT.PUPIL",
    "SUBARRAY": "META.SUBARRAY.NAME",
}
# Instrument and type to the keywords that references are matched by, and what the first one has.
RULES = {
    ("miri", "flat"): {"DETECTOR": "MIRIMAGE", "FILTER": "F560W", "BAND": "N/A", "SUBARRAY": "SUB128"},
    ("miri", "gain"): {"DETECTOR": "MIRIMAGE", "FILTER": "N/A", "SUBARRAY": "SUB128"},
    ("nircam", "flat"): {"DETECTOR": "NRCA1", "FILTER": "F115W", "PUPIL": "CLEAR"},
}


@cache
def make_content(
    reftype: str = "flat", *, instrument: str = "miri", useafter: str = "2030-01-01", **keywords: str
) -> bytes:
    """Return a small reference; the same arguments give the same bytes."""
    sample = Sample(
        name=f"{reftype}.fits",
        instrument=instrument,
        reftype=reftype,
        keywords=RULES[instrument, reftype] | keywords,
        useafter=datetime.fromisoformat(useafter),
    )
    return make_reference(sample)


def with_keywords(content: bytes, **keywords: str | None) -> bytes:
    """Return a FITS file with other values of some primary keywords; None removes one."""
    from astropy.io import fits

    with fits.open(io.BytesIO(content)) as parts:
        for keyword, value in keywords.items():
            if value is None:
                del parts[0].header[keyword]
            else:
                parts[0].header[keyword] = value
        parts.writeto(stream := io.BytesIO())
    return stream.getvalue()


def make_rmap_text(
    name: str = "jwst_miri_flat_0001.rmap",
    *,
    cases: Mapping[tuple[str, ...], Mapping[str, str]] | None = None,
    **header: Any,
) -> str:
    """Return an rmap of one of the types of the site; by default with the first reference of it."""
    _observatory, instrument, reftype = name.removesuffix(".rmap").split("_")[:3]
    rules = RULES[instrument, reftype]
    if cases is None:
        cases = {tuple(rules.values()): {"2021-08-01 00:00:00": f"jwst_{instrument}_{reftype}_0001.fits"}}
    fields = {
        "classes": ("Match", "UseAfter"),
        "derived_from": "made by hand",
        "file_ext": ".fits",
        "filekind": reftype.upper(),
        "filetype": reftype.upper(),
        "instrument": instrument.upper(),
        "mapping": "REFERENCE",
        "name": name,
        "observatory": "JWST",
        "parkey": (tuple(PARKEYS[keyword] for keyword in rules), DATES),
        "suffix": reftype,
        "text_descr": reftype,
    }
    rows = {key: RawSelector("UseAfter", dict(dates)) for key, dates in cases.items()}
    return write_mapping({**fields, **header}, RawSelector("Match", rows))


def make_texts() -> dict[str, str]:
    """Return the mappings of the site: a pmap, two imaps and three rmaps."""
    common = {"derived_from": "made by hand", "observatory": "JWST"}
    texts = {f"jwst_{a}_{b}_0001.rmap": make_rmap_text(f"jwst_{a}_{b}_0001.rmap") for a, b in RULES}
    imaps = {}
    for instrument in INSTRUMENTS:
        name = imaps[instrument.upper()] = f"jwst_{instrument}_0001.imap"
        rmaps = {b.upper(): f"jwst_{a}_{b}_0001.rmap" for a, b in RULES if a == instrument}
        header = {"instrument": instrument.upper(), "mapping": "INSTRUMENT", "parkey": ("REFTYPE",)}
        texts[name] = write_mapping({**common, **header, "name": name}, rmaps)
    header = {"mapping": "PIPELINE", "parkey": ("META.INSTRUMENT.NAME",)}
    texts[BASE] = write_mapping({**common, **header, "name": BASE}, imaps)
    return texts


def make_site() -> str:
    """Store a context of two instruments with its references, let edit and latest name it, return it."""
    for instrument, reftype in RULES:
        content = make_content(reftype, instrument=instrument, useafter="2021-08-01")
        add(f"jwst_{instrument}_{reftype}_0001.fits", content)
    for name, text in make_texts().items():
        add(name, text.encode())
    for pointer in ("edit", "latest"):
        contexts.set_context(pointer=pointer, context=BASE, user="tester", reason="First.")
    return BASE


def add(name: str, content: bytes, **fields: Any) -> File:
    """Make a file official without a submission."""
    return catalog.add_file(io.BytesIO(content), name=name, user="tester", **fields)


def set_edit(context: str) -> None:
    """Set edit to a context."""
    contexts.set_context(pointer="edit", context=context, user="tester", reason="First.")


def upload(user: User, files: Mapping[str, bytes]) -> None:
    """Put complete files into somebody's ingest area, by name; one that is there is replaced."""
    for name, content in files.items():
        ingest_area.delete(user.pk, name)
        path = ingest_area.path_of(user.pk, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        facts = {"size": len(content), "sha1sum": sha1(content), "completed_at": timezone.now()}
        IngestFile.objects.create(owner=user, name=name, **facts)


def find_user(name: str = "homer") -> User:
    """Return an account, made if it is not there."""
    return User.objects.filter(username=name).first() or make_user(name)


def deliver(
    files: Mapping[str, bytes] | None = None,
    *,
    kind: str = Kind.BATCH,
    user: str = "homer",
    instrument: str = "miri",
    context: str = BASE,
    **options: Any,
) -> Submission:
    """Start a submission of files by name, one new flat if none are given, under a fresh lock.

    What lies in the ingest area already belongs to it.
    """
    person = find_user(user)
    if kind in UPLOADING:
        upload(person, {"flat.fits": make_content()} if files is None else files)
    if kind != Kind.CERTIFY:
        acquire(instrument=instrument, user=user)
    facts = {"instrument": instrument, "context": context, "description": "Better corners."} | options
    return start(SubmissionOptions(kind=kind, **facts), user=person, lock_key=None, channel=None)


def job_of(submission: Submission) -> Job:
    return Job.objects.get(kind="submission", subject_id=submission.pk)


def process(submission: Submission) -> Submission:
    """Do in this thread what a worker does, and return the row as it is then."""
    jobs.execute(job_of(submission).pk)
    submission.refresh_from_db()
    return submission


def claimed(submission: Submission) -> Job:
    """Return its job as a worker sees it that has it."""
    job = jobs.claim(job_of(submission).pk)
    assert job
    submission.enter("processing")
    return job


def make_ready(files: Mapping[str, bytes] | None = None, **facts: Any) -> Submission:
    """Return a submission that waits to be confirmed."""
    submission = process(deliver(files, **facts))
    assert submission.status == "ready", submission.reason
    return submission


def said(submission: Submission) -> str:
    """Return the lines of its channel."""
    texts = Message.objects.filter(channel=submission.channel).values_list("text", flat=True)
    return "\n".join(texts)


@dataclass(frozen=True)
class Snapshot:
    """All that a submission which comes to nothing must leave as it was."""

    files: tuple[tuple[str, str], ...]
    stored: tuple[tuple[str, str], ...]
    reserved: tuple[str, ...]
    locks: tuple[str, ...]
    folders: tuple[str, ...]
    edit: str


def snapshot() -> Snapshot:
    """Return what is there now."""
    moves = ContextChange.objects.filter(pointer="edit").order_by("started_at", "pk")
    reserved = SubmittedFile.objects.filter(is_reserved=True)
    folders = (settings.DATA_ROOT / "submissions").glob("*")
    return Snapshot(
        files=tuple(File.objects.order_by("name").values_list("name", "sha1sum")),
        stored=tuple(sorted((name, storage.read_sum(name)) for name in storage.stored_names())),
        reserved=tuple(sorted(reserved.values_list("official_name", flat=True))),
        locks=tuple(Lock.objects.order_by("instrument").values_list("instrument", flat=True)),
        folders=tuple(sorted(path.name for path in folders)),
        edit=moves.values_list("context", flat=True).last() or "",
    )

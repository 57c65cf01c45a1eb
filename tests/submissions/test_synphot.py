"""Deliveries of synthetic photometry: new tables, and the test of the ensemble."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from apps.accounts.models import User
from apps.catalog import storage
from apps.catalog.file_kinds import kind_of
from apps.catalog.models import File
from apps.contexts.models import ContextChange, Pointer
from apps.jobs import pipeline as jobs
from apps.jobs.queries import find_job
from apps.locks.models import Lock
from apps.locks.operations import acquire
from apps.rules.naming.file_names import is_mapping
from apps.rules.text.parser import parse_mapping
from apps.submissions import operations
from apps.submissions.models import Submission
from apps.submissions.states import Kind, Origin, Status
from tests.factories.accounts import make_user
from tests.factories.ingest import make_ingest_file
from tests.factories.synphot import CONTEXT, NEW_THROUGHPUT, TMC, deliver, make_ensemble

# Factories cannot make a graph of photometry and its throughput tables.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("synphot"), pytest.mark.needs("real-data")]


@pytest.fixture
def user(settings: Any) -> User:
    settings.OBSERVATORY = "hst"
    make_ensemble(settings.STORE_ROOT)
    for path in settings.STORE_ROOT.glob("*/hst/*"):
        catalogue(path)
    ContextChange.objects.create(pointer=Pointer.EDIT, context=CONTEXT, user="seed")
    return make_user("homer")


def catalogue(path: Path) -> None:
    """Write the database row of a file that is in the store."""
    header = parse_mapping(path.read_text(), path.name).header if is_mapping(path.name) else {}
    File.objects.create(
        name=path.name,
        kind=kind_of(path.name),
        observatory="hst",
        instrument=str(header.get("instrument", "synphot")).lower(),
        filekind=str(header.get("filekind", "")).lower(),
        size=path.stat().st_size,
        sha1sum=storage.sha1sum(path),
        held_at="2020-01-01T00:00Z",
    )


def submit(user: User, path: Path, lock: Lock) -> Submission:
    make_ingest_file(user, path)
    options = operations.SubmissionOptions(
        kind=Kind.BATCH, instrument="synphot", context=CONTEXT, description="new"
    )
    submission = operations.start(options, user=user, lock_key=str(lock.key), channel=None)
    job = find_job(kind="submission", subject_id=submission.pk)
    assert job is not None
    jobs.execute(job.pk)
    submission.refresh_from_db()
    return submission


def test_a_new_throughput_comes_with_a_new_lookup_table(user: User, tmp_path: Path) -> None:
    lock = acquire(instrument="synphot", user=user.username)
    submission = submit(
        user, deliver(tmp_path, NEW_THROUGHPUT, of="acs_f555w_hrc_006_syn.fits", DESCRIP="new"), lock
    )
    assert submission.status == Status.READY, submission.reason
    table = submission.files.get(origin=Origin.LOOKUP_TABLE)
    assert table.filekind == "tmctab"
    assert table.official_name.endswith("m_tmc.fits")
    # Components keep their names, which contain their versions.
    assert submission.files.get(name=NEW_THROUGHPUT).official_name == NEW_THROUGHPUT
    assert {result["name"] for result in submission.tests} > {
        "synphot core integration tests",
        "synphot obsmode integration tests",
    }
    operations.confirm(submission, user=user)
    assert submission.status == Status.CONFIRMED
    imap = next(file for file in submission.files.all() if file.official_name.endswith(".imap"))
    rules = parse_mapping(storage.path_of(imap.official_name).read_text(), imap.official_name).selector
    made = {file.official_name for file in submission.files.filter(origin=Origin.GENERATED)}
    assert {rules["thruput"], rules["tmctab"]} <= made
    assert File.objects.get(name=table.official_name).filekind == "tmctab"
    assert storage.path_of(TMC).exists()


def test_a_component_that_is_nowhere_in_the_graph_fails_the_delivery(user: User, tmp_path: Path) -> None:
    lock = acquire(instrument="synphot", user=user.username)
    stray = deliver(tmp_path, "acs_stray_001_syn.fits", of="acs_f555w_hrc_006_syn.fits", COMPNAME="acs_stray")
    submission = submit(user, stray, lock)
    assert submission.status == Status.FAILED
    assert "acs_stray" in submission.reason
    assert not File.objects.filter(name__contains="stray").exists()
    assert not Path(settings.DATA_ROOT / "submissions" / str(submission.key)).exists()


def test_a_component_that_changed_on_the_disk_is_our_fault(user: User, tmp_path: Path) -> None:
    """Only the ensemble test reads this component, so nothing else can notice the change."""
    lock = acquire(instrument="synphot", user=user.username)
    component = storage.path_of("acs_f555w_hrc_006_syn.fits")
    changed = bytearray(component.read_bytes())
    changed[-1] ^= 1
    component.unlink()
    component.write_bytes(changed)
    new = deliver(tmp_path, NEW_THROUGHPUT, of="acs_f555w_hrc_006_syn.fits", DESCRIP="new")
    submission = submit(user, new, lock)
    assert submission.status == Status.FAILED
    assert "acs_f555w_hrc_006_syn.fits has sha1sum" in submission.reason
    assert "Incident" in submission.reason

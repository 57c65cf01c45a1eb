"""References that cannot be adopted: each is named with its fault, and nothing else is lost by it."""

import pytest

from apps.catalog.models import File
from apps.submissions.models import Submission
from apps.submissions.operations import confirm
from apps.submissions.states import Kind
from tests.factories.sites import (
    add,
    deliver,
    find_user,
    make_content,
    make_ready,
    process,
    said,
    snapshot,
    with_keywords,
)

pytestmark = pytest.mark.usefixtures("site")

GOOD = make_content()


def claiming_terabytes(content: bytes) -> bytes:
    """Return a file whose first image says it has 10**12 columns."""
    at = content.index(b"NAXIS1  =")
    return content[:at] + b"NAXIS1  =        1000000000000".ljust(80) + content[at + 80 :]


def with_bad_checksum() -> bytes:
    """Return a file whose header tells checksums of other bytes."""
    return with_keywords(GOOD, CHECKSUM="0" * 16, DATASUM="1")


# Name to content, and words of its fault.
FAULTY = {
    "value.fits": (with_keywords(GOOD, DETECTOR="NOSUCH"), "'NOSUCH' is not one of"),
    "missing.fits": (with_keywords(GOOD, DETECTOR=None), "Missing required keyword 'META.INSTRUMENT.DETECTOR"),
    "no_date.fits": (with_keywords(GOOD, USEAFTER=None), "META.USEAFTER"),
    "yesterday.fits": (with_keywords(GOOD, USEAFTER="yesterday"), "USEAFTER"),
    "no_type.fits": (with_keywords(GOOD, REFTYPE="NOSUCH"), "NOSUCH"),
    "cut_off.fits": (GOOD[:5000], "FITS"),
    "page.fits": (b"<html><body>404 not found</body></html>", "FITS"),
    "picture.fits": (b"\x89PNG\r\n\x1a\n" + bytes(4000), "FITS"),
    "empty.fits": (b"", "FITS"),
    "terabytes.fits": (claiming_terabytes(GOOD), ""),
    "checksum.fits": (with_bad_checksum(), "CHECKSUM"),
}


def refused(submission: Submission, words: str) -> Submission:
    """Return a submission that failed with these words."""
    process(submission)
    assert submission.status == "failed", submission.reason
    assert words in submission.reason
    assert submission.reason in said(submission)
    return submission


def test_every_faulty_file_is_named_with_its_fault_and_only_it_needs_replacing() -> None:
    before = snapshot()
    submission = refused(
        deliver({"good.fits": GOOD} | {name: content for name, (content, _) in FAULTY.items()}),
        "Certification found",
    )
    rows = {file.name: file for file in submission.files.all()}
    assert rows["good.fits"].verdict == "OK"
    for name, (_, words) in FAULTY.items():
        print(name, [t for l,t in rows[name].log if l == "ERROR"])
    for name, (_, words) in FAULTY.items():
        faults = " ".join(text for level, text in rows[name].log if level == "ERROR")
        assert rows[name].verdict == "ERRORS", name
        assert words in faults, name
        assert name in said(submission)
    assert snapshot() == before

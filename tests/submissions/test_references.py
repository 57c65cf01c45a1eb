"""References that cannot be adopted: each is named with its fault, and nothing else is lost."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from apps.catalog.models import File
from apps.core.errors import InvalidInputError
from apps.submissions.models import Submission
from apps.submissions.operations import SubmissionOptions, confirm, start
from apps.submissions.pipeline import sweep
from apps.submissions.states import Kind
from tests.factories.catalog import make_file
from tests.factories.certify import clean_verdict
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
TWIN = with_keywords(GOOD, DESCRIP="Another flat")


def claiming_terabytes(content: bytes) -> bytes:
    """Return a file whose first image claims 10**12 columns."""
    at = content.index(b"NAXIS1  =")
    return content[:at] + b"NAXIS1  =        1000000000000".ljust(80) + content[at + 80 :]


# Name to the content and to words of the error message.
FAULTY = {
    "value.fits": (with_keywords(GOOD, DETECTOR="NOSUCH"), "Value 'NOSUCH' is not one of"),
    "missing.fits": (with_keywords(GOOD, DETECTOR=None), "Missing required keyword 'META.INSTRUMENT"),
    "no_date.fits": (with_keywords(GOOD, USEAFTER=None), "Missing required keyword 'META.USEAFTER"),
    "no_type.fits": (with_keywords(GOOD, REFTYPE="NOSUCH"), "Can't identify REFTYPE"),
    "cut_off.fits": (GOOD[:5000], "Missing required array 'SCI'"),
    "page.fits": (b"<html><body>404 not found</body></html>", "not appear to be a valid FITS file"),
    "terabytes.fits": (claiming_terabytes(GOOD), "HDU 1 announces data up to byte"),
}


def refused(files: Mapping[str, bytes], words: str, **facts: Any) -> Submission:
    """Submit files, and require that they are refused with `words` in the reason and that nothing changes."""
    before = snapshot()
    submission = process(deliver(files, **facts))
    assert submission.status == "failed", submission.reason
    assert words in submission.reason
    assert submission.reason in said(submission)
    assert snapshot() == before
    assert submission.cleared_at
    return submission


def test_every_faulty_file_is_named_with_its_fault() -> None:
    files = {"good.fits": GOOD} | {name: content for name, (content, _) in FAULTY.items()}
    submission = refused(files, " errors in cut_off.fits, missing.fits, ")
    rows = {file.name: file for file in submission.files.all()}
    # If fitsverify is installed, it adds its own errors.
    assert submission.reason.startswith(
        f"Certification found {sum(row.errors for row in rows.values())} errors"
    )
    assert rows.pop("good.fits").verdict == clean_verdict()
    for name, row in rows.items():
        faults = " ".join(text for level, text in row.log if level == "ERROR")
        assert row.verdict == "ERRORS", name
        assert FAULTY[name][1] in faults, name


@pytest.mark.needs("fitsverify")
def test_a_wrong_checksum_is_named() -> None:
    content = with_keywords(GOOD, CHECKSUM="0" * 16, DATASUM="1")
    submission = refused({"checksum.fits": content}, "errors in checksum.fits")
    log = " ".join(text for level, text in submission.files.get().log if level == "ERROR")
    assert "not in agreement with CHECKSUM" in log


def test_only_the_faulty_file_needs_replacing() -> None:
    refused(
        {"flat.fits": GOOD, "other.fits": FAULTY["page.fits"][0]},
        "Certification found 1 error in other.fits. other.fits Validation error",
    )
    submission = make_ready({"other.fits": make_content("gain")})
    names = submission.files.filter(origin="uploaded").values_list("name", "official_name")
    assert dict(names) == {
        "flat.fits": "jwst_miri_flat_0002.fits",
        "other.fits": "jwst_miri_gain_0002.fits",
    }


def test_files_that_contend_for_one_case_are_refused() -> None:
    files = {
        "one.fits": GOOD,
        "two.fits": TWIN,
        "wide_gain.fits": make_content("gain", SUBARRAY="FULL|SUB128"),
    }
    submission = refused(files, "identically match case:")
    told = said(submission)
    assert "Each reference would replace the other in the rmap." in told
    assert "is an equal weight special case of" in told
    assert (
        "in trial insertion into the rmap of miri flat, trial insertion into the rmap of miri gain. "
        in submission.reason
    )


def test_the_same_bytes_twice_are_refused() -> None:
    submission = refused({"one.fits": GOOD, "two.fits": GOOD}, "File 'two.fits' is identical to 'one.fits'")
    assert "In 'two.fits' : Duplicate file check : File 'two.fits' is" in said(submission)


@pytest.mark.parametrize("is_bad", [False, True])
def test_bytes_that_are_catalogued_are_refused_even_if_they_are_bad(is_bad: bool) -> None:
    add("jwst_miri_flat_0009.fits", GOOD)
    File.objects.filter(name="jwst_miri_flat_0009.fits").update(rejected=is_bad)
    refused(
        {"new.fits": GOOD, "other.fits": TWIN},
        "File 'new.fits' is identical to existing CRDS file 'jwst_miri_flat_0009.fits'",
    )


def test_a_type_without_rmap_is_refused_with_what_to_do() -> None:
    from apps.demo.samples import Sample, make_reference

    mask = Sample(
        name="mask.fits",
        instrument="nircam",
        reftype="mask",
        keywords={"DETECTOR": "NRCA1", "FILTER": "N/A"},
        useafter=datetime(2030, 1, 1),  # noqa: DTZ001 (headers tell no zone)
    )
    refused(
        {"mask.fits": make_reference(mask)},
        "jwst_0001.pmap has no rmap for 'mask' of 'nircam'. Submit a first rmap for it with Submit Mappings",
        instrument="nircam",
    )


def test_files_of_another_instrument_are_refused() -> None:
    refused(
        {"flat.fits": GOOD}, "All files must belong to nircam, the locked instrument", instrument="nircam"
    )


def test_half_of_a_geis_pair_is_refused_with_the_name_of_the_other() -> None:
    halves = {"e4p16298u.r2h": b"SIMPLE  = F", "f8213081u.r0d": b"data", "good.fits": GOOD}
    missing = "e4p16298u.r2h needs e4p16298u.r2d, f8213081u.r0d needs f8213081u.r0h."
    refused(halves, missing)
    submission = process(deliver({"e4p16298u.r2d": b"data", "f8213081u.r0h": b"SIMPLE  = F"}))
    assert submission.status == "failed", "it is not a GEIS file of this observatory"
    assert "needs" not in submission.reason


def test_mappings_among_references_are_refused() -> None:
    refused({"flat.fits": GOOD, "new.rmap": b"header = {}"}, "Only references can be submitted here, not new")


def test_bytes_that_changed_since_their_upload_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    before = snapshot()
    submission = deliver()
    (submission.folder / "uploaded" / "flat.fits").write_bytes(TWIN)
    process(submission)
    assert submission.reason.startswith("flat.fits has changed on this server since you uploaded it.")
    incident = submission.reason.removesuffix(".").rpartition(" ")[2]
    assert f"incident {incident}" in caplog.text
    assert snapshot() == before


def test_certify_judges_and_leaves_nothing() -> None:
    add("jwst_miri_flat_0009.fits", TWIN)
    before = snapshot()
    files = {"flat.fits": GOOD, "known.fits": TWIN, "page.fits": FAULTY["page.fits"][0]}
    submission = process(deliver(files, kind=Kind.CERTIFY, instrument=""))
    assert submission.status == "certified"
    assert {file.name: file.verdict for file in submission.files.all()} == {
        "flat.fits": clean_verdict(),
        "known.fits": "ERRORS",
        "page.fits": "ERRORS",
    }
    assert "'known.fits' is identical to existing CRDS file 'jwst_miri_flat_0009.fits'" in said(submission)
    sweep()
    assert snapshot() == before


def test_an_official_file_is_certified_once_more_where_it_is(site: str) -> None:
    before = snapshot()
    options = SubmissionOptions(kind=Kind.CERTIFY, names=("jwst_miri_flat_0001.fits",), context=site)
    submission = process(start(options, user=find_user(), lock_key=None, channel=None))
    assert submission.status == "certified", submission.reason
    assert [file.verdict for file in submission.files.all()] == [clean_verdict()]
    # The reference is already in its rmap, so it is not tried there again.
    assert submission.tests == []
    sweep()
    assert snapshot() == before


def test_bytes_that_are_not_here_cannot_be_certified(site: str) -> None:
    make_file("jwst_miri_flat_0077.fits")
    for name in ("jwst_miri_flat_0077.fits", "jwst_miri_flat_0078.fits"):
        with pytest.raises(InvalidInputError, match=f"does not hold these files: {name}"):
            start(
                SubmissionOptions(kind=Kind.CERTIFY, names=(name,), context=site),
                user=find_user(),
                lock_key=None,
                channel=None,
            )


def test_what_an_rmap_replaces_knows_its_successor() -> None:
    submission = make_ready({"flat.fits": make_content(useafter="2021-08-01", DESCRIP="Better")})
    confirm(submission, user=find_user())
    assert File.objects.get(name="jwst_miri_flat_0001.fits").replaced_by == "jwst_miri_flat_0002.fits"
    assert File.objects.get(name="jwst_miri_flat_0002.fits").replaced_by == ""

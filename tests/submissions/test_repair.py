"""The table of what is wrong with the files of a submission."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.pages.repair import NEAREST, ROWS, repairs_of
from tests.factories.accounts import logged_in, make_user
from tests.factories.sites import add, deliver, make_content, make_site, process, with_keywords
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db

GOOD = make_content()


def row_of(text: str, name: str = "a.fits") -> Any:
    file = SubmittedFile(name=name, errors=1, log=[["INFO", "nothing"], ["ERROR", text]])
    found = repairs_of(Submission(), [file])
    assert found is not None
    (row,) = found.rows
    return row


def test_a_wrong_value_has_the_nearest_permitted_values_and_folds_the_others() -> None:
    allowed = ["F1000W", "F1130W", "F1280W", "F560W", "F770W", "OPAQUE"]
    text = (
        f"In 'a.fits' : Checking 'META.INSTRUMENT.FILTER [FILTER]' : Value 'F560' is not one of {allowed!r}"
    )
    row = row_of(text)
    assert (row.keyword, row.found) == ("META.INSTRUMENT.FILTER [FILTER]", "F560")
    assert row.allowed[0] == "F560W"
    assert len(row.allowed) == NEAREST
    assert {*row.allowed, *row.others} == set(allowed)


@pytest.mark.parametrize(
    ("text", "keyword", "found", "remedy"),
    [
        (
            "Checking x : Missing required keyword 'META.USEAFTER [USEAFTER]'",
            "META.USEAFTER [USEAFTER]", "missing", "Add it to the header.",
        ),
        ("Missing required array 'SCI'", "SCI", "missing", "Add it to the file."),
        (
            "In 'a.fits' : Duplicate file check : File 'a.fits' is identical to existing CRDS file 'b.fits'",
            "", "The same bytes as b.fits",
            "Remove it from the delivery, or upload the new version in its place.",
        ),
        (
            "HDU checksum is not in agreement with CHECKSUM.",
            "", "HDU checksum is not in agreement with CHECKSUM.", "Update or remove CHECKSUM and DATASUM.",
        ),
        ("Something new <b>", "", "Something new <b>", ""),
    ],
)  # fmt: skip
def test_errors_of_known_form_are_taken_apart(text: str, keyword: str, found: str, remedy: str) -> None:
    row = row_of(text)
    assert (row.keyword, row.found, row.remedy) == (keyword, found, remedy)


def test_many_errors_of_one_file_do_not_hide_those_of_others() -> None:
    many = SubmittedFile(name="a.fits", errors=99, log=[["ERROR", f"fault {n}"] for n in range(ROWS + 4)])
    one = SubmittedFile(name="b.fits", errors=1, log=[["ERROR", "fault"]])
    found = repairs_of(Submission(), [many, one, SubmittedFile(name="c.fits", errors=0)])
    assert found is not None
    assert (found.hidden, found.bad, found.count) == (4, 2, 3)
    assert found.rows[-1].name == "b.fits"


def test_without_errors_there_is_no_table() -> None:
    assert repairs_of(Submission(), [SubmittedFile(name="a.fits", errors=0)]) is None


def test_checks_of_several_files_are_rows_too() -> None:
    tests = [{"name": "trial insertion", "errors": 1, "log": [["ERROR", "Both identically match case: x"]]}]
    found = repairs_of(Submission(tests=tests), [])
    assert found is not None
    assert found.rows[0].remedy.startswith("Deliver one of the two files only")


def test_one_duplicate_does_not_hide_the_other_broken_files() -> None:
    make_site()
    add("jwst_miri_flat_0009.fits", GOOD)
    files = {
        "twin.fits": GOOD,
        "value.fits": with_keywords(GOOD, DETECTOR="NOSUCH"),
        "no_date.fits": with_keywords(GOOD, USEAFTER=None),
    }
    submission = process(deliver(files))
    assert submission.status == "failed"
    assert {file.name for file in submission.files.all() if file.errors} == set(files)
    for name in files:
        assert name in submission.reason
    user = make_user("other", role="submitter")
    page = logged_in(user).get(submission.get_absolute_url()).content.decode()
    section = page.partition('id="repair"')[2].partition("</section>")[0]
    text = " ".join(re.sub("<[^>]+>", " ", section).split())
    assert "3 of 3 files have errors." in text
    assert "NOSUCH" in text
    assert "The same bytes as jwst_miri_flat_0009.fits" in text
    # Names that will never be official lead nowhere.
    assert 'href="/browse/twin.fits"' not in page


@pytest.mark.parametrize(("kind", "again"), [("extended", "?copy="), ("batch", "/batch_submit_references")])
def test_the_submitter_is_led_to_the_form_with_the_same_texts(client: Client, kind: str, again: str) -> None:
    user = make_user("homer", role="submitter")
    submission = make_submission(
        user="homer", kind=kind, status="failed", reason="Bad.", ended_at=timezone.now()
    )
    submission.files.create(name="a.fits", errors=1, log=[["ERROR", "fault"]])
    page = logged_in(user).get(submission.get_absolute_url()).content.decode()
    (address,) = re.findall(r'href="([^"]*)">Replace files and check again', page)
    assert again in address
    assert "Replace files and check again" not in client.get(submission.get_absolute_url()).content.decode()

"""The table of what is wrong with the files of a submission."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apps.locks.models import Lock
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.pages.repair import NEAREST, ROWS, field_of, repairs_of
from tests.factories.accounts import logged_in, make_user, post
from tests.factories.locks import make_lock
from tests.factories.sites import add, deliver, find_user, make_content, make_site, process, with_keywords
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db

GOOD = make_content()


def row_of(text: str, name: str = "a.fits") -> Any:
    file = SubmittedFile(name=name, errors=1, log=[["INFO", "nothing"], ["ERROR", text]])
    found = repairs_of(Submission(), [file])
    assert found is not None
    (row,) = found.bad[0].rows
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
        (
            "In 'a.fits' : Checking 'META.USEAFTER [USEAFTER]' : Invalid 'Jwstdate' format 'yesterday' "
            "should be '2018-12-22T00:00:00'",
            "META.USEAFTER [USEAFTER]", "yesterday", "Write the value in this format.",
        ),
        (
            "In 'a.fits' : Error mapping names : Bad USEAFTER time format = 'yesterday'",
            "USEAFTER", "yesterday", "Write it as date and time, for example 2018-12-22T00:00:00.",
        ),
        ("In 'a.fits' : Something new <b>", "", "Something new <b>", ""),
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
    assert (found.hidden, found.bad_files, found.count) == (4, 2, 3)
    assert [file.name for file in found.bad] == ["a.fits", "b.fits"]


def test_without_errors_there_is_no_table() -> None:
    assert repairs_of(Submission(), [SubmittedFile(name="a.fits", errors=0)]) is None


def test_checks_of_several_files_are_rows_too() -> None:
    tests = [{"name": "trial insertion", "errors": 1, "log": [["ERROR", "Both identically match case: x"]]}]
    found = repairs_of(Submission(tests=tests), [])
    assert found is not None
    assert found.bad[0].rows[0].remedy.startswith("Deliver one of the two files only")


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
    (address,) = re.findall(r'href="([^"]*)">Change the texts first', page)
    assert again in address
    assert "Check again" not in client.get(submission.get_absolute_url()).content.decode()


@pytest.fixture
def failed() -> Submission:
    """Return a delivery of a good file and a bad one, started in a browser and failed."""
    make_site()
    files = {
        "bad.fits": with_keywords(GOOD, DETECTOR="NOSUCH"),
        "good.fits": make_content(useafter="2031-01-01"),
    }
    submission = process(deliver(files, is_attended=True, creator="MIRI Team"))
    assert submission.status == "failed"
    return submission


def replacing(browser: Client, submission: Submission, **files: bytes) -> Any:
    """Post the repair form: the names of the uploaded files, with the bytes that replace them."""
    fields = {
        field_of(submission.files.get(name=f"{name}.fits")): SimpleUploadedFile(f"{name}_2.fits", content)
        for name, content in files.items()
    }
    address = f"/check_again/{submission.key}/"
    return post(browser, address, submission.get_absolute_url(), **fields)


def test_a_failure_keeps_the_lock_for_a_person_and_frees_it_for_a_program(
    failed: Submission, settings: Any
) -> None:
    lock = Lock.objects.get()
    assert lock.tenure == failed.lock_tenure
    assert lock.time_left <= timedelta(seconds=settings.REPAIR_LOCK_SECONDS)
    process(deliver({"bad.fits": with_keywords(GOOD, DETECTOR="NOSUCH")}))
    assert not Lock.objects.exists()


def test_a_replaced_file_is_checked_again_with_texts_files_and_lock(failed: Submission) -> None:
    browser = logged_in(find_user(), instrument="miri")
    page = browser.get(failed.get_absolute_url()).content.decode()
    assert 'data-replaces="bad.fits"' in page
    answer = replacing(browser, failed, bad=GOOD)
    again = failed.repetitions.get()
    assert answer.url == again.get_absolute_url()
    assert (again.description, again.creator, again.lock_tenure) == (
        failed.description, failed.creator, failed.lock_tenure,
    )  # fmt: skip
    assert process(again).status == "ready", again.reason
    assert {file.name for file in again.files.filter(origin="uploaded")} == {"bad.fits", "good.fits"}
    assert "You checked these files again" in browser.get(failed.get_absolute_url()).content.decode()


def test_the_lock_is_taken_again_unless_somebody_else_has_it(failed: Submission) -> None:
    browser = logged_in(find_user())
    Lock.objects.all().delete()
    other = make_lock("miri", user="marge")
    refused = replacing(browser, failed, bad=GOOD).content.decode()
    assert "miri is locked by marge" in refused
    assert "A new version is uploaded." in refused, "the replacement is kept"
    other.delete()
    assert replacing(browser, failed).status_code == 302
    assert Lock.objects.get().user == "homer"


def test_a_replacement_of_another_format_and_other_people_are_refused(failed: Submission) -> None:
    browser = logged_in(find_user(), instrument="miri")
    field = field_of(failed.files.get(name="bad.fits"))
    address = f"/check_again/{failed.key}/"
    wrong = {field: SimpleUploadedFile("bad.asdf", b"x")}
    told = post(browser, address, failed.get_absolute_url(), **wrong).content.decode()
    assert "their extensions differ" in told
    marge = logged_in(make_user("marge"))
    assert replacing(marge, failed, bad=GOOD).status_code == 403
    assert not marge.get("/upload/list/").json()["files"]
    assert not failed.repetitions.exists()


def test_without_its_token_the_form_is_refused_and_stores_nothing(failed: Submission) -> None:
    browser = logged_in(find_user(), instrument="miri")
    before = browser.get("/upload/list/").json()
    field = field_of(failed.files.get(name="bad.fits"))
    answer = browser.post(f"/check_again/{failed.key}/", {field: SimpleUploadedFile("b.fits", GOOD)})
    assert answer.status_code == 403
    assert browser.get("/upload/list/").json() == before


def test_a_certify_run_is_repaired_without_a_lock() -> None:
    make_site()
    run = process(deliver({"bad.fits": with_keywords(GOOD, DETECTOR="NOSUCH")}, kind="certify"))
    browser = logged_in(find_user())
    assert replacing(browser, run, bad=GOOD).status_code == 302
    again = process(run.repetitions.get())
    assert (again.status, again.files.get().errors) == ("certified", 0)
    assert "Check again" not in browser.get(again.get_absolute_url()).content.decode()


def test_a_submission_that_is_not_over_is_not_checked_again() -> None:
    make_site()
    submission = deliver()
    browser = logged_in(find_user())
    told = post(browser, f"/check_again/{submission.key}/", submission.get_absolute_url()).content.decode()
    assert "Only a failed one can be checked again." in told
    assert not submission.repetitions.exists()


def test_files_that_were_only_chosen_go_with_the_form() -> None:
    make_site()
    browser = logged_in(make_user(), instrument="miri")
    chosen = SimpleUploadedFile("late.fits", GOOD)
    values = {"change_level": "SEVERE", "creator": "me", "description": "New.", "auto_rename": "True"}
    answer = post(browser, "/batch_submit_references/", files=chosen, **values)
    assert answer.status_code == 303
    assert Submission.objects.get().files.get().name == "late.fits"
    refused = SimpleUploadedFile("late.exe", b"x")
    told = post(browser, "/batch_submit_references/", files=refused, **values).content.decode()
    assert "cannot be delivered" in told

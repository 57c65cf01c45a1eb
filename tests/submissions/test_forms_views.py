"""The pages of deliveries: roles, cookies, posts of scripted clients, and the report of each error."""

import html
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Grant
from apps.jobs.models import Channel, Message
from apps.locks.models import Lock
from apps.submissions.models import Submission
from apps.submissions.states import Status
from tests.factories.accounts import logged_in, make_token, make_user, post
from tests.factories.catalog import make_file
from tests.factories.contexts import make_change, make_context
from tests.factories.locks import make_lock

pytestmark = pytest.mark.django_db

REDCAT = "/submission_form/redcat_submit/"
PATHS = [
    "/certify/",
    "/batch_submit_references/",
    REDCAT,
    "/submit/reference/",
    "/submit/mapping/",
    "/add_references/",
    "/delete_references/",
]
EACH = pytest.mark.parametrize("path", PATHS)
CONTEXT = "jwst_0001.pmap"

# Fields that the client posts (wire protocol, section 6.7).
CERTIFY = {"pmap_mode": "pmap_edit", "pmap_name": CONTEXT, "compare_old_reference": "True"}
DELIVERY = CERTIFY | {
    "instrument": "miri",
    "change_level": "SEVERE",
    "creator": "miri Team",
    "description": "New darks, better than the old ones.",
    "auto_rename": "True",
}
ANSWERS = {
    "deliverer": "Homer",
    "other_email": "marge@example.org",
    "instrument": "miri",
    "file_type": "dark",
    "history_updated": "True",
    "pedigree_updated": "True",
    "keywords_checked": "True",
    "descrip_updated": "True",
    "useafter_updated": "True",
    "useafter_matches": "N/A",
    "compliance_verified": "N/A",
    "ingest_files": "False",
    "etc_delivery": "False",
    "jwst_etc": "False",
    "calpipe_version": "Yes 1.14.1",
    "replacement_files": "True",
    "old_reference_files": "jwst_miri_dark_0001.fits",
    "replacing_badfiles": "No",
    "jira_issue": "",
    "table_rows_changed": "",
    "modes_affected": "all",
    "correctness_testing": "By looking at them.",
    "additional_considerations": "",
}
LISTED = {"pmap_mode": "pmap_edit", "description": "Because.", "names": "jwst_miri_dark_0001.fits"}
VALUES = dict.fromkeys(PATHS, DELIVERY) | {
    "/certify/": CERTIFY,
    REDCAT: DELIVERY | ANSWERS,
    "/add_references/": LISTED,
    "/delete_references/": LISTED,
}


@pytest.fixture
def context() -> str:
    make_context(CONTEXT)
    make_change(CONTEXT, pointer="edit")
    make_change(CONTEXT, pointer="latest")
    return CONTEXT


@pytest.fixture
def browser(context: str) -> Client:
    """Return the session of a script that holds the lock of MIRI and has uploaded a file."""
    session = logged_in(instrument="miri")
    upload(session)
    return session


def upload(session: Client) -> None:
    file = SimpleUploadedFile("my_dark.fits", b"SIMPLE  =                    T\n")
    assert post(session, "/upload/chunked/", files=file).status_code == 200


def opened(session: Client) -> str:
    key: str = session.get("/jpoll/open_channel").json()
    return key


def shown(response: Any) -> str:
    """Return the error text that the client finds in a page; empty if it finds none."""
    page = response.content.decode()
    divs = re.findall(r"<div[^>]*\b(?:id|class)=\"error_message\"[^>]*>(.*?)</div>", page, re.DOTALL)
    assert not any("<" in text or not text.strip() for text in divs), divs
    if not divs:
        return ""
    first = re.search(r'<div[^>]*error_message"', page)
    assert first
    assert 'id="error_message"' in first[0]
    return html.unescape(divs[0])


def told(key: str) -> tuple[Any, ...]:
    """Return the status and the text of the message that ends a channel."""
    message = Message.objects.get(channel_id=key, type="done")
    return message.status, message.text


@EACH
def test_pages_ask_to_log_in_and_then_for_the_role(path: str, client: Client) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.url) == (302, f"/login/?next={path.replace('/', '%2F')}")  # type: ignore[attr-defined]
    nobody = logged_in(bart := make_user("bart"))
    bart.grants.all().delete()
    assert nobody.get(path).status_code == 403


@EACH
def test_each_get_sets_the_cookie_and_shows_no_error(path: str, browser: Client) -> None:
    for address in (path, path.rstrip("/")):
        for _ in range(2):
            response = browser.get(address)
            assert response.status_code == 200
            assert response.cookies["csrftoken"].value
            assert shown(response) == ""
    assert browser.get("/", PATH_INFO=f"/{path}").cookies["csrftoken"].value


@EACH
def test_a_post_without_token_is_refused(path: str, browser: Client) -> None:
    assert browser.post(path, VALUES[path]).status_code == 403
    assert not Submission.objects.exists()


@EACH
def test_every_field_is_labelled(path: str, browser: Client) -> None:
    page = browser.get(path).content.decode()
    form = page[page.index('<form id="delivery"') :]
    controls = re.findall(r"<(?:input|select|textarea)[^>]*>", form)
    unnamed = [
        tag
        for tag in controls
        if not re.search(r'type="(hidden|radio)"|aria-label=', tag)
        and f'<label for="{(re.search(r"id=.([a-z_]+)", tag) or [""] * 2)[1]}"' not in form
    ]
    assert not unnamed


@EACH
def test_what_the_client_posts_starts_a_submission(path: str, browser: Client) -> None:
    key = opened(browser)
    values = VALUES[path]
    if path == "/add_references/":
        values = LISTED | {"names": "jwst_miri_dark_0009.fits"}
        make_file(values["names"], content=b"x", instrument="miri", filekind="dark", state="archived")
    if path == "/delete_references/":
        make_file(LISTED["names"], content=b"x", instrument="miri", filekind="dark", state="archived")
    response = post(browser, path, **values, some_other_key="<b>")
    assert response.status_code == 303, shown(response)
    submission = Submission.objects.get()
    assert response["Location"] == f"/display_result/{submission.key}"
    assert submission.channel == key
    assert not Message.objects.filter(channel_id=key, type="done").exists()
    assert (submission.context_mode, submission.base) == ("pmap_edit", CONTEXT)
    assert submission.posted_context == CONTEXT


def test_a_delivery_keeps_what_was_said(browser: Client) -> None:
    values = DELIVERY | {"auto_rename": "False", "compare_old_reference": "False", "change_level": "MODERATE"}
    values |= {"pmap_mode": "pmap_text", "pmap_text": CONTEXT, "description": " New \u2013 better "}
    post(browser, "/batch_submit_references/", **values)
    submission = Submission.objects.get()
    assert (submission.kind, submission.instrument, submission.creator) == ("batch", "miri", "miri Team")
    assert (submission.is_renamed, submission.is_compared) == (False, False)
    assert (submission.change_level, submission.description) == ("moderate", "New - better")
    assert submission.context_mode == "pmap_text"


def test_answers_are_kept_with_the_delivery(browser: Client) -> None:
    post(browser, REDCAT, **VALUES[REDCAT], useafter_matches_old="x")
    submission = Submission.objects.get()
    assert set(submission.answers) == set(ANSWERS)
    assert submission.answers["history_updated"] is True
    assert submission.answers["jwst_etc"] is False
    assert submission.answers["calpipe_version"] == "Yes 1.14.1"
    assert submission.other_email == "marge@example.org"


def test_certify_needs_no_lock_and_falls_back_on_the_resolved_name(context: str) -> None:
    session = logged_in()
    upload(session)
    response = post(
        session, "/certify/", pmap_mode="pmap_text", pmap_name=CONTEXT, compare_old_reference="False"
    )
    assert response.status_code == 303, shown(response)
    submission = Submission.objects.get()
    assert (submission.context_mode, submission.base, submission.is_compared) == ("pmap_text", CONTEXT, False)


@pytest.mark.parametrize(
    ("posted", "stored"),
    [
        ({"pmap_mode": "pmap_operational"}, "pmap_latest"),
        ({"pmap_mode": "pmap_menu", "pmap_menu": CONTEXT}, "pmap_text"),
        ({"pmap_mode": "pmap_edit", "pmap_name": "<x>" * 50}, "pmap_edit"),
    ],
)
def test_modes_of_older_clients_and_of_the_page_are_understood(
    browser: Client, posted: dict[str, str], stored: str
) -> None:
    post(browser, "/certify/", **posted)
    submission = Submission.objects.get()
    assert (submission.context_mode, submission.posted_context) == (stored, CONTEXT)


@pytest.mark.parametrize(("sent", "makes"), [({}, False), ({"generate_contexts": "True"}, True)])
def test_mappings_make_contexts_only_if_that_was_ticked(
    browser: Client, sent: dict[str, str], makes: bool
) -> None:
    post(browser, "/submit/mapping/", **DELIVERY, **sent)
    assert Submission.objects.get().makes_contexts is makes


def test_instrument_none_means_the_locked_one_and_the_creator_may_be_absent(browser: Client) -> None:
    values = {key: value for key, value in DELIVERY.items() if key != "creator"}
    response = post(browser, "/batch_submit_references/", **values | {"instrument": "none"})
    assert response.status_code == 303, shown(response)
    assert Submission.objects.get().instrument == "miri"


DELIVERING = "/batch_submit_references/"


@pytest.mark.parametrize(
    ("path", "changes", "reason"),
    [
        ("/certify/", {"pmap_mode": "pmap_text", "pmap_name": "<i>"}, "User specified context: "),
        ("/certify/", {"pmap_mode": "<b>"}, "Context: There is no way '<b>'"),
        ("/certify/", {"pmap_mode": "pmap_text", "pmap_text": "jwst_9999.pmap"}, "not known"),
        ("/certify/", {"compare_old_reference": "<b>"}, "Compare Old Reference: '<b>' is not True or False"),
        (DELIVERING, {"instrument": "acs"}, "Instrument: 'acs' is not one of none, fgs"),
        (DELIVERING, {"change_level": "<HUGE>"}, "Change Level: '<HUGE>' is not one of SEVERE"),
        (DELIVERING, {"change_level": ""}, "Change Level: This field is required."),
        (DELIVERING, {"creator": ""}, "Creator: This field is required."),
        (DELIVERING, {"creator": "a\nb"}, "Creator: This must be one line"),
        (DELIVERING, {"description": "<script>"}, 'Description: Invalid character detected: "<" ">"'),
        (DELIVERING, {"description": " "}, "Description: This field is required."),
        (DELIVERING, {"auto_rename": "maybe"}, "Auto-Rename: 'maybe' is not True or False"),
        (DELIVERING, {"instrument": "nircam"}, "nircam"),
        ("/submit/reference/", {"description": "'"}, "Description: Invalid character"),
        ("/submit/mapping/", {"generate_contexts": "x"}, "Generate Contexts: 'x' is not True or False"),
        (REDCAT, {"deliverer": ""}, "Name of the deliverer: This field is required."),
        (REDCAT, {"other_email": "a@example.org; <b>"}, "Not an e-mail address: 'a@example.org; <b>'."),
        (REDCAT, {"instrument": "none"}, "Instrument: 'none' is not one of fgs"),
        (REDCAT, {"file_type": ""}, "Types of the files (bias, dark, ...): This field"),
        (REDCAT, {"history_updated": "False"}, "accepts the files only with this."),
        (REDCAT, {"descrip_updated": "False"}, "accepts the files only with this."),
        (REDCAT, {"useafter_updated": "False"}, "accepts the files only with this."),
        (REDCAT, {"pedigree_updated": "False"}, "accepts the files only with this."),
        (REDCAT, {"keywords_checked": "False"}, "accepts the files only with this."),
        (REDCAT, {"compliance_verified": "No"}, "accepts the files only with this."),
        (REDCAT, {"useafter_matches": "maybe"}, "'maybe' is not one of N/A, No, Yes."),
        (REDCAT, {"calpipe_version": ""}, "and the version: This field is required."),
        (REDCAT, {"old_reference_files": ""}, "Name the files that the new ones replace."),
        (REDCAT, {"replacing_badfiles": ""}, "bad for all data: This field is required."),
        (REDCAT, {"modes_affected": ""}, "are affected: This field is required."),
        (REDCAT, {"correctness_testing": ""}, "are correct: This field is required."),
        (REDCAT, {"description": "a & b"}, 'Reason for Delivery: Invalid character detected: "&"'),
        ("/add_references/", {"names": "../<b>"}, "not file names: '../<b>'."),
        ("/add_references/", {"names": "jwst_miri_flat_0077.fits"}, "jwst_miri_flat_0077.fits"),
        ("/delete_references/", {"names": CONTEXT}, "are mappings"),
        ("/delete_references/", {"names": ""}, "Deleted Files: This field is required."),
    ],
)
def test_bad_input_is_told_on_the_page_and_to_the_channel(
    browser: Client, path: str, changes: dict[str, str], reason: str
) -> None:
    key = opened(browser)
    response = post(browser, path, **VALUES[path] | changes)
    assert response.status_code == 200
    error = shown(response)
    assert reason in error
    assert not Submission.objects.exists()
    assert told(key) == (1, error)
    assert "<script>" not in response.content.decode()


def test_all_errors_stand_together_and_the_typed_values_stay(browser: Client) -> None:
    values = DELIVERY | {
        "change_level": "TRIVIAL",
        "creator": "",
        "description": 'say "<b>"',
        "auto_rename": "False",
    }
    response = post(browser, "/batch_submit_references/", **values)
    error = shown(response)
    assert error.startswith("Creator: This field is required.; Description: Invalid character")
    page = response.content.decode()
    assert page.count('class="error_message"') == 2
    assert "say &quot;&lt;b&gt;&quot;</textarea>" in page
    assert '<option value="TRIVIAL" selected>' in page
    assert not re.search(r'name="auto_rename"[^>]*checked', page)
    assert re.search(r'name="compare_old_reference"[^>]*checked', page)


def test_a_form_of_nothing_names_each_missing_field(browser: Client) -> None:
    error = shown(post(browser, REDCAT))
    assert error.count("This field is required.") == 11
    assert error.count("accepts the files only with this.") == 5


def test_a_bad_context_is_refused(browser: Client) -> None:
    make_file("jwst_0002.pmap", blacklisted=True, state="archived")
    values = CERTIFY | {"pmap_mode": "pmap_text", "pmap_text": "jwst_0002.pmap"}
    assert "jwst_0002.pmap is marked bad." in shown(post(browser, "/certify/", **values))


def test_without_files_there_is_nothing_to_submit(context: str) -> None:
    session = logged_in(instrument="miri")
    key = opened(session)
    error = shown(post(session, "/batch_submit_references/", **DELIVERY))
    assert "You have not uploaded any files" in error
    assert told(key) == (1, error)


def test_a_lost_lock_is_announced_and_then_refused(browser: Client) -> None:
    key = opened(browser)
    Lock.objects.all().delete()
    page = browser.get("/batch_submit_references/")
    assert shown(page) == ""
    assert b"This session no longer holds a lock" in page.content
    assert b"<option selected>miri</option>" in page.content
    for path in ("/certify/", REDCAT):
        assert b"lock_notice" not in browser.get(path).content
    error = shown(post(browser, "/batch_submit_references/", **DELIVERY))
    assert "You do not hold the lock of miri" in error
    assert told(key) == (1, error)


def test_a_stolen_lock_is_announced_with_its_thief(browser: Client) -> None:
    Lock.objects.update(key="00000000-0000-0000-0000-000000000001")
    page = browser.get("/submit/mapping/").content
    assert b"Another session of yours took the lock of miri" in page
    assert b"<option selected>miri</option>" in page


def test_a_session_without_lock_is_proposed_the_lock_of_another_session(browser: Client) -> None:
    session = logged_in(make_user("marge"))
    page = session.get("/submit/mapping/").content
    assert b"<option>miri</option>" in page
    make_lock("fgs", user="marge")
    page = session.get("/submit/mapping/").content
    assert b"<option selected>fgs</option>" in page


def test_the_extended_form_takes_the_lock_of_its_instrument(context: str) -> None:
    session = logged_in(instrument="fgs")
    upload(session)
    response = post(session, REDCAT, **VALUES[REDCAT])
    assert response.status_code == 303, shown(response)
    lock = Lock.objects.get()
    assert (lock.instrument, lock.user) == ("miri", "homer")
    assert Submission.objects.get().lock_tenure == lock.tenure
    # The session keeps the lock, so later pages need no new login.
    assert b"lock_notice" not in session.get("/batch_submit_references/").content


def test_the_extended_form_is_refused_if_somebody_else_works_on_the_instrument(context: str) -> None:
    make_lock("miri", user="bart", left=timedelta(minutes=5))
    session = logged_in(instrument="fgs")
    upload(session)
    key = opened(session)
    error = shown(post(session, REDCAT, **VALUES[REDCAT]))
    assert "miri is locked by bart since" in error
    assert told(key) == (1, error)
    assert set(Lock.objects.values_list("user", "instrument")) == {("bart", "miri"), ("homer", "fgs")}


def test_the_extended_form_locks_nothing_for_those_who_may_not_deliver_for_it(context: str) -> None:
    session = logged_in(make_user(instruments=["fgs"]), instrument="fgs")
    upload(session)
    assert "homer does not have the role submitter for miri." in shown(
        post(session, REDCAT, **VALUES[REDCAT])
    )
    assert Lock.objects.get().instrument == "fgs"


def test_a_program_with_a_token_needs_no_session(context: str) -> None:
    _, text = make_token(user := make_user())
    upload(logged_in(user))
    headers = {"Authorization": f"Bearer {text}"}
    response = Client(enforce_csrf_checks=True).post(REDCAT, VALUES[REDCAT], headers=headers)
    assert response.status_code == 303, shown(response)
    assert Lock.objects.get().instrument == "miri"


def test_a_channel_hears_of_lost_rights_and_of_our_own_failures(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret")

    key = opened(browser)
    monkeypatch.setattr("apps.submissions.operations.start", fail)
    with pytest.raises(RuntimeError):
        post(browser, "/certify/", **CERTIFY)
    status, text = told(key)
    assert status == 1
    assert re.fullmatch(r"Internal error, incident [0-9a-f]{16}\.", text)
    key = opened(browser)
    token = browser.get("/certify/").cookies["csrftoken"].value
    Grant.objects.all().delete()
    response = browser.post("/certify/", CERTIFY | {"csrfmiddlewaretoken": token})
    assert response.status_code == 403
    assert "role submitter" in told(key)[1]


def test_a_used_channel_is_left_alone(browser: Client) -> None:
    key = opened(browser)
    Channel.objects.filter(pk=key).update(taken_at=timezone.now())
    post(browser, "/certify/", pmap_mode="<b>")
    assert not Message.objects.filter(channel_id=key).exists()


@pytest.mark.parametrize(("agent", "waits"), [("python-requests/2.31", True), ("Mozilla/5.0 (X11)", False)])
def test_scripts_wait_for_the_checks_and_browsers_do_not(
    browser: Client, monkeypatch: pytest.MonkeyPatch, settings: Any, agent: str, waits: bool
) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            Submission.objects.update(status=Status.READY)

    settings.SUBMIT_HOLD_SECONDS = 60
    monkeypatch.setattr("apps.submissions.forms.wait_for_checks.time.sleep", nap)
    token = browser.get("/certify/").cookies["csrftoken"].value
    values = CERTIFY | {"csrfmiddlewaretoken": token}
    response = browser.post("/certify/", values, headers={"User-Agent": agent})
    assert response.status_code == 303
    assert len(naps) == (3 if waits else 0)


def test_a_script_does_not_wait_longer_than_is_set(
    browser: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    clock = iter(range(100))
    settings.SUBMIT_HOLD_SECONDS = 5
    made = SimpleNamespace(sleep=lambda seconds: None, monotonic=lambda: next(clock))
    monkeypatch.setattr("apps.submissions.forms.wait_for_checks.time", made)
    assert post(browser, "/certify/", **CERTIFY).status_code == 303
    assert next(clock) == 6

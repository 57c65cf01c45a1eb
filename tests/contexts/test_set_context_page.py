import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.catalog.models import AuditRecord, File
from apps.contexts import operations, queries
from apps.contexts.models import ContextChange
from tests.factories.accounts import logged_in, make_user, post
from tests.factories.contexts import make_change, make_whole_context

pytestmark = pytest.mark.django_db

PAGE = "/set_context/"
LATEST = {
    "context_type": "latest",
    "pmap_mode": "pmap_edit",
    "reason": "New darks.",
}
BUILD = {
    "context_type": "build",
    "cal_ver": "custom",
    "cal_ver_custom": "1.14.1",
    "pmap_mode": "pmap_edit",
    "reason": "New release.",
}


def operator() -> Client:
    return logged_in(make_user("olga", role="operator"))


def two_contexts() -> None:
    """Make two contexts: the first is latest, the second is edit."""
    make_change(make_whole_context(1), pointer="latest")
    make_change(make_whole_context(2, description="Better darks."), pointer="edit")


def error_of(response: Any) -> str:
    assert response.status_code == 200
    found = re.search(r'<div id="error_message"[^>]*>([^<]+)</div>', response.content.decode())
    return unescape(found[1]) if found else ""


def test_the_page_is_for_operators() -> None:
    assert Client().get(PAGE).status_code == 302
    assert logged_in(make_user("sam", role="submitter")).get(PAGE).status_code == 403
    browser = operator()
    assert browser.get(PAGE).status_code == 200
    assert browser.get("/set_context").status_code == 200
    assert browser.post(PAGE, LATEST).status_code == 403  # Without the token.
    assert not ContextChange.objects.exists()


def test_an_operator_lets_latest_follow_edit() -> None:
    two_contexts()
    browser = operator()
    response = post(browser, PAGE, **LATEST)
    change = queries.history()[0]
    assert (response.status_code, response["Location"]) == (302, f"/set_context/?done={change.pk}")
    assert (change.context, change.user, change.reason) == ("jwst_0002.pmap", "olga", "New darks.")
    assert File.objects.get(name="jwst_miri_dark_0003.fits").state == "latest"
    assert AuditRecord.objects.get(action="set default context").details == (
        "latest context changed from 'jwst_0001.pmap' to 'jwst_0002.pmap'"
    )
    shown = browser.get(response["Location"]).content.decode()
    assert "Done: latest" in shown
    assert 'id="error_message"' not in shown


def test_before_a_move_the_operator_sees_what_will_change() -> None:
    two_contexts()
    browser = operator()
    before = queries.find_pointed("latest")
    page = post(browser, PAGE, **LATEST | {"preview": "1"}).content.decode()
    assert queries.find_pointed("latest") == before
    assert "Set latest to jwst_0002.pmap?" in page
    assert "New darks." in page
    assert f'href="/changes/{before}/jwst_0002.pmap/"' in page
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    back = browser.post(PAGE, hidden | {"back": "1"}).content.decode()
    assert "New darks." in back
    assert browser.post(PAGE, hidden).status_code == 302
    assert queries.find_pointed("latest") == "jwst_0002.pmap"


def test_the_reason_of_the_next_context_is_that_of_its_delivery() -> None:
    two_contexts()
    browser = operator()
    assert "Better darks.</textarea>" in browser.get(PAGE).content.decode()
    response = post(browser, PAGE, **LATEST | {"reason": " "})
    assert "it is the reason of the delivery" in error_of(response)
    assert "Better darks.</textarea>" in response.content.decode()
    make_change(make_whole_context(3, description="Best darks."), pointer="edit")
    assert "darks.</textarea>" not in browser.get(PAGE).content.decode()
    assert "Give a reason." in error_of(post(browser, PAGE, **LATEST | {"reason": ""}))


def test_a_reversion_is_a_move_like_any_other() -> None:
    two_contexts()
    browser = operator()
    post(browser, PAGE, **LATEST)
    back = LATEST | {"pmap_mode": "pmap_text", "pmap_text": "jwst_0001.pmap", "reason": "Reverted."}
    assert post(browser, PAGE, **back).status_code == 302
    assert [era.context for era in queries.history()][:2] == ["jwst_0001.pmap", "jwst_0002.pmap"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"context_type": "newest"}, "No pointer is called 'newest'"),
        ({"context_type": ""}, "Context type: This field is required"),
        ({"context_type": "<b>"}, "'<b>'"),
        ({"pmap_mode": "pmap_best"}, "no way 'pmap_best' to choose"),
        ({"pmap_mode": "pmap_text"}, "Name a context, for example jwst_0001.pmap."),
        ({"pmap_mode": "pmap_text", "pmap_text": "jwst_0099.pmap"}, "'jwst_0099.pmap' is not known"),
        ({"pmap_mode": "pmap_text", "pmap_text": "a\0b"}, "Null characters"),
        (
            {"pmap_mode": "pmap_text", "pmap_text": "jwst_miri_0001.imap"},
            "a pipeline context (.pmap) is needed",
        ),
        ({"pmap_mode": "pmap_latest"}, "Nothing was changed: latest is already jwst_0001.pmap."),
        ({"context_type": "versions"}, "no rules for type CALVER"),
        ({"cal_ver_custom": "1.2.3"}, "Only build contexts have"),
        ({"update_banner": "True"}, "Only build contexts have"),
        ({"reason": "<script>alert(1)</script>"}, 'Invalid character detected: "<"'),
        ({"reason": "Bcc: all@example.org"}, 'Invalid character detected: ":" "@"'),
        ({"reason": "a\0b"}, "Null characters"),
        ({"reason": "x" * 5000}, "at most 4000 characters"),
        ({"seen": "latest:0"}, "tester set it to jwst_0001.pmap. Check it, then try again."),
        (BUILD | {"cal_ver_custom": ""}, "Pick a version"),
        (BUILD | {"cal_ver": "", "cal_ver_custom": "newest"}, "'newest' is not a version"),
        (BUILD | {"cal_ver": "1.2'--"}, "is not a version"),
        (BUILD | {"cal_ver_custom": "9" * 50}, "at most 32 characters"),
    ],
)
def test_what_cannot_be_set_is_told_and_nothing_written(changes: dict[str, str], told: str) -> None:
    two_contexts()
    response = post(operator(), PAGE, **LATEST | changes)
    assert told in error_of(response)
    assert "<script>alert" not in response.content.decode()
    assert ContextChange.objects.count() == 2


@pytest.mark.parametrize("seen", ["", "latest:x", "latest:" + "9" * 40, "edit:-1"])
def test_a_senseless_note_of_what_was_seen_is_passed_over(seen: str) -> None:
    two_contexts()
    assert post(operator(), PAGE, **LATEST, seen=seen).status_code == 302


def test_of_two_operators_the_second_hears_of_the_first() -> None:
    two_contexts()
    browser = operator()
    seen = re.findall(r'name="seen" value="([^"]*)"', browser.get(PAGE).content.decode())[0]
    operations.set_context(pointer="latest", context="jwst_0002.pmap", user="ann", reason="First.")
    typed = LATEST | {"pmap_mode": "pmap_text", "pmap_text": make_whole_context(3)}
    response = post(browser, PAGE, **typed, seen=seen)
    assert "ann set it to jwst_0002.pmap" in error_of(response)
    fresh = re.findall(r'name="seen" value="([^"]*)"', response.content.decode())[0]
    assert post(browser, PAGE, **typed, seen=fresh).status_code == 302


def test_latest_does_not_follow_an_edit_context_that_the_operator_has_not_seen() -> None:
    two_contexts()
    browser = operator()
    page = browser.get(PAGE).content.decode()
    assert "or more recent" not in page
    seen = re.findall(r'name="seen" value="([^"]*)"', page)[0]
    make_change(make_whole_context(3), pointer="edit", started_at=timezone.now())
    response = post(browser, PAGE, **LATEST, seen=seen)
    assert "edit has changed since you opened this page: it is jwst_0003.pmap now." in error_of(response)
    assert queries.find_pointed("latest") == "jwst_0001.pmap"


def test_files_that_are_not_available_can_be_overridden() -> None:
    two_contexts()
    File.objects.filter(name="jwst_miri_dark_0003.fits").update(state="submitted", held_at=None)
    browser = operator()
    assert "*unavailable*" in browser.get(PAGE).content.decode()
    assert "jwst_miri_dark_0003.fits" in error_of(post(browser, PAGE, **LATEST, is_overridden="False"))
    assert post(browser, PAGE, **LATEST, is_overridden="True").status_code == 302


def test_a_build_context_and_its_banner() -> None:
    two_contexts()
    browser = operator()
    response = post(browser, PAGE, **BUILD, update_banner="on")
    assert "The home page shows it." in browser.get(response["Location"]).content.decode()
    assert queries.build_contexts() == {"1.14.1": "jwst_0002.pmap"}
    known = BUILD | {"cal_ver": "1.14.1", "cal_ver_custom": ""}
    assert "Nothing was changed: build 1.14.1 is already jwst_0002.pmap" in error_of(
        post(browser, PAGE, **known)
    )
    older = post(browser, PAGE, **known | {"pmap_mode": "pmap_latest", "update_banner": "on"})
    shown = browser.get(older["Location"]).content.decode()
    assert "The home page shows\n  <code>jwst_0002.pmap</code>" in shown
    assert '<option value="1.14.1">1.14.1 - ' in shown


def test_autogenerate_fills_in_a_reason_and_sets_nothing() -> None:
    two_contexts()
    browser = operator()
    response = post(browser, PAGE, **BUILD | {"reason": "", "autogenerate": "1"})
    sentence = "Build context jwst_0002.pmap for version 1.14.1 of the calibration software."
    assert f"{sentence}</textarea>" in response.content.decode()
    assert error_of(response) == ""
    assert post(browser, PAGE, **BUILD | {"reason": sentence}).status_code == 302
    response = post(browser, PAGE, **BUILD | {"cal_ver_custom": "", "reason": "Mine", "autogenerate": "1"})
    assert "Pick a version" in error_of(response)
    assert "Mine</textarea>" in response.content.decode()
    assert "build contexts only" in error_of(post(browser, PAGE, **LATEST | {"autogenerate": "1"}))
    assert ContextChange.objects.filter(user="olga").count() == 1


def test_pipelines_are_listed_with_what_they_told() -> None:
    make_whole_context()
    key = operations.create_pipeline("jwst-ops-pipeline", user="ann")
    browser = operator()
    assert "none yet" in browser.get(PAGE).content.decode()
    operations.push_remote_context(key=key, context="jwst_0001.pmap")
    shown = browser.get(PAGE).content.decode()
    assert re.search(r"jwst-ops-pipeline</td><td><code>jwst_0001\.pmap", shown)
    assert key not in shown
    assert [pipeline.name for pipeline in queries.pipelines()] == ["jwst-ops-pipeline"]

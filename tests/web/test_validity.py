"""The sentence, the bars and the bad mark of the page of a reference."""

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from apps.catalog import audit
from apps.catalog.models import Action, File
from apps.contexts import operations as contexts
from apps.web.file_pages.validity import validity_of
from tests.factories import sites
from tests.web.test_change_pages import changed

pytestmark = pytest.mark.django_db

__all__ = ["changed"]

OLD, NEW = "jwst_miri_flat_0001.fits", "jwst_miri_flat_0002.fits"


def sentence_of(client: Client, name: str) -> str:
    page = client.get(f"/browse/{name}").content.decode()
    found = re.search(r'<p class="lead sentence">(.*?)</p>', page, re.DOTALL)
    return re.sub("<[^>]+>", "", found[1]) if found else ""


def test_a_sentence_says_what_a_reference_is_for_and_what_follows_it(client: Client, changed: str) -> None:
    assert re.fullmatch(
        r"\S.* of MIRI for MIRIMAGE, F560W, SUB128, valid from 2021-08-01 to 2025-01-01\. "
        r"In use since jwst_0001\.pmap \(\d{4}-\d\d-\d\d\)\. "
        rf"For later dates it is followed by {NEW}\.",
        sentence_of(client, OLD),
    )
    assert "valid from 2025-01-01. In use since jwst_0002.pmap" in sentence_of(client, NEW)


def test_a_reference_that_left_the_latest_context_says_so(client: Client, changed: str) -> None:
    text = sentence_of(client, "jwst_miri_gain_0001.fits")
    assert text.endswith("the latest context no longer uses it.")
    assert "First used jwst_0001.pmap" in text


def test_a_reference_that_was_never_used_says_so(client: Client, changed: str) -> None:
    sites.add("jwst_miri_flat_0009.fits", sites.make_content(useafter="2029-01-01"))
    assert "No latest context has used it." in sentence_of(client, "jwst_miri_flat_0009.fits")


def test_a_mapping_has_no_sentence(client: Client, changed: str) -> None:
    assert sentence_of(client, "jwst_miri_flat_0002.rmap") == ""


def test_the_bars_have_their_texts_and_what_follows(client: Client, changed: str) -> None:
    page = client.get(f"/browse/{OLD}").content.decode()
    section = page.partition('aria-labelledby="validity"')[2].partition("</section>")[0]
    text = " ".join(re.sub("<[^>]+>", "", section).split())
    assert "from 2021-08-01 until 2025-01-01, 1 match case" in text
    assert f"; then {NEW}" in text
    assert section.count("<rect ") == 1


def test_the_record_stays_the_first_table(client: Client, changed: str) -> None:
    page = client.get(f"/browse/{OLD}").content.decode()
    assert page.index("<table") == page.index('<table class="record"')


def test_without_a_latest_context_there_are_no_bars(client: Client) -> None:
    assert validity_of(OLD, ["jwst_miri_flat_0001.rmap"]) is None


@pytest.mark.parametrize(
    ("why", "shown"),
    [
        ("Wrong units, see <b>notes</b>.", "“Wrong units, see &lt;b&gt;notes&lt;/b&gt;”"),
        ("", "without a reason"),
    ],
)
def test_a_bad_file_names_who_marked_it_when_and_why(
    client: Client, changed: str, why: str, shown: str
) -> None:
    file = File.objects.get(name=OLD)
    File.objects.filter(pk=file.pk).update(rejected=True)
    audit.file_changed(file, action=Action.MARK_BAD, user="homer@example.org", why=why)
    page = client.get(f"/browse/{OLD}").content.decode()
    assert f"Marked bad on {datetime.now(UTC):%Y-%m-%d}" in page
    assert "by homer@..." in page
    assert shown in page
    assert "homer@example.org" not in page


def test_an_imported_bad_file_has_no_mark(client: Client, changed: str) -> None:
    File.objects.filter(name=OLD).update(rejected=True)
    page = client.get(f"/browse/{OLD}").content.decode()
    assert "Clients refuse it" in page
    assert "Marked bad on" not in page


def test_bars_need_no_second_context(client: Client, changed: str) -> None:
    contexts.set_context(pointer="latest", context=sites.BASE, user="tester", reason="Back.")
    found = validity_of(OLD, ["jwst_miri_flat_0001.rmap", "jwst_miri_flat_0002.rmap"])
    assert found is not None
    assert [(each.since, each.until) for each in found.stretches] == [("2021-08-01 00:00:00", "")]

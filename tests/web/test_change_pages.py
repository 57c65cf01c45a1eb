"""Changes between two contexts, new references, and the feeds of both."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from apps.catalog.models import File
from apps.contexts import operations as contexts
from apps.contexts.errors import UnusableContextError
from apps.rules.lookup.rules_as_rows import Listing
from apps.rules.text.writer import write_mapping
from apps.web.change_pages import context_changes
from apps.web.context_pages.known_rules import list_once
from tests.factories import sites

pytestmark = pytest.mark.django_db

NEW = "jwst_0002.pmap"
PAGE = f"/changes/{sites.BASE}/{NEW}/"
CASE = ("MIRIMAGE", "F560W", "N/A", "SUB128")
ATOM = "{http://www.w3.org/2005/Atom}"


def imap_text(name: str, instrument: str, rmaps: dict[str, str]) -> str:
    common = {"derived_from": "made by hand", "observatory": "JWST", "mapping": "INSTRUMENT", "name": name}
    return write_mapping({**common, "instrument": instrument.upper(), "parkey": ("REFTYPE",)}, rmaps)


@pytest.fixture
def changed() -> str:
    """Make a second context: one flat of miri is new, and its gain is gone."""
    sites.make_site()
    sites.add(
        "jwst_miri_flat_0002.fits",
        sites.make_content(useafter="2025-01-01"),
        description="A <b>new</b> flat of homer@example.org.",
        deliverer="homer@example.org",
        useafter_at=datetime(2025, 1, 1, tzinfo=UTC),
    )
    flat = {
        "2021-08-01 00:00:00": "jwst_miri_flat_0001.fits",
        "2025-01-01 00:00:00": "jwst_miri_flat_0002.fits",
    }
    rmap, imap = "jwst_miri_flat_0002.rmap", "jwst_miri_0002.imap"
    sites.add(rmap, sites.make_rmap_text(rmap, cases={CASE: flat}).encode())
    sites.add(imap, imap_text(imap, "miri", {"FLAT": rmap, "GAIN": "N/A"}).encode())
    header = {"derived_from": "made by hand", "observatory": "JWST", "mapping": "PIPELINE", "name": NEW}
    imaps = {"MIRI": imap, "NIRCAM": "jwst_nircam_0001.imap"}
    sites.add(NEW, write_mapping({**header, "parkey": ("META.INSTRUMENT.NAME",)}, imaps).encode())
    contexts.set_context(pointer="latest", context=NEW, user="tester", reason="New flat.")
    return NEW


def entries_of(answer: Any) -> list[ElementTree.Element]:
    return ElementTree.fromstring(answer.content).findall(f"{ATOM}entry")  # noqa: S314 (our own)


def rows(answer: Any) -> list[dict[str, str]]:
    found = json.loads(b"".join(answer.streaming_content))
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def test_the_page_names_what_was_added_and_removed_with_case_dates_and_reason(
    client: Client, changed: str
) -> None:
    page = client.get(PAGE).content.decode()
    assert "<strong>1</strong> added" in page
    assert "<strong>1</strong> removed" in page
    assert "DETECTOR MIRIMAGE, FILTER F560W, SUBARRAY SUB128" in page
    assert "from 2025-01-01" in page
    # Texts of people never become markup, and their addresses are not public.
    assert "A &lt;b&gt;new&lt;/b&gt; flat of homer@..." in page
    assert "homer@example.org" not in page
    assert "/difference/?file1=jwst_miri_flat_0001.rmap" in page


def test_the_exports_have_every_row(client: Client, changed: str) -> None:
    added, removed = rows(client.get(f"{PAGE}?format=json"))
    assert (added["instrument"], added["type"], added["change"]) == ("miri", "flat", "added")
    assert (added["old"], added["new"]) == ("jwst_miri_flat_0001.fits", "jwst_miri_flat_0002.fits")
    assert added["since"] == "2025-01-01 00:00:00"
    assert (removed["type"], removed["change"], removed["old"], removed["new"]) == (
        "gain", "removed", "jwst_miri_gain_0001.fits", "",
    )  # fmt: skip
    csv = b"".join(client.get(f"{PAGE}?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert csv.splitlines()[0] == "instrument,type,change,old,new,cases,since,delivered,reason"


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("type=gain", ["gain"]),
        ("instrument=MIRI", ["flat", "gain"]),
        ("instrument=nircam", []),
        ("search=f560w", ["flat"]),
        ("search=flat%20of", ["flat"]),
    ],
)
def test_filters_and_search(client: Client, changed: str, query: str, types: list[str]) -> None:
    assert [row["type"] for row in rows(client.get(f"{PAGE}?{query}&format=json"))] == types


def test_the_feed_has_an_entry_for_each_reference(client: Client, changed: str) -> None:
    answer = client.get(f"{PAGE}?format=atom")
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    entries = entries_of(answer)
    titles = {entry.findtext(f"{ATOM}title") for entry in entries}
    assert titles == {
        "miri flat: jwst_miri_flat_0002.fits added", "miri gain: jwst_miri_gain_0001.fits removed",
    }  # fmt: skip
    # Readers take the text for HTML.
    assert any("&lt;b&gt;new" in (entry.findtext(f"{ATOM}summary") or "") for entry in entries)


def test_pointers_and_the_same_context_twice(client: Client, changed: str) -> None:
    assert "<strong>1</strong> added" in client.get("/changes/edit/latest").content.decode()
    assert "the same rules for every type" in client.get(f"/changes/{NEW}/{NEW}/").content.decode()


def test_rules_that_cannot_be_read_do_not_make_others_be_compared_again(
    client: Client, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    broken = "jwst_miri_gain_0001.rmap"

    def list_unless_broken(rmap: str) -> Listing:
        read.append(rmap)
        if rmap == broken:
            raise UnusableContextError(f"{rmap} is damaged.")
        return list_once(rmap)

    monkeypatch.setattr(context_changes, "list_once", list_unless_broken)
    assert f"{broken} is damaged." in client.get(PAGE).content.decode()
    assert sorted(read) == ["jwst_miri_flat_0001.rmap", "jwst_miri_flat_0002.rmap", broken]
    read.clear()
    page = client.get(PAGE).content.decode()
    assert (read, f"{broken} is damaged." in page) == ([broken], True)  # It may have been restored.


def test_an_unknown_context_is_404_with_those_like_it(client: Client, changed: str) -> None:
    answer = client.get(f"/changes/jwst_0009.pmap/{NEW}/")
    assert answer.status_code == 404
    assert f'href="/context_table/{sites.BASE}"' in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/display_context_history/",
        f"/context_table/{NEW}",
        f"/difference/?file1={sites.BASE}&file2={NEW}",
        "/recent_activity/",
        "/",
    ],
)
def test_pages_lead_to_the_changes(client: Client, changed: str, path: str) -> None:
    assert re.search(rf'href="{PAGE}?"', client.get(path).content.decode())


def deliver(name: str, days: float) -> None:
    File.objects.filter(name=name).update(delivered_at=timezone.now() - timedelta(days=days))


@pytest.fixture
def delivered(changed: str) -> None:
    File.objects.filter(kind="reference").update(delivered_at=datetime(2020, 5, 6, tzinfo=UTC))
    deliver("jwst_miri_flat_0002.fits", 3)
    deliver("jwst_miri_gain_0001.fits", 20)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("since=week", ["jwst_miri_flat_0002.fits"]),
        ("", ["jwst_miri_flat_0002.fits", "jwst_miri_gain_0001.fits"]),
        ("since=month&type=gain", ["jwst_miri_gain_0001.fits"]),
        ("since=month&instrument=nircam", []),
        ("since=2020-05-06&instrument=nircam", ["jwst_nircam_flat_0001.fits"]),
        ("since=2020-05-07&instrument=nircam", []),
        ("since=2020-99-99", ["jwst_miri_flat_0002.fits", "jwst_miri_gain_0001.fits"]),
    ],
)
def test_new_references_of_a_period(client: Client, delivered: None, query: str, names: list[str]) -> None:
    assert [row["name"] for row in rows(client.get(f"/changes/?{query}&format=json"))] == names


def test_an_empty_period_leads_to_the_last_delivery(client: Client, delivered: None) -> None:
    page = client.get("/changes/?instrument=nircam").content.decode()
    assert "?since=2020-05-06&amp;instrument=nircam" in page


def test_home_and_instruments_count_what_is_new(client: Client, delivered: None) -> None:
    assert "1 this week</a>" in client.get("/").content.decode()
    assert "2 this month</a>" in client.get(f"/context_table/{NEW}/miri").content.decode()
    assert "none this month" in client.get(f"/context_table/{NEW}/nircam").content.decode()


def test_uploads_that_are_not_confirmed_are_not_new(client: Client, delivered: None) -> None:
    File.objects.filter(name="jwst_miri_flat_0002.fits").update(state="uploaded")
    assert rows(client.get("/changes/?since=week&format=json")) == []
    assert b"jwst_miri_flat_0002" not in client.get("/feeds/references.atom").content


@pytest.mark.parametrize(
    ("path", "count"),
    [("/feeds/references", 4), ("/feeds/references/miri", 3), ("/feeds/references/miri/gain", 1)],
)
def test_feeds_of_references_in_both_forms(client: Client, delivered: None, path: str, count: int) -> None:
    assert len(entries_of(client.get(f"{path}.atom"))) == count
    answer = client.get(f"{path}.json")
    assert answer["Content-Type"] == "application/feed+json; charset=utf-8"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert len(feed["items"]) == count
    assert feed["feed_url"].endswith(f"{path}.json")
    assert "homer@example.org" not in answer.content.decode()


@pytest.mark.parametrize("path", ["/feeds/references.atom", f"{PAGE}?format=atom"])
def test_a_character_that_xml_forbids_breaks_no_feed(client: Client, delivered: None, path: str) -> None:
    File.objects.filter(name="jwst_miri_flat_0002.fits").update(description="A\x01new\ufffeflat.\tGood.")
    texts = [entry.findtext(f"{ATOM}summary") or "" for entry in entries_of(client.get(path))]
    assert any("A new flat.\tGood." in text for text in texts)


def test_a_feed_of_an_unknown_type_is_404(client: Client, delivered: None) -> None:
    assert client.get("/feeds/references/wfc3.atom").status_code == 404
    assert client.get("/feeds/references/miri/nothing.json").status_code == 404


def test_the_feed_of_a_pointer_has_its_moves(client: Client, changed: str) -> None:
    newest, first = client.get("/feeds/contexts/latest.json").json()["items"]
    assert (newest["title"], newest["content_text"]) == (f"{NEW} is latest", "New flat.")
    assert newest["url"].endswith(PAGE)
    assert first["url"].endswith(f"/context_table/{sites.BASE}")
    assert len(entries_of(client.get("/feeds/contexts/latest.atom"))) == 2

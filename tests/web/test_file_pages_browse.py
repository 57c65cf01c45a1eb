"""The catalogue to browse: filters, the table, its exports, and what hostile rows become."""

import html
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.core.tables import exports
from apps.web.file_pages.browse import BrowseForm, matching_files
from apps.web.file_pages.wording import as_size, short_size
from tests.factories.accounts import make_user, post
from tests.factories.catalog import make_file

pytestmark = pytest.mark.django_db

PATH = "/browse_db/"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
BAD = "<script>alert(1)</script>"


def text(client: Client, **query: str) -> str:
    answer = client.get(PATH, query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def names(*, is_inside: bool = False, **query: str) -> list[str]:
    form = BrowseForm(query, is_inside=is_inside)
    assert form.is_valid(), form.errors
    return sorted(file.name for file in matching_files(form))


def rows(client: Client, **query: str) -> list[dict[str, Any]]:
    answer = client.get(PATH, {"format": "json", **query})
    found = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def make_some() -> None:
    make_file("jwst_0001.pmap", delivered_at=NOON, description="First rules", sha1sum="a" * 40)
    make_file(
        "jwst_miri_dark_0001.fits",
        instrument="miri",
        filekind="dark",
        delivered_at=NOON + timedelta(hours=1),
        state=FileState.ARCHIVED,
        rejected=True,
        deliverer="marge",
    )
    make_file(
        "jwst_fgs_flat_0002.asdf",
        instrument="fgs",
        filekind="flat",
        delivered_at=NOON + timedelta(hours=2),
        activated_at=NOON,
        useafter_at=datetime(2015, 10, 1, tzinfo=UTC),
        state=FileState.LATEST,
        pedigree="GROUND",
    )


def test_everybody_sees_contexts_first_oldest_on_top(client: Client) -> None:
    make_some()
    make_file("jwst_0002.pmap", delivered_at=NOON + timedelta(seconds=1))
    page = text(client)
    assert page.index('href="/browse/jwst_0001.pmap"') < page.index('href="/browse/jwst_0002.pmap"')
    assert "jwst_miri_dark_0001.fits" not in page
    assert '<option value=".pmap" selected>' in page
    assert "<details open>" in page
    assert 'id="error_message"' not in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"extension": "*"}, "pdf"),
        ({"extension": ".fits"}, "d"),
        ({"extension": ".r*h/.r*d"}, ""),
        ({"instrument": "miri"}, "d"),
        ({"reference_type": "flat"}, "f"),
        ({"filename": "jwst_*_000[12].*"}, "df"),
        ({"filename": "jwst_0001.pmap"}, "p"),
        ({"status": "bad"}, "d"),
        ({"status": "archived"}, ""),
        ({"status": "latest"}, "f"),
        ({"start_date": "2026-01-31 13:00"}, "df"),
        ({"start_date": "2026-01-31 13:00:01"}, "f"),
        ({"stop_date": "2026-01-31 12:59"}, "p"),
        ({"stop_date": "2026-01-31 13:00"}, "pd"),
        ({"stop_date": "2026-01-31"}, "pdf"),
        ({"user": "marge"}, "pdf"),
    ],
)
def test_each_filter_narrows_down(query: dict[str, str], expected: str) -> None:
    make_some()
    by_letter = {"p": "jwst_0001.pmap", "d": "jwst_miri_dark_0001.fits", "f": "jwst_fgs_flat_0002.asdf"}
    assert names(**{"extension": "*", **query}) == sorted(by_letter[letter] for letter in expected)


def test_people_inside_may_ask_whose_delivery_it_was(client: Client) -> None:
    make_some()
    assert names(is_inside=True, user="marge") == ["jwst_miri_dark_0001.fits"]
    client.force_login(make_user())
    assert '<option value="marge">' in text(client)
    assert rows(client, extension=".fits")[0]["submitter"] == "marge"


def test_who_delivered_is_no_business_of_others(client: Client) -> None:
    make_some()
    assert "marge" not in text(client, extension="*")
    assert "submitter" not in rows(client, extension="*")[0]


def test_a_row_tells_what_the_catalogue_knows_and_says_what_is_missing(client: Client) -> None:
    make_some()
    page = text(client, extension=".asdf")
    for shown in ("2026-01-31 14:00:00", "2015-10-01 00:00:00", "GROUND", ">latest</span>", "<td>none</td>"):
        assert shown in page
    assert "N/A" in text(client)
    assert ">bad</span>" in text(client, extension=".fits")


def test_a_reference_type_is_offered_with_what_it_is(client: Client) -> None:
    assert '<option value="dark">dark: ' in text(client)


def test_files_that_are_not_official_are_not_listed(client: Client) -> None:
    make_file("jwst_0009.pmap", state=FileState.UPLOADED)
    client.force_login(make_user())
    assert "jwst_0009.pmap" not in text(client)
    assert "No file matches these filters." in text(client)


def test_the_links_of_the_table_keep_the_filters(client: Client) -> None:
    for number in range(201):
        make_file(f"jwst_{number:04}.pmap", sha1sum=f"{number:040}", instrument="miri")
    page = text(client, instrument="miri")
    assert "Showing 1 to 200 of 201 entries" in page
    assert '?instrument=miri&page=2"' in page
    assert '?instrument=miri&sort=name"' in page
    assert "Showing 1 to 200 of 201 entries" in text(client, sort="nosuch", page="x")
    # All fields at any must not fall back on the contexts.
    assert '?instrument=%2A&sort=name"' in text(client, extension="*")


def test_it_is_sorted_and_searched(client: Client) -> None:
    make_some()
    page = text(client, extension="*", sort="-size", search="MIRI")
    assert "jwst_miri_dark_0001.fits" in page
    assert "jwst_0001.pmap" not in page


def test_exports_carry_every_row_in_the_order_of_the_page(client: Client) -> None:
    make_some()
    found = rows(client, extension="*", sort="-delivery_date")
    assert [row["name"] for row in found] == [
        "jwst_fgs_flat_0002.asdf",
        "jwst_miri_dark_0001.fits",
        "jwst_0001.pmap",
    ]
    assert found[0]["useafter_date"] == "2015-10-01T00:00:00Z"
    answer = client.get(PATH, {"extension": "*"}, headers={"accept": "text/csv"})
    assert b"jwst_0001.pmap" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_what_was_typed_wrongly_is_told_beside_its_field(client: Client) -> None:
    page = text(client, filename="[", start_date="yesterday", instrument="nosuch")
    assert page.count('class="error_message"') == 3
    assert '<div id="error_message" role="alert" tabindex="-1" autofocus>Instrument: ' in page


def test_a_post_of_the_same_fields_is_answered(client: Client) -> None:
    make_some()
    answer = post(Client(enforce_csrf_checks=True), PATH, extension=".asdf")
    assert b"jwst_fgs_flat_0002.asdf" in answer.content
    assert client.delete(PATH).status_code == 405


def test_hostile_rows_and_questions_are_text(client: Client) -> None:
    make_file("jwst_0001.pmap", description=BAD, uploaded_as=BAD, pedigree=BAD, aperture=BAD)
    for query in ({}, {"filename": BAD}, {"search": BAD}, {"status": BAD}, {"sort": BAD, "page": BAD}):
        assert b"<script>alert" not in client.get(PATH, query).content


def test_addresses_of_people_are_for_people_inside(client: Client) -> None:
    make_file("jwst_0001.pmap", description="Asked by marge@example.org")
    assert "marge@..." in text(client)
    assert "example.org" not in json.dumps(rows(client))
    client.force_login(make_user())
    assert "marge@example.org" in text(client)


def test_a_full_page_takes_three_queries(
    client: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    File.objects.bulk_create(
        File(name=f"jwst_{number:04}.pmap", kind="mapping", observatory="jwst") for number in range(300)
    )
    with django_assert_num_queries(3):  # the number of files, the keys of the page, and its rows
        client.get(PATH)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (None, "none"),
        (0, "0"),
        (1023, "1023"),
        (1024, "1024 (1.0 KiB)"),
        (1 << 50, "1125899906842624 (1024.0 TiB)"),
    ],
)
def test_sizes_are_exact_and_readable(size: int | None, shown: str) -> None:
    assert as_size(size) == shown
    assert short_size(500) == "500 B"


def test_exports_in_several_blocks_have_all_rows_in_order(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_CHUNK", 3)
    expected = [make_file(f"jwst_miri_dark_{number:04}.fits").name for number in range(10)]
    assert [row["name"] for row in rows(client, extension="*", sort="name")] == expected
    answer = client.get(PATH, {"format": "csv", "extension": "*", "sort": "name"})
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[3] for line in lines] == ["name", *expected]


def test_files_are_sorted_by_the_beginning_of_their_descriptions(client: Client) -> None:
    texts = ("y", "x" * 200 + "b", "x" * 20_000 + "a", "w")
    names = [
        make_file(f"jwst_miri_dark_{number:04}.fits", description=text).name
        for number, text in enumerate(texts)
    ]
    expected = [names[3], names[1], names[2], names[0]]
    for sort, wanted in (("description", expected), ("-description", expected[::-1])):
        assert [row["name"] for row in rows(client, extension="*", sort=sort)] == wanted

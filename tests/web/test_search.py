"""The search: its hits for each reader, their order, and hostile questions."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from apps.contexts.listings import keep_listings
from apps.submissions.models import Submission, SubmittedFile
from tests.factories import sites
from tests.factories.accounts import logged_in, make_user
from tests.factories.catalog import make_file, sha1
from tests.factories.contexts import make_change
from tests.factories.datasets import make_dataset
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db

PATH = "/search/"
DARK, FLAT = "jwst_miri_dark_0001.fits", "jwst_miri_flat_0001.fits"


def text(client: Client, q: str) -> str:
    answer = client.get(PATH, {"q": q})
    assert answer.status_code == 200
    return answer.text


def hits(client: Client, q: str, *, kind: str = "") -> list[str]:
    answer = client.get(PATH, {"q": q, "format": "json"})
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return [hit["title"] for hit in found["hits"] if kind in ("", hit["kind"])]


def test_files_are_found_by_a_part_of_their_name(client: Client) -> None:
    make_file(DARK)
    make_file(FLAT)
    assert hits(client, "dark_0") == [DARK]
    assert hits(client, "DARK_0") == [DARK]
    assert set(hits(client, "jwst_miri", kind="file")) == {DARK, FLAT}
    assert f'<a href="/browse/{DARK}">{DARK}</a>' in text(client, "dark_0")


def test_the_whole_name_comes_before_a_beginning_and_that_before_a_part(client: Client) -> None:
    for name in ("a_jwst_miri_x.fits", "jwst_miri_x.fits.json", "jwst_miri_x.fits"):
        make_file(name)
    make_file("z.fits", uploaded_as="jwst_miri_x.fits")
    assert hits(client, "jwst_miri_x.fits") == [
        "jwst_miri_x.fits",
        "jwst_miri_x.fits.json",
        "a_jwst_miri_x.fits",
        "z.fits",
    ]


def test_files_are_found_by_words_in_any_order_and_say_why(client: Client) -> None:
    make_file(DARK, instrument="miri", filekind="dark", description="Cycle 3 darks of F560W")
    make_file(FLAT, instrument="miri", filekind="flat", description="Flats of F560W")
    for question in ("dark miri", "f560w dark", "CYCLE DARKS miri"):
        assert hits(client, question, kind="file") == [DARK]
    assert "Cycle 3 darks of F560W" in text(client, "f560w dark")
    assert "Cycle 3 darks" not in text(client, "miri_dark")


def test_files_are_found_by_sum_by_pattern_and_by_their_name_at_upload(client: Client) -> None:
    make_file(DARK, sha1sum=sha1(b"1"))
    make_file(FLAT, sha1sum=sha1(b"2"), uploaded_as="my_best_flat.fits")
    assert hits(client, sha1(b"1")[:6]) == [DARK]
    assert hits(client, sha1(b"2").upper()) == [FLAT]
    assert hits(client, sha1(b"1")[:5], kind="file") == []
    assert hits(client, "*_fl?t_*[0-9].fits") == [FLAT]
    assert hits(client, "*_FLAT_*") == []
    assert hits(client, "my_best") == [FLAT]


def test_an_exact_hit_is_a_link_and_not_a_redirect(client: Client) -> None:
    make_file(DARK, sha1sum=sha1(b"1"))
    make_file(f"{DARK}.json")
    for q in (DARK, sha1(b"1")):
        assert f'Exactly this file: <a class="file" href="/browse/{DARK}">' in text(client, q)
    assert "Exactly this" not in text(client, "jwst_miri_dark")
    assert "Exactly this" not in text(client, sha1(b"1")[:10])


def test_bad_files_are_marked(client: Client) -> None:
    make_file(DARK, rejected=True)
    assert '<span class="badge bad">bad</span>' in text(client, "dark_0")


def test_contexts_are_found_by_name_and_by_pointer(client: Client) -> None:
    for number in (1, 2):
        make_file(f"jwst_000{number}.pmap", description=f"Delivery {number}.\nMore.")
    make_change("jwst_0001.pmap")
    make_change("jwst_0002.pmap", pointer="edit")
    make_change("jwst_0001.pmap", pointer="build", calibration_version="1.14.1")
    assert hits(client, "0001.pmap") == ["jwst_0001.pmap"]
    for q in ("latest", "operational", "jwst-latest", "2016-02-01", "jwst-2016-02-01", "1.14.3"):
        assert hits(client, q, kind="context") == ["jwst_0001.pmap"], q
    assert hits(client, "edit", kind="context") == ["jwst_0002.pmap"]
    assert hits(client, "jwst_0", kind="context") == ["jwst_0002.pmap", "jwst_0001.pmap"]
    page = text(client, "latest")
    assert '<a href="/context_table/jwst_0001.pmap">jwst_0001.pmap</a>' in page
    assert "now meant by latest" in page
    assert "Delivery 1.</small>" in text(client, "0001.pmap")


def test_instruments_and_types_are_found_by_name_and_description(client: Client) -> None:
    assert hits(client, "MIRI", kind="instrument") == ["miri"]
    assert "miri flat" in hits(client, "miri flat", kind="type")
    assert hits(client, "miri flat", kind="type")[0] == "miri flat"
    assert "miri flat" not in hits(client, "miri", kind="type")
    found = text(client, "miri dark")
    assert (
        '<a href="/browse_db/?instrument=miri&amp;reference_type=dark&amp;extension=%2A">miri dark</a>'
        in found
    )
    assert "Dark" in found
    make_change()
    assert '<a href="/context_table/latest/miri/dark">miri dark</a>' in text(client, "miri dark")


def test_submissions_are_for_people_who_are_logged_in(client: Client) -> None:
    submission = make_submission(description="Better corners.")
    SubmittedFile.objects.create(
        submission=submission, name="uploaded_flat.fits", official_name="jwst_miri_flat_0077.fits"
    )
    title = f"{Submission.objects.get().title} {submission.key}"
    browser = logged_in(make_user("marge"))
    for q in ("better corners", "uploaded_flat", "flat_0077", str(submission.key), str(submission.key)[:8]):
        assert hits(browser, q, kind="submission") == [title], q
        assert not hits(client, q, kind="submission")
    assert f'href="/submission_history/{submission.key}/"' in text(browser, "Better corners")
    assert not hits(browser, "worse corners", kind="submission")


def test_a_file_that_is_not_confirmed_is_hidden_from_strangers(client: Client) -> None:
    make_file(DARK, state="uploaded")
    assert hits(client, "dark_0") == []
    assert hits(logged_in(), "dark_0") == [DARK]
    assert "not confirmed" in text(logged_in(make_user("marge")), "dark_0")


def test_the_list_has_twelve_hits_at_most_and_the_page_says_there_are_more(client: Client) -> None:
    for number in range(30):
        make_file(f"jwst_miri_dark_{number:04}.fits")
        make_file(f"jwst_{number:04}.pmap")
    assert len(hits(client, "jwst")) <= 12
    page = text(client, "jwst")
    assert "the first 20" in page
    assert 'href="/browse_db/?search=jwst&amp;extension=%2A"' in page
    assert 'href="/display_all_contexts/?search=jwst"' in page


def test_without_hits_similar_names_are_suggested(client: Client) -> None:
    make_file(DARK)
    page = text(client, "jwst_miri_dork_0001.fits")
    assert "Nothing was found" in page
    assert f'href="/browse/{DARK}"' in page


def test_an_empty_question_explains_itself(client: Client) -> None:
    for path in (PATH, "/search", "/search/?q=", "/search/?q=%20%00"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "What can be searched for" in answer.text
        assert 'id="error_message"' not in answer.text


@pytest.mark.parametrize(
    "q",
    [
        "\0",
        "dark\0_0001",
        "%",
        "_",
        "\\",
        "'; DROP TABLE catalog_file; --",
        '"><script>alert(1)</script>',
        "x" * 10_000,
        "*" * 50,
        "[z-a]*",
        "[",
        "*_dark_[",
        "é ü \U0001f52d",
        "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
        "-9999999999",
        "9" * 40,
        "../../etc/passwd",
        "2016-99-99",
        "{{ 7 }}",
        "\n\r\t",
    ],
)
def test_hostile_questions_are_harmless(client: Client, q: str) -> None:
    make_file(DARK, description="<b>")
    for browser in (client, logged_in()):
        page = text(browser, q)
        hits(browser, q)
        assert "<script>alert" not in page
        assert len(page) < 20_000


@pytest.mark.parametrize("q", ["%", "d%k", "_", "dark.0001", "\\"])
def test_wildcards_of_the_database_are_plain_characters(client: Client, q: str) -> None:
    make_file("jwst-miri-dark-0001.fits")
    assert hits(client, q, kind="file") == []


def test_a_bad_pattern_gets_a_message(client: Client) -> None:
    assert escape("Bad pattern '[z-a]*'") in text(client, "[z-a]*")


def test_a_value_finds_the_types_whose_rules_name_it(client: Client) -> None:
    sites.make_site()
    keep_listings()
    assert hits(client, "f560w", kind="value") == ["F560W in miri flat"]
    assert hits(client, "F5", kind="value") == ["F560W in miri flat"]
    assert hits(client, "F", kind="value") == []
    found = json.loads(client.get(PATH, {"q": "F560W", "format": "json"}).content)["hits"]
    [address] = [hit["address"] for hit in found if hit["kind"] == "value"]
    page = client.get(address)
    assert page.status_code == 200
    assert "jwst_miri_flat_0001.fits" in page.text


def test_datasets_are_found_by_the_beginning_of_their_id(client: Client) -> None:
    first, second = "JW00001001001_02101_00001.MIRIMAGE", "JW00001001001_02101_00002.MIRIMAGE"
    for name in (first, second, "JW00002001001_02101_00001.NRCA1"):
        make_dataset(f"{name}:{name}")
    assert hits(client, "jw00001", kind="dataset") == [first, second]
    assert hits(client, f"{second}:{second}", kind="dataset") == [second]
    assert hits(client, "JW0", kind="dataset") == []


@pytest.mark.parametrize(
    ("q", "titles"),
    [
        ("2024-02", ["Delivered in 2024-02", "jwst_0002.pmap"]),
        ("2024", ["Delivered in 2024", "jwst_0002.pmap"]),
        ("2024-02-29", ["Delivered on 2024-02-29"]),
        ("2024-03", []),
        ("2024-13", []),
        ("9999", []),
    ],
)
def test_a_day_month_or_year_finds_what_happened_then(client: Client, q: str, titles: list[str]) -> None:
    make_file(DARK, delivered_at=datetime(2024, 2, 29, 23, 59, tzinfo=UTC))
    make_file("jwst_0002.pmap", delivered_at=datetime(2020, 1, 1, tzinfo=UTC))
    make_change("jwst_0002.pmap", started_at=datetime(2024, 2, 1, tzinfo=UTC))
    assert hits(client, q, kind="time") == titles


def test_people_are_found_by_those_who_are_logged_in(client: Client) -> None:
    make_file(DARK, deliverer="homer")
    assert hits(client, "home", kind="person") == []
    assert hits(logged_in(), "HOME", kind="person") == ["homer"]


def test_a_search_takes_few_queries(client: Client) -> None:
    make_file(DARK)
    browser = logged_in()
    for who, most in ((client, 9), (browser, 14)):  # Index, keys of the newest, their rows.
        with CaptureQueriesContext(connection) as queries:
            hits(who, "dark")
        assert len(queries) <= most, [query["sql"][:80] for query in queries]


def test_answers_are_not_cached(client: Client) -> None:
    assert "no-store" in client.get(PATH, {"q": "dark"})["Cache-Control"]


def test_a_programme_is_found_by_its_number_and_lists_its_exposures(client: Client) -> None:
    for name in ("JW00007001001_02101_00001.NRCA1", "JW00007001001_02101_00001.NRCA2"):
        make_dataset(f"{name}:{name}", instrument="nircam", program="00007")
    for text in ("00007", "7", "programme 7", "Proposal 00007"):
        assert hits(client, text, kind="programme") == ["Programme 00007"], text
    assert hits(client, "8", kind="programme") == []
    page = client.get("/programme/7/").content.decode()
    assert "2 exposures of nircam" in page
    assert "/dataset/JW00007001001_02101_00001.NRCA1:JW00007001001_02101_00001.NRCA1/" in page
    assert len(client.get("/programme/00007/?format=csv").getvalue().splitlines()) == 3
    assert client.get("/programme/nothing/").status_code == 404

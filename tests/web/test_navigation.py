import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

VENDOR = Path(settings.BASE_DIR) / "static" / "vendor"

pytestmark = pytest.mark.django_db


def test_a_page_follows_the_system_until_a_theme_is_chosen(client: Client) -> None:
    assert "data-theme" not in client.get("/").text

    answer = client.post("/theme/", {"theme": "dark", "next": "/recent_activity/"})

    assert (answer.status_code, answer["Location"]) == (303, "/recent_activity/")
    assert 'data-theme="dark"' in client.get("/").text


@pytest.mark.parametrize("theme", ["", "blue", '"><script>'])
def test_another_theme_is_left_out(client: Client, theme: str) -> None:
    assert not client.post("/theme/", {"theme": theme}).cookies
    client.cookies["theme"] = theme
    assert "data-theme" not in client.get("/").text


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:x", ""])
def test_a_choice_leads_to_no_other_site(client: Client, back: str) -> None:
    assert client.post("/theme", {"theme": "light", "next": back})["Location"] == "/"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/", "/"),
        ("/recent_activity/", "/recent_activity/"),
        ("/browse/nothing.fits", "/browse_db/"),
        ("/display_all_contexts/", "/display_context_history/"),
        ("/difference/?file1=a&file2=b", "/difference_files/"),
    ],
)
def test_the_bar_says_where_one_is(client: Client, path: str, place: str) -> None:
    bar = client.get(path).text.partition("</header>")[0]
    assert bar.count('aria-current="page"') == 1
    assert f'<a href="{place}" aria-current="page">' in bar


def test_the_parts_are_shown_where_pages_are_made_only(client: Client, settings: Any) -> None:
    answer = client.get("/styleguide/")
    assert answer.status_code == 200
    assert 'id="context_chooser"' in answer.text
    settings.STYLEGUIDE = False
    assert client.get("/styleguide/").status_code == 404


def test_what_others_made_is_as_it_came() -> None:
    sums = (line.split() for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
    known = {name: digest for digest, name in sums}

    found = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in VENDOR.iterdir()
        if folder.is_dir() and folder.name != "node_modules"
        for path in folder.iterdir()
    }

    assert found == known
    assert all(f"{name.split('/')[0]}/LICENSE" in known for name in known)


def test_a_page_that_is_not_there_leads_to_those_that_are_like_it(client: Client) -> None:
    answer = client.get("/brows_db/")
    assert answer.status_code == 404
    assert '<a href="/browse_db/">Browse Database</a> <code>' in answer.text
    assert 'href="/search/?q=brows_db"' in answer.text


def test_an_address_that_leads_nowhere_never_becomes_markup(client: Client) -> None:
    answer = client.get('/x/<img src=x onerror="x">' + "y" * 3000)
    assert answer.status_code == 404
    assert "<img" not in answer.text

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
def test_an_unknown_theme_is_ignored(client: Client, theme: str) -> None:
    assert not client.post("/theme/", {"theme": theme}).cookies
    client.cookies["theme"] = theme
    assert "data-theme" not in client.get("/").text


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:x", ""])
def test_a_choice_of_theme_never_redirects_to_another_site(client: Client, back: str) -> None:
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
def test_the_bar_marks_the_place_of_the_page(client: Client, path: str, place: str) -> None:
    bar = client.get(path).text.partition("</header>")[0]
    assert bar.count('aria-current="page"') == 1
    assert f'<a href="{place}" aria-current="page">' in bar


def test_the_style_guide_exists_only_where_the_demo_does(client: Client, settings: Any) -> None:
    answer = client.get("/styleguide/")
    assert answer.status_code == 200
    assert 'id="context_chooser"' in answer.text
    settings.STYLEGUIDE = False
    assert client.get("/styleguide/").status_code == 404


def test_vendored_files_are_unchanged() -> None:
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


def test_an_unknown_address_suggests_similar_ones(client: Client) -> None:
    answer = client.get("/brows_db/")
    assert answer.status_code == 404
    assert '<a href="/browse_db/">Browse Database</a> <code>' in answer.text
    assert 'href="/search/?q=brows_db"' in answer.text


def test_an_unknown_address_never_becomes_markup(client: Client) -> None:
    answer = client.get('/x/<img src=x onerror="x">' + "y" * 3000)
    assert answer.status_code == 404
    assert "<img" not in answer.text

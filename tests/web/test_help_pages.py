import json

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/server_versions/", "Server Environment Package Versions"),
        ("/docs/cmdline_bestrefs/", "Best references on the command line"),
        ("/static/users_guide/index.html", "Users&#x27; guide"),
        ("/docs/glossary/", "Glossary"),
    ],
)
def test_help_is_open_to_everybody(client: Client, path: str, heading: str) -> None:
    for spelling in (path, path.rstrip("/")):
        answer = client.get(spelling)
        assert answer.status_code == 200
        assert f"<h1>{heading}</h1>".replace("&#x27;", "'") in answer.text


def test_the_guide_has_the_chapter_that_error_messages_name(client: Client) -> None:
    text = client.get("/static/users_guide/index.html").text
    assert '<h2 id="submission">Submit files</h2>' in text
    assert "ambiguous" in text


def test_every_link_of_the_help_within_a_page_leads_somewhere(client: Client) -> None:
    for path in ("/docs/cmdline_bestrefs/", "/static/users_guide/index.html", "/docs/glossary/"):
        text = client.get(path).text
        named = {part.split('"')[0] for part in text.split('href="#')[1:]} - {"main"}
        assert named
        assert all(f'id="{name}"' in text for name in named)


def test_versions_are_a_page_a_text_and_json(client: Client) -> None:
    page = client.get("/server_versions/").text
    lines = client.get("/server_versions/?format=text").text.splitlines()
    rows = json.loads(client.get("/server_versions/?format=json").getvalue())["rows"]

    assert lines[0] == f"CRDS server {settings.SERVER_VERSION}"
    assert [" ".join(row) for row in rows] == lines
    assert {"crds", "astropy", "asdf", "Django"} <= {row[0] for row in rows}
    assert all(f"<td>{name}</td>" in page for name, _version in rows)


def test_versions_contain_no_path(client: Client) -> None:
    text = client.get("/server_versions/?format=text").text
    assert "/" not in text

"""The client package is at a small index for pip, and its definition beside the published configuration."""

import hashlib
import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin

import pytest
from django.test import Client

from apps.catalog import storage
from apps.distribution import derived_data, server_info
from apps.distribution.client_package import simple_index
from apps.rules import observatories
from tests.factories.definitions import KECKAO, make_definition

pytestmark = pytest.mark.django_db

Serve = Callable[..., None]
FIRST = "crds_keckao-1.0-py3-none-any.whl"
INDEX = "/client/simple/crds-keckao/"


@pytest.fixture
def serve(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Return a function that makes this the server of Keck AO, with other words in its definition."""
    settings.OBSERVATORY = "keckao"
    monkeypatch.setattr(observatories, "_served", {})
    monkeypatch.setattr(derived_data, "_newest", {})

    def serve(**words: str) -> None:
        text = KECKAO
        for old, new in words.items():
            assert old in text
            text = text.replace(old, new)
        observatories.serve(make_definition(text))

    serve()
    return serve


class _Links(HTMLParser):
    """The links of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))


def links(address: str = INDEX) -> list[str]:
    """Return the full addresses that a page of the index links to, with their fragments."""
    response = Client().get(address)
    assert response.status_code == 200
    return [urljoin(address, link["href"] or "") for link in _Links(response.content.decode()).found]


def test_pip_finds_the_package_and_can_verify_it(serve: Serve) -> None:
    assert links("/client/simple/") == [INDEX]
    (link,) = links()
    address, fragment = urldefrag(link)
    assert address == f"/client/packages/{FIRST}"
    response = Client().get(address)
    assert f"sha256={hashlib.sha256(response.getvalue()).hexdigest()}" == fragment
    assert "immutable" in response["Cache-Control"]


def test_the_index_speaks_json_to_those_who_prefer_it(serve: Serve) -> None:
    accepted = {"HTTP_ACCEPT": f"{simple_index.JSON}, {simple_index.HTML};q=0.2, text/html;q=0.1"}
    response = Client().get(INDEX, **accepted)
    assert (response["Content-Type"], response["Vary"]) == (simple_index.JSON, "Accept")
    (file,) = response.json()["files"]
    assert file["url"] == f"/client/packages/{FIRST}"
    assert links()[0].endswith(file["hashes"]["sha256"])
    assert response.json()["meta"] == {"api-version": "1.0"}
    assert Client().get("/client/simple/", **accepted).json()["projects"] == [{"name": "crds-keckao"}]


@pytest.mark.parametrize("accept", [None, "*/*", "text/html", "application/pdf"])
def test_the_index_is_html_otherwise(serve: Serve, accept: str | None) -> None:
    headers = {} if accept is None else {"HTTP_ACCEPT": accept}
    assert Client().get(INDEX, **headers)["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("spelling", ["crds_keckao", "CRDS.Keckao/", "crds--keckao", "crds-keckao"])
def test_other_spellings_lead_to_the_one_name(serve: Serve, spelling: str) -> None:
    response = Client().get(f"/client/simple/{spelling}")
    assert (response.status_code, response["Location"]) == (301, INDEX)


@pytest.mark.parametrize(
    "address", ["simple/crds-hst/", "simple/requests/", "packages/x.whl", "packages/..%2Fx"]
)
def test_there_is_no_other_package(serve: Serve, address: str) -> None:
    assert Client().get(f"/client/{address}").status_code == 404


def test_a_name_means_the_same_bytes_when_the_definition_changes(serve: Serve) -> None:
    """A changed definition without a new version gets a wheel with a number of its own."""
    before = links()
    serve(MCDS4="MCDS8")
    both = links()
    assert both[0] == before[0]
    assert urldefrag(both[1])[0] == "/client/packages/crds_keckao-1.0.post1-py3-none-any.whl"
    assert links() == both
    serve(**{"version: 1.0": "version: 1.1"})
    assert [urldefrag(link)[0].rpartition("/")[2] for link in links()] == [
        FIRST,
        "crds_keckao-1.0.post1-py3-none-any.whl",
        "crds_keckao-1.1-py3-none-any.whl",
    ]


def test_the_server_names_its_definition_and_serves_it_forever(serve: Serve) -> None:
    first = json.loads(server_info.server_info())
    base = first["config_url"]["keckao"].partition("//")[2].partition("/")[2]
    address = f"/{base}definition_{first['definition_sha1sum']}.json"
    content = Client().get(address).getvalue()
    assert hashlib.sha1(content, usedforsecurity=False).hexdigest() == first["definition_sha1sum"]
    serve(MCDS4="MCDS8")
    second = json.loads(server_info.server_info())
    assert second["definition_sha1sum"] != first["definition_sha1sum"]
    response = Client().get(address)
    assert response.getvalue() == content
    assert "immutable" in response["Cache-Control"]
    assert storage.config_path(f"definition_{second['definition_sha1sum']}.json").is_file()


@pytest.mark.parametrize("name", [f"definition_{'0' * 40}.json", "definition_.json", "definition_../x"])
def test_no_other_definition_is_served(serve: Serve, name: str) -> None:
    assert Client().get(f"/unchecked_get/config/keckao/{name}").status_code == 404


def test_the_page_says_how_to_install_the_package(serve: Serve, settings: Any) -> None:
    settings.PUBLIC_URL = "https://keckao.example.org/crds"
    text = Client().get("/client/").content.decode()
    assert "pip install --extra-index-url https://keckao.example.org/crds/client/simple/ crds-keckao" in text
    assert "export CRDS_SERVER_URL=https://keckao.example.org/crds\n" in text
    assert FIRST in text
    guide = Client().get("/docs/cmdline_bestrefs/").content.decode()
    assert "--extra-index-url https://keckao.example.org/crds/client/simple/ crds-keckao" in guide


def test_clients_know_the_shipped_observatories_without_a_package() -> None:
    assert "definition_sha1sum" not in json.loads(server_info.server_info())
    assert links("/client/simple/") == []
    assert Client().get("/client/simple/crds-jwst/").status_code == 404
    text = Client().get("/client/").content.decode()
    assert "You need no further package" in text
    assert "extra-index-url" not in text

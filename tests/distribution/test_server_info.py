"""The description of the server: every key of wire protocol section 3.1."""

import ast
import base64
import gzip
import json
import pprint
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.catalog import audit, storage
from apps.catalog.models import File
from apps.contexts.models import ContextChange
from apps.distribution import derived_data, server_info
from tests.distribution.conftest import Hold

pytestmark = pytest.mark.django_db

KEYS = {
    *("observatory", "operational_context", "latest_context", "edit_context", "versions_context"),
    *("build_context", "bad_files_list", "last_synced", "last_refreshed", "updated", "mappings"),
    *("mapping_url", "reference_url", "config_url", "pickle_url", "force_remote_mode"),
    *("download_metadata", "crds_version", "max_headers_per_rpc", "max_bestrefs_per_rpc"),
    *("context_history", "server", "status", "connected"),
}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived_data, "_newest", {})


def info() -> dict[str, Any]:
    return json.loads(server_info.server_info())


def metadata() -> dict[str, dict[str, str]]:
    packed = info()["download_metadata"]
    assert packed["crds_encoded"] == "1.0"
    return json.loads(gzip.decompress(base64.b64decode(packed["crds_payload"])))


def point(pointer: str, context: str, year: int = 2020, **fields: Any) -> None:
    ContextChange.objects.create(
        pointer=pointer,
        context=context,
        user="homer",
        started_at=datetime(year, 1, 1, tzinfo=UTC),
        **fields,
    )
    audit.pointer_moved(context, pointer=pointer, before="", user="homer")


def test_an_empty_server_describes_itself_with_every_key() -> None:
    found = info()
    assert set(found) == KEYS
    assert found["observatory"] == "jwst"
    assert found["operational_context"] == found["versions_context"] == ""
    assert metadata() == {}


def test_it_survives_the_way_clients_keep_it() -> None:
    point("latest", "jwst_0001.pmap", reason="a\r\n'quoted' <reason>")
    found = info()
    assert ast.literal_eval(pprint.pformat(found)) == found


def test_the_pointers_have_their_names() -> None:
    for number, pointer in enumerate(("latest", "edit", "versions"), start=1):
        point(pointer, f"jwst_000{number}.pmap")
    found = info()
    assert found["operational_context"] == found["latest_context"] == "jwst_0001.pmap"
    assert (found["edit_context"], found["versions_context"]) == ("jwst_0002.pmap", "jwst_0003.pmap")
    assert found["build_context"] == "jwst_0001.pmap", "latest, as long as there is no build context"


def test_the_history_is_newest_first() -> None:
    point("latest", "jwst_0001.pmap", 2020, reason="first")
    point("edit", "jwst_0003.pmap", 2021)
    point("latest", "jwst_0002.pmap", 2022, reason="second")
    assert info()["context_history"] == [
        ["2022-01-01 00:00:00+00:00", "jwst_0002.pmap", "second"],
        ["2020-01-01 00:00:00+00:00", "jwst_0001.pmap", "first"],
    ]


def test_every_catalogued_file_is_in_the_metadata_with_texts(hold: Hold) -> None:
    held = hold("jwst_0001.pmap", b"rules")
    File.objects.create(name="far.fits", kind="reference", observatory="jwst", size=2**40, sha1sum="a" * 40)
    File.objects.create(name="vague.fits", kind="reference", observatory="jwst", size=1)
    audit.count_change()
    assert metadata() == {
        "jwst_0001.pmap": {"size": "5", "sha1sum": held.sha1sum},
        "far.fits": {"size": str(2**40), "sha1sum": "a" * 40},
    }
    assert info()["mappings"] == ["jwst_0001.pmap"]


def test_bad_files_are_listed(hold: Hold) -> None:
    hold("jwst_0002.pmap", b"b", rejected=True)
    hold("jwst_0001.pmap", b"a")
    assert info()["bad_files_list"] == ["jwst_0002.pmap"]


def test_addresses_are_those_that_serve(hold: Hold, settings: Any) -> None:
    settings.PUBLIC_URL = "https://crds.example.org/jwst"
    hold("jwst_0001.pmap", b"rules")
    found = info()
    base = "https://crds.example.org/jwst/unchecked_get"
    assert found["mapping_url"] == {"jwst": f"{base}/mappings/jwst/"}
    assert found["reference_url"] == {"jwst": f"{base}/references/jwst/"}
    assert found["config_url"] == {"jwst": f"{base}/config/jwst/"}
    assert found["pickle_url"] == {"jwst": f"{base}/pickles/jwst/"}
    assert found["server"] == "https://crds.example.org/jwst"
    path = found["mapping_url"]["jwst"].removeprefix("https://crds.example.org/jwst")
    assert Client().get(f"{path}jwst_0001.pmap").getvalue() == b"rules"


def test_published_limits_are_those_that_are_enforced(settings: Any) -> None:
    settings.MAX_HEADERS_PER_RPC, settings.MAX_BESTREFS_PER_RPC = 7, 8
    found = info()
    assert (found["max_headers_per_rpc"], found["max_bestrefs_per_rpc"]) == (7, 8)


def test_the_client_reads_a_version_as_text() -> None:
    assert isinstance(info()["crds_version"]["str"], str)


def test_last_synced_is_the_moment_of_the_call_and_the_rest_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    monkeypatch.setattr(timezone, "now", lambda: moments.pop(0))
    first = info()
    second = info()
    assert (first.pop("last_synced"), second.pop("last_synced")) == (
        "2026-01-02 00:00:00+00:00",
        "2026-01-03 00:00:00+00:00",
    )
    assert first == second


def test_a_new_file_enters_the_metadata_at_once(hold: Hold) -> None:
    hold("jwst_0001.pmap", b"a")
    assert set(metadata()) == {"jwst_0001.pmap"}
    hold("jwst_0002.pmap", b"b")
    assert set(metadata()) == {"jwst_0001.pmap", "jwst_0002.pmap"}


def test_a_pointer_never_names_a_file_that_the_metadata_lacks(
    hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deliver between the reading of the pointers and the reading of the files."""
    hold("jwst_0001.pmap", b"a")
    point("edit", "jwst_0001.pmap", 2020)
    read = server_info._pointers

    def read_then_deliver() -> dict[str, str]:
        pointers = read()
        hold("jwst_0002.pmap", b"b")
        point("edit", "jwst_0002.pmap", 2021)
        return pointers

    monkeypatch.setattr(server_info, "_pointers", read_then_deliver)
    assert info()["edit_context"] == "jwst_0001.pmap"
    monkeypatch.undo()
    assert info()["edit_context"] == "jwst_0002.pmap"
    assert "jwst_0002.pmap" in metadata()


def test_the_configuration_address_gives_a_python_literal(hold: Hold) -> None:
    hold("jwst_0001.pmap", b"a")
    response = Client().get("/unchecked_get/config/jwst/server_config")
    assert (response.status_code, response["Cache-Control"]) == (200, "no-cache")
    literal = ast.literal_eval(response.content.decode())
    expected = info()
    assert literal.pop("last_synced") <= expected.pop("last_synced")
    assert literal == expected


def test_the_store_gets_the_files_that_a_mounted_cache_needs(hold: Hold) -> None:
    hold("jwst_0001.pmap", b"a", rejected=True)
    expected = info()
    kept = ast.literal_eval(storage.config_path("server_config").read_text())
    assert kept.pop("last_synced") <= expected.pop("last_synced")
    assert kept == expected
    assert storage.config_path("bad_files.txt").read_text() == "jwst_0001.pmap\n"


def test_the_list_of_bad_files_is_an_address_too(hold: Hold) -> None:
    hold("jwst_0001.pmap", b"a", rejected=True)
    assert Client().get("/unchecked_get/config/jwst/bad_files.txt").content == b"jwst_0001.pmap\n"


@pytest.mark.parametrize("path", ["jwst/secret_key", "hst/server_config", "jwst/ref_cache_subdir_mode"])
def test_nothing_else_is_published_as_configuration(path: str) -> None:
    assert Client().get(f"/unchecked_get/config/{path}").status_code == 404

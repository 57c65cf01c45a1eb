"""Methods about files, as callers see them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.rpc import file_info
from tests.factories.catalog import CONTENT, make_file, sha1
from tests.factories.rpc import call, failed, request, send

pytestmark = pytest.mark.django_db

FLAT = "jwst_miri_flat_0001.fits"
PMAP = "jwst_0001.pmap"
HOSTILE = ["Failed updating rmap", "../etc/passwd", "a/b.fits", "", ".hidden", "x" * 1000, "<b>", "'; --"]

DOCUMENTED = {
    *("name", "uploaded_as", "type", "observatory", "instrument", "filekind", "size", "sha1sum", "state"),
    *("rejected", "blacklisted", "activation_date", "delivery_date", "useafter_date", "change_level"),
    *("deliverer_user", "aperture", "comment", "creator_name", "derived_from", "description", "history"),
    *("pedigree", "reference_file_type", "replaced_by_filename"),
}


@pytest.fixture
def files() -> None:
    make_file(PMAP, delivered_at=datetime(2020, 1, 1, tzinfo=UTC))
    make_file(
        FLAT,
        instrument="miri",
        filekind="flat",
        description="Made In SPACE",
        comment="",
        deliverer="Homer",
        rejected=True,
        useafter_at=datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
        uploaded_as="My_Flat.fits",
    )


# One file.


def test_an_info_object_has_every_documented_field_and_only_text(files: None) -> None:
    for name in (PMAP, FLAT):
        found = call("get_file_info", PMAP, name)
        assert set(found) == DOCUMENTED
        assert all(isinstance(value, str) for value in found.values())


def test_the_fields_follow_their_conventions(files: None) -> None:
    found = call("get_file_info", "jwst", FLAT)
    assert found["size"] == str(len(CONTENT))
    assert found["sha1sum"] == sha1(CONTENT)
    assert (found["rejected"], found["blacklisted"]) == ("true", "false")
    assert (found["description"], found["deliverer_user"]) == ("made in space", "homer")
    assert (found["name"], found["uploaded_as"]) == (FLAT, "My_Flat.fits")
    assert found["comment"] == found["activation_date"] == "none"
    assert found["useafter_date"] == "2020-01-02 03:04:05+00:00"


def test_a_pmap_has_no_instrument_and_the_useafter_of_mappings(files: None) -> None:
    found = call("get_file_info", "jwst", PMAP)
    assert (found["instrument"], found["filekind"]) == ("", "")
    assert found["useafter_date"] == "2050-01-01 00:00:00+00:00"
    assert found["delivery_date"] == "2020-01-01 00:00:00+00:00"


def test_a_mapping_has_empty_texts_where_only_references_have_any(files: None) -> None:
    found = call("get_file_info", "jwst", PMAP)
    lacking = ("pedigree", "reference_file_type", "replaced_by_filename")
    assert [found[name] for name in lacking] == ["", "", ""]


@pytest.mark.parametrize(
    ("identifier", "word"),
    [
        ("sync-14.0.3-85f4ca4d-0dec-4ab6-88fa-7b3eec699535-00000002", "latest"),
        ("-c-12.0.3-85f4ca4d-0dec-4ab6-88fa-7b3eec699535-00000002", "latest"),
        ("13.2.4.dev1+g1-13.2.4.dev1+g1-85f4ca4d-0dec-4ab6-88fa-7b3eec699535-00000002", "latest"),
        ("sync-12.0.2-85f4ca4d-0dec-4ab6-88fa-7b3eec699535-00000002", "operational"),
        ("sync-11.17.20-85f4ca4d-0dec-4ab6-88fa-7b3eec699535-00000002", "operational"),
        ("my-14.0.3-tool-7.4.1-85f4ca4d-0dec-4ab6-88fa-7b3eec699535-00000002", "operational"),
        ("sync-85f4ca4d-0dec-4ab6-88fa-7b3eec699535-00000002", "operational"),
        (1, "operational"),
        (None, "operational"),
    ],
)
def test_a_state_is_a_word_that_the_client_knows(db: None, identifier: object, word: str) -> None:
    make_file(PMAP, state="latest")
    asked = request("get_file_info_map", "jwst", [PMAP], ["state"], id=identifier)
    assert send(asked)["result"] == {PMAP: {"state": word}}


# The states that the client takes in silence: it warns about a file in any other state.
OLD, NEW = "11.17.20", "14.0.3"
SILENT = {
    OLD: {"archived", "operational", "delivered"},
    NEW: {"archived", "operational", "delivered", "latest"},
}


@pytest.mark.parametrize("version", [OLD, NEW])
# A file that is only uploaded is not told at all.
@pytest.mark.parametrize("state", [state for state in FileState if state != FileState.UPLOADED])
def test_old_and_new_clients_warn_about_the_same_files(db: None, state: FileState, version: str) -> None:
    make_file(PMAP, state=state)
    identifier = f"sync-{version}-85f4ca4d-0dec-4ab6-88fa-7b3eec699535-00000002"
    one = send(request("get_file_info", "jwst", PMAP, id=identifier))["result"]["state"]
    many = send(request("get_file_info_map", "jwst", [PMAP], ["state"], id=identifier))["result"]
    assert many == {PMAP: {"state": one}}
    assert (one in SILENT[version]) == (state in SILENT[NEW])
    if state != FileState.LATEST:
        assert one == state


def test_an_unknown_value_is_none(db: None) -> None:
    make_file(FLAT, size=None, sha1sum="")
    found = call("get_file_info", "jwst", FLAT)
    assert (found["size"], found["sha1sum"]) == ("none", "none")


@pytest.mark.parametrize(
    "first",
    ["jwst", None, PMAP, "jwst.pmap", "jwst_9999.pmap", "jwst-latest", "latest", "2016-01-01", "None"],
)
def test_the_first_argument_only_selects_the_observatory(files: None, first: str | None) -> None:
    assert call("get_file_info", first, FLAT)["name"] == FLAT
    assert call("get_url", first, FLAT).endswith(FLAT)


@pytest.mark.parametrize("method", ["get_file_info", "get_url", "get_mapping_url", "get_reference_url"])
@pytest.mark.parametrize("name", ["jwst_9999.pmap", *HOSTILE])
def test_an_unknown_name_or_a_sentence_is_an_error_that_names_it(files: None, method: str, name: str) -> None:
    message = failed(method, PMAP, name)
    assert name[:100] in message
    assert "not known" in message
    assert len(message) < 400


# Many files.


def test_a_map_has_one_key_for_each_requested_name(files: None) -> None:
    names = ["nope.pmap", PMAP, *HOSTILE]
    found = call("get_file_info_map", "jwst", names, ["size", "sha1sum", "no_such_field"])
    assert set(found) == set(names)
    assert found[PMAP] == {"size": str(len(CONTENT)), "sha1sum": sha1(CONTENT)}
    assert {found[name] for name in names if name != PMAP} == {"NOT FOUND"}


def test_without_names_all_official_files_are_there(files: None) -> None:
    make_file("jwst_0002.pmap", state="uploaded")
    assert call("get_file_info_map", "jwst", None, ["size"]).keys() == {PMAP, FLAT}
    assert set(call("get_file_info_map", "jwst")[FLAT]) == DOCUMENTED
    assert call("get_file_info_map", "jwst", ["jwst_0002.pmap"]) == {"jwst_0002.pmap": "NOT FOUND"}


def test_an_empty_list_of_names_gives_no_files(files: None) -> None:
    assert call("get_file_info_map", "jwst", []) == {}
    assert call("get_file_info_map", "jwst", [PMAP], []) == {PMAP: {}}


@pytest.mark.parametrize("count", [file_info.CHUNK, file_info.CHUNK + 1, file_info.BATCH + 1])
def test_very_many_names_are_all_answered(files: None, count: int) -> None:
    names = [f"missing_{number}.fits" for number in range(count - 1)]
    found = call("get_file_info_map", "jwst", [*names, FLAT], ["size"])
    assert len(found) == count
    assert found[FLAT] == {"size": str(len(CONTENT))}


def test_a_whole_catalogue_is_read_by_few_queries(files: None, django_assert_max_num_queries: Any) -> None:
    File.objects.bulk_create(
        File(name=f"f{number}.fits", kind="reference", observatory="jwst", size=1, sha1sum="a" * 40)
        for number in range(3000)
    )
    with django_assert_max_num_queries(3):
        assert len(call("get_file_info_map", "jwst", None, ["sha1sum", "size"])) == 3002


# Listings.


def test_lists_are_sorted_and_matched_against_the_whole_name(files: None) -> None:
    make_file("jwst_0002.pmap")
    assert call("list_mappings") == call("list_mappings", "jwst", "*") == [PMAP, "jwst_0002.pmap"]
    assert call("list_mappings", "jwst", "*_0002.*map") == ["jwst_0002.pmap"]
    assert call("list_mappings", "jwst", "0001") == []
    assert call("list_references", None, "jwst_miri_fl?t_000[1-3].fits") == [FLAT]


@pytest.mark.parametrize("pattern", ["", "a/*", "../*", "x" * 200, "(a+)+$", "{a,b}", "*\n"])
def test_a_pattern_that_no_name_can_match_is_refused(files: None, pattern: str) -> None:
    assert "pattern" in failed("list_mappings", "jwst", pattern)


def test_a_pattern_of_many_stars_does_not_take_for_ever(files: None) -> None:
    make_file("a" * 120 + ".pmap")
    assert call("list_mappings", "jwst", "*a" * 40 + "*b") == []


# Addresses.


def test_an_address_leads_to_the_bytes(db: None) -> None:
    make_file(PMAP, content=b"rules")
    make_file(FLAT, content=b"image")
    for method, name, content in (
        ("get_url", PMAP, b"rules"),
        ("get_url", FLAT, b"image"),
        ("get_mapping_url", PMAP, b"rules"),
        ("get_reference_url", FLAT, b"image"),
    ):
        url = call(method, "jwst_0001.pmap", name)
        assert Client().get(url.removeprefix("http://localhost:8000")).getvalue() == content


def test_a_reference_has_no_mapping_address_and_a_mapping_no_reference_address(files: None) -> None:
    assert "is a reference" in failed("get_mapping_url", PMAP, FLAT)
    assert "is a mapping" in failed("get_reference_url", PMAP, PMAP)


def test_provisional_is_said_to_programs_that_ask_for_it(files: None) -> None:
    assert "provisional" not in call("get_file_info", "jwst", FLAT)
    found = call("get_file_info_map", "jwst", [FLAT], ["provisional"])
    assert found == {FLAT: {"provisional": "false"}}

"""The method get_system_versions: the reference it selects, and its failures."""

import json

import pytest

from apps.rules.text.parser import RawSelector
from apps.rules.text.writer import write_mapping
from tests.factories.catalog import make_file, make_imap, make_pmap, sha1
from tests.factories.contexts import make_change, make_context
from tests.factories.rpc import call, failed

pytestmark = pytest.mark.django_db

CALVER = "jwst_system_calver_0001.json"
CONTENT = {"CAL_VER": "0.9.3", "reftype": "calver", "versions": {"dark": "1.0", "flat": None}}
TEXT = "OtherError: Invalid version string,  must be 1-128 chars of A-Z, a-z, 0-9, ., -, _"


def make_calver_rmap() -> str:
    """Return rules with one reference for two versions, written like the real ones."""
    header = {
        "mapping": "REFERENCE",
        "name": "jwst_system_calver_0001.rmap",
        "observatory": "JWST",
        "instrument": "SYSTEM",
        "filekind": "CALVER",
        "derived_from": "made by hand",
        "parkey": (
            ("META.CALIBRATION_SOFTWARE_VERSION",),
            ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME"),
        ),
        "reference_to_dataset": {"CAL_VER": "META.CALIBRATION_SOFTWARE_VERSION"},
    }
    dates = RawSelector("UseAfter", {"1900-01-01 00:00:00": CALVER})
    return write_mapping(header, RawSelector("Match", {"0.9.3|0.9.4": dates}))


@pytest.fixture
def rules() -> None:
    make_context(
        texts={
            "jwst_0003.pmap": make_pmap("jwst_0003.pmap", imaps={"SYSTEM": "jwst_system_0001.imap"}),
            "jwst_system_0001.imap": make_imap(
                "jwst_system_0001.imap", rmaps={"CALVER": "jwst_system_calver_0001.rmap"}
            ),
            "jwst_system_calver_0001.rmap": make_calver_rmap(),
        }
    )
    make_change("jwst_0003.pmap", pointer="versions")


@pytest.mark.parametrize("context", [None, "null", "none", "None", "jwst-versions", "jwst_0003.pmap"])
def test_the_selected_reference_is_read(rules: None, context: str | None) -> None:
    make_file(CALVER, content=json.dumps(CONTENT).encode())
    assert call("get_system_versions", "0.9.4", context) == CONTENT


def test_the_context_may_be_omitted(rules: None) -> None:
    make_file(CALVER, content=json.dumps(CONTENT).encode())
    assert call("get_system_versions", "0.9.3") == CONTENT


@pytest.mark.parametrize("version", ["", "a b", "1.0!", "x" * 129, "1.0\n", "../1", "1.0<", "é"])
def test_a_bad_version_is_refused_in_exactly_these_words(rules: None, version: str) -> None:
    assert failed("get_system_versions", version, "null") == TEXT


def test_a_version_of_128_characters_is_one(rules: None) -> None:
    assert "selects no versions" in failed("get_system_versions", "x" * 128, "null")


def test_a_version_without_reference_is_named(rules: None) -> None:
    message = failed("get_system_versions", "9.9.9", "null")
    assert "'9.9.9'" in message
    assert "jwst_0003.pmap" in message


def test_a_reference_that_is_not_held_is_named(rules: None) -> None:
    make_file(CALVER, sha1sum=sha1(b"elsewhere"))
    message = failed("get_system_versions", "0.9.3", "null")
    assert CALVER in message
    assert "does not hold" in message


@pytest.mark.parametrize("content", [b"{", b"[]", b'"text"', b"\xff", b"[" * 100_000])
def test_a_reference_that_is_not_a_json_object_is_named(rules: None, content: bytes) -> None:
    make_file(CALVER, content=content)
    assert CALVER in failed("get_system_versions", "0.9.3", "null")


def test_without_a_versions_context_the_null_forms_are_an_error(db: None) -> None:
    assert "versions" in failed("get_system_versions", "0.9.3", "None")


def test_a_context_of_another_kind_is_an_error(rules: None) -> None:
    assert "jwst_system_0001.imap" in failed("get_system_versions", "0.9.3", "jwst_system_0001.imap")

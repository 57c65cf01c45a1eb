"""Methods about contexts, as callers see them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.contexts.operations import create_pipeline
from tests.factories.catalog import make_imap, make_pmap, make_rmap
from tests.factories.contexts import make_change, make_context
from tests.factories.rpc import call, failed

pytestmark = pytest.mark.django_db

CLOSURE = ["jwst_0001.pmap", "jwst_miri_0001.imap", "jwst_miri_dark_0001.rmap"]


@pytest.fixture
def contexts() -> None:
    make_context()
    make_change("jwst_0001.pmap")
    make_change("jwst_0002.pmap", pointer="edit")
    make_change("jwst_0003.pmap", pointer="versions")


# Default and build contexts.


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, "jwst_0001.pmap"),
        ("latest", "jwst_0001.pmap"),
        ("operational", "jwst_0001.pmap"),
        ("build", "jwst_0001.pmap"),
        ("edit", "jwst_0002.pmap"),
        ("versions", "jwst_0003.pmap"),
    ],
)
def test_a_default_context_has_a_state(contexts: None, state: str | None, expected: str) -> None:
    assert call("get_default_context", "jwst", state) == expected


@pytest.mark.parametrize("observatory", ["jwst", None])
def test_the_one_argument_form_means_latest(contexts: None, observatory: str | None) -> None:
    assert call("get_default_context", observatory) == "jwst_0001.pmap"


@pytest.mark.parametrize("state", ["", "newest", "LATEST", "2016-01-01", "build-foo"])
def test_an_unknown_state_is_an_error_that_names_it(contexts: None, state: str) -> None:
    message = failed("get_default_context", "jwst", state)
    assert repr(state) in message
    assert "operational" in message


def test_a_context_that_was_never_set_is_an_error(db: None) -> None:
    assert "No latest context" in failed("get_default_context", "jwst")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("get_default_context", ["hst"]),
        ("get_build_context", ["hst", "1.0.0"]),
        ("get_context_by_date", ["2016-01-01", "hst"]),
        ("get_context_history", ["hst"]),
        ("push_remote_context", ["hst", "latest", "key", "jwst_0001.pmap"]),
        ("get_remote_context", ["hst", "ops"]),
        ("list_mappings", ["hst"]),
        ("list_references", ["hst"]),
        ("get_file_info", ["hst", "jwst_0001.pmap"]),
        ("get_file_info_map", ["hst"]),
        ("get_url", ["hst_0001.pmap", "jwst_0001.pmap"]),
        ("get_sqlite_db", ["hst"]),
        ("get_affected_datasets", ["hst"]),
        ("get_default_context", [""]),
        ("get_default_context", ["JWST"]),
        ("get_default_context", ["../jwst"]),
    ],
)
def test_another_observatory_is_refused_by_name(contexts: None, method: str, params: list[Any]) -> None:
    message = failed(method, *params)
    assert "jwst" in message
    assert repr(params[-1] if method == "get_context_by_date" else params[0]) in message


def test_a_build_context_is_found_by_version_and_by_the_closest_earlier_patch(db: None) -> None:
    make_change("jwst_0007.pmap", pointer="build", calibration_version="1.14.1")
    assert call("get_build_context", "jwst", "1.14.1") == "jwst_0007.pmap"
    assert call("get_build_context", observatory="jwst", calver="1.14.3") == "jwst_0007.pmap"
    assert "1.15.0" in failed("get_build_context", "jwst", "1.15.0")
    assert "1.14.0" in failed("get_build_context", "jwst", "1.14.0")


# Specifiers.


def test_specifiers_of_all_kinds_are_resolved(contexts: None) -> None:
    expected = {
        "2016-01-01": "jwst_0001.pmap",
        "jwst-2016-01-01T00:00:00": "jwst_0001.pmap",
        "jwst-edit": "jwst_0002.pmap",
        "jwst-build": "jwst_0001.pmap",
        "latest": "jwst_0001.pmap",
        "jwst-miri-latest": "jwst_miri_0001.imap",
        "jwst-miri-dark-operational": "jwst_miri_dark_0001.rmap",
        "jwst-miri-flat-latest": "N/A",
        "jwst-nircam-dark-latest": "N/A",
    }
    assert {each: call("get_context_by_date", each, "jwst") for each in expected} == expected


def test_an_unknown_instrument_is_an_error_of_exactly_this_text(contexts: None) -> None:
    text = "InvalidDateBasedContext: Bad instrument 'foo' in CRDS date based context specification."
    assert failed("get_context_by_date", "jwst-foo-2018-01-01", "jwst") == text


@pytest.mark.parametrize(
    "specifier",
    [
        *("jwst-edit-foo", "jwst-2016-13-45", "jwst-2016-01-01T00:00", "2016-01-01 junk", "hst-latest"),
        *("jwst", "Jwst-latest", "jwst--latest", "a/jwst_0001.pmap", "../jwst_0001.pmap", "2015-12-31"),
    ],
)
def test_a_false_specifier_that_passes_the_client_is_refused(contexts: None, specifier: str) -> None:
    assert failed("get_context_by_date", specifier, "jwst").startswith("InvalidDateBasedContext: ")


def test_the_history_is_oldest_first_and_all_text(db: None) -> None:
    make_change("jwst_0002.pmap", started_at=datetime(2018, 1, 1, 1, 2, 3, 400000, tzinfo=UTC))
    make_change("jwst_0001.pmap", started_at=datetime(2016, 1, 1, tzinfo=UTC))
    make_change("jwst_0009.pmap", pointer="edit")
    assert call("get_context_history", "jwst") == [
        ["2016-01-01 00:00:00+00:00", "jwst_0001.pmap", "Because."],
        ["2018-01-01 01:02:03.400000+00:00", "jwst_0002.pmap", "Because."],
    ]


# Closures.


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("jwst_0001.pmap", CLOSURE),
        ("jwst_miri_0001.imap", CLOSURE[1:]),
        ("jwst_miri_dark_0001.rmap", CLOSURE[2:]),
        ("jwst-latest", CLOSURE),
        (None, CLOSURE),
        ("jwst-miri-latest", CLOSURE[1:]),
    ],
)
def test_a_closure_holds_the_mapping_itself_and_is_sorted(
    contexts: None, context: str | None, expected: list[str]
) -> None:
    assert call("get_mapping_names", context) == expected
    assert call("get_reference_names", context) == ["jwst_miri_dark_0001.fits"]


def test_a_closure_is_there_even_if_a_sum_inside_is_wrong(db: None) -> None:
    texts = {
        "jwst_0001.pmap": make_pmap(),
        "jwst_miri_0001.imap": make_imap(),
        "jwst_miri_dark_0001.rmap": make_rmap().replace("DET0", "DETX"),
    }
    make_context(texts=texts)
    assert call("get_mapping_names", "jwst_0001.pmap") == CLOSURE


@pytest.mark.parametrize("method", ["get_mapping_names", "get_reference_names"])
@pytest.mark.parametrize(
    "context",
    ["jwst_9999.pmap", "nope", "jwst_miri_dark_0001.fits", "a/jwst_0001.pmap", "jwst-miri-flat-latest"],
)
def test_an_unknown_context_is_an_error_and_never_an_empty_list(
    contexts: None, method: str, context: str
) -> None:
    assert failed(method, context)


# Reports of pipelines.


@pytest.mark.parametrize("kind", ["latest", "operational"])
def test_a_pipeline_tells_its_context_by_its_key(contexts: None, kind: str) -> None:
    key = create_pipeline("jwst-ops-pipeline", user="homer")
    for _ in range(2):
        assert call("push_remote_context", "jwst", kind, key, "jwst_0001.pmap") is None
    assert call("get_remote_context", "jwst", "jwst-ops-pipeline") == "jwst_0001.pmap"


@pytest.mark.parametrize("unnamed", [None, "", "none", "None", "NONE", "null"])
def test_a_push_that_names_no_context_records_nothing(contexts: None, unnamed: str | None) -> None:
    key = create_pipeline("jwst-ops-pipeline", user="homer")
    message = failed("push_remote_context", "jwst", "latest", key, unnamed)
    assert "Name a mapping, jwst_0001.pmap for example, or jwst-latest." in message
    assert "has not told" in failed("get_remote_context", "jwst", "jwst-ops-pipeline")
    call("push_remote_context", "jwst", "latest", key, "jwst-latest")
    assert call("get_remote_context", "jwst", "jwst-ops-pipeline") == "jwst_0001.pmap"


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("get_mapping_names", []),
        ("get_reference_names", []),
        ("get_context_by_date", ["jwst"]),
        ("get_best_references", [{"META.INSTRUMENT.NAME": "MIRI"}]),
        ("get_best_references_by_ids", [["JW00001001001_02101_00001.MIRIMAGE"]]),
        ("get_best_references_by_header_map", [{}]),
        ("get_aui_best_references", [[]]),
        ("get_required_parkeys", []),
        ("get_dataset_ids", ["miri"]),
        ("get_dataset_headers_by_id", [[]]),
        ("get_dataset_headers_by_instrument", ["miri"]),
    ],
)
def test_an_empty_context_is_an_error_and_not_latest(contexts: None, method: str, more: list[Any]) -> None:
    message = failed(method, "", *more)
    assert message.startswith("InvalidDateBasedContext: The context is empty. Name a mapping")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("get_system_versions", ["1.0", ""]),
        ("get_file_info", ["", "jwst_0001.pmap"]),
        ("get_url", ["", "jwst_0001.pmap"]),
        ("get_affected_datasets", ["jwst", "", "jwst_0001.pmap"]),
    ],
)
def test_an_empty_text_is_not_a_context_in_other_methods(
    contexts: None, method: str, params: list[Any]
) -> None:
    failed(method, *params)


def test_a_pushed_context_must_be_a_known_pmap_and_the_key_a_known_one(contexts: None) -> None:
    key = create_pipeline("jwst-ops-pipeline", user="homer")
    for bad in ("jwst_9999.pmap", "jwst_miri_0001.imap", "nope", "a/jwst_0001.pmap"):
        assert failed("push_remote_context", "jwst", "latest", key, bad)
    wrong = failed("push_remote_context", "jwst", "latest", "guessed-key", "jwst_0001.pmap")
    assert "guessed-key" not in wrong, "a key is a secret, right or wrong"
    assert "'newest'" in failed("push_remote_context", "jwst", "newest", key, "jwst_0001.pmap")
    assert "has not told" in failed("get_remote_context", "jwst", "jwst-ops-pipeline")
    assert "'nobody'" in failed("get_remote_context", "jwst", "nobody")

"""Envelopes for good and bad documents."""

import html
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.json_lists import json_list
from apps.rpc import dispatcher
from apps.rpc.registry import InParts
from tests.factories.rpc import call, failed, post, request, send

V1_KEYS = {"error", "jsonrpc", "id", "result"}


def answer(body: bytes | str) -> Any:
    return json.loads(dispatcher.answer(body.encode() if isinstance(body, str) else body))


def error_of(document: Any) -> dict[str, Any]:
    answered = send(document)
    assert set(answered) == V1_KEYS
    assert answered["result"] is None
    return answered["error"]


# Envelopes.


@pytest.mark.parametrize("version", ["1.0", "1.1", "", None, 2, 2.0, ["2.0"]])
def test_all_but_2_0_get_the_four_keys(version: Any) -> None:
    answered = send(request("nothing", jsonrpc=version))
    assert answered == {"error": None, "jsonrpc": "1.0", "id": "sync-14.0.3-1", "result": None}


def test_a_missing_version_gets_the_four_keys() -> None:
    assert set(send({"method": "nothing", "id": 1})) == V1_KEYS


def test_2_0_gets_one_of_result_and_error() -> None:
    assert send(request("nothing", jsonrpc="2.0", id=7)) == {"jsonrpc": "2.0", "id": 7, "result": None}
    assert set(send(request("nope", jsonrpc="2.0", id=7))) == {"jsonrpc", "id", "error"}


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_notification_is_executed_and_answered_with_null(version: str) -> None:
    answered = send({"jsonrpc": version, "method": "echo", "params": [5]})
    assert (answered["id"], answered["result"]) == (None, [5, None])


@pytest.mark.parametrize("identifier", ["", "-c-14.0.3", 1, -1, 0, 1.5, 2**53, None])
def test_an_id_is_echoed(identifier: Any) -> None:
    assert send(request("nothing", id=identifier))["id"] == identifier


@pytest.mark.parametrize("identifier", [[], ["a"], {}, {"a": 1}, True])
def test_an_id_that_is_not_a_scalar_is_refused_and_not_echoed(identifier: Any) -> None:
    answered = send(request("nothing", id=identifier))
    assert (answered["id"], answered["error"]["name"]) == (None, "InvalidRequestError")


def test_missing_params_mean_no_parameters() -> None:
    assert send({"method": "nothing", "id": 1})["error"] is None


def test_a_batch_is_answered_in_its_order_with_each_members_own_shape() -> None:
    answered = send([request("echo", 1, id=1), request("echo", 2, id=2, jsonrpc="2.0"), 3, [request("echo")]])
    assert [each["id"] for each in answered] == [1, 2, None, None]
    assert set(answered[0]) == V1_KEYS
    assert set(answered[1]) == {"jsonrpc", "id", "result"}
    assert [each["error"]["name"] for each in answered[2:]] == ["InvalidRequestError"] * 2


def test_an_empty_batch_is_one_error() -> None:
    assert error_of([])["name"] == "InvalidRequestError"


def test_a_batch_at_the_limit_is_answered_and_one_above_is_refused_as_a_whole() -> None:
    full = [request("nothing")] * dispatcher.BATCH_LIMIT
    assert len(send(full)) == dispatcher.BATCH_LIMIT
    assert str(dispatcher.BATCH_LIMIT) in error_of([*full, request("nothing")])["message"]


def test_a_prepared_result_is_sent_as_it_is() -> None:
    assert dispatcher.answer(b'{"method": "prepared", "id": 1}').endswith(b'"result": {"ready": true}}')


@pytest.mark.parametrize("long", [10, 1 << 20])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_result_in_parts_is_the_same_envelope_and_a_long_one_is_a_file(
    monkeypatch: pytest.MonkeyPatch, long: int, version: str
) -> None:
    monkeypatch.setattr(dispatcher, "LONG", long)
    result = InParts(json_list([["a", "b"], [], ["c"]]))
    monkeypatch.setattr(dispatcher, "_call", lambda *_asked: result)
    written = dispatcher.write_answer(json.dumps(request("listed", jsonrpc=version)).encode())
    assert isinstance(written, bytes) == (long > 10)
    assert json.loads(dispatcher._as_bytes(written))["result"] == ["a", "b", "c"]


def test_a_result_that_fails_on_the_way_is_an_error_and_not_half_a_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatcher, "LONG", 1)
    blocks = ([1 // (3 - number)] for number in range(5))
    monkeypatch.setattr(dispatcher, "_call", lambda *_asked: InParts(json_list(blocks)))
    assert "incident" in error_of(request("listed"))["message"]


# Error objects.


def test_an_error_object_has_four_keys_and_its_message_begins_with_the_name() -> None:
    error = error_of(request("missing", "x"))
    assert set(error) == {"message", "code", "data", "name"}
    assert (error["code"], error["data"], error["name"]) == (500, None, "OtherError")
    assert error["message"].startswith("OtherError: ")


def test_a_message_is_escaped_exactly_once() -> None:
    message = error_of(request("missing", "x"))["message"]
    assert message == "OtherError: There is no &lt;x&gt; here; &#x27;x&#x27; is."
    assert html.unescape(message) == "OtherError: There is no <x> here; 'x' is."


def test_the_error_of_a_dated_context_has_its_own_name() -> None:
    error = error_of(request("misdated"))
    assert error["name"] == "InvalidDateBasedContext"
    expected = "InvalidDateBasedContext: Bad instrument 'foo' in CRDS date based context specification."
    assert html.unescape(error["message"]) == expected


def test_an_unforeseen_error_is_logged_with_its_traceback_and_answered_by_its_incident(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, logger="apps.rpc"):
        response = post(json.dumps(request("broken")))
    message = json.loads(response.content)["error"]["message"]
    assert message == f"OtherError: Internal error, incident {response['X-Request-Id']}"
    assert "a secret of the inside" in caplog.text
    assert "Traceback" in caplog.text


# Documents that are not requests.


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("{", "line 1 column 2"),
        ("method=echo&params=1", "line 1 column 1"),
        (b'{"method": "\xff"}', "UTF-8"),
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
        ('{"method": "a\x00b"}', "control character"),
        ('{"method": "echo", "params": ["\\ud800"]}', "surrogate"),
        ('{"method": "echo", "params": [NaN]}', "line 1 column"),
        ('{"method": "echo", "params": [-Infinity]}', "line 1 column 3"),
        ('{"method": "echo", "params": [1e999]}', "infinity"),
        ('{"method": "echo", "params": [' + "1" * 5000 + "]}", "infinity"),
        ('{"method": "echo", "id": ' + "1" * 5000 + "}", "infinity"),
        ("[" * 100_000, "depth"),
        ('{"a":' * 100_000, "depth"),
        ('{"method": "echo", "params": ' + "[" * 5000 + "]" * 5000 + "}", "depth"),
    ],
)
def test_a_body_that_cannot_be_read_names_the_culprit(body: bytes | str, word: str) -> None:
    error = answer(body)["error"]
    assert (error["name"], error["code"]) == ("ParseError", -32700)
    assert word in html.unescape(error["message"])


def test_a_byte_order_mark_is_passed_over() -> None:
    assert answer(b'\xef\xbb\xbf{"method": "nothing"}')["error"] is None


@pytest.mark.parametrize("document", [1, "echo", None, True, 1.5])
def test_a_document_that_is_not_an_object_is_an_invalid_request(document: Any) -> None:
    error = error_of(document)
    assert (error["name"], error["code"]) == ("InvalidRequestError", -32600)


@pytest.mark.parametrize("name", [None, 1, [], {}, True])
def test_a_method_that_is_not_text_is_an_invalid_request(name: Any) -> None:
    assert error_of({"method": name, "params": [], "id": 1})["name"] == "InvalidRequestError"


@pytest.mark.parametrize(
    "name",
    [
        *("get_file_chunk", "get_mapping_data", "get_reference_data", "get_submission_info"),
        *("get_info_map", "push_context", "get_best_refs"),
        *("", "__init__", "echo.__globals__", "../echo", "echo\x00", "<script>", "Echo"),
    ],
)
def test_an_unknown_or_retired_method_is_named(name: str) -> None:
    error = error_of(request(name))
    assert (error["name"], error["code"]) == ("MethodNotFoundError", -32601)
    assert repr(name) in html.unescape(error["message"])


# Parameters.


def test_positional_and_named_parameters_are_the_same() -> None:
    given = {"name": "a", "count": 2, "names": ["b"], "header": {"K": "v"}, "is_on": True}
    assert call("typed", *given.values()) == call("typed", **given) == "a 2 ['b'] {'K': 'v'} True"


def test_omitted_parameters_take_their_defaults() -> None:
    assert call("typed", "a") == call("typed", name="a") == "a 0 None None False"


@pytest.mark.parametrize("alias", ["context", "pipeline_context", "date"])
@pytest.mark.parametrize("ids", ["ids", "dataset_ids"])
def test_the_usual_aliases_of_a_parameter_are_known(alias: str, ids: str) -> None:
    assert call("by_context", **{alias: "x.pmap", ids: ["I"]}) == ["x.pmap", ["I"]]


def test_a_parameter_under_two_names_is_refused() -> None:
    message = failed("by_context", context="x", date="y", ids=[])
    assert "'pipeline_context' under two names" in message


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ([], "typed takes 1 to 5 parameters (name, count, names, header, is_on); 0 were given"),
        (["a", 1, None, None, True, 6], "6 were given"),
        ({}, "typed misses name"),
        ({"count": 1}, "typed misses name"),
        ({"name": "a", "self": 1}, "no parameter 'self'"),
        ("a", "text was found"),
        (None, "null was found"),
        ([1], "name must be text; a whole number was found"),
        ([None], "name must be text; null was found"),
        (["a", "1"], "count must be a whole number; text was found"),
        (["a", True], "count must be a whole number; true or false was found"),
        (["a", 1.0], "count must be a whole number; a number was found"),
        (["a", 2**63], "count must be a whole number up to"),
        (["a", 1, "b"], "names must be a list or null; text was found"),
        (["a", 1, ["b", 2]], "names[1] must be text; a whole number was found"),
        (["a", 1, ["b", None]], "names[1] must be text; null was found"),
        (["a", 1, None, []], "header must be an object or null; a list was found"),
        (["a", 1, None, {"K": 1.5}], "header['K'] must be text; a number was found"),
        (["a", 1, None, {}, 1], "is_on must be true or false; a whole number was found"),
        (["a\0b"], "character"),
        (["a", 1, ["b", "c\0"]], "character"),
        (["a", 1, None, {"K\0": "v"}], "character"),
    ],
)
def test_parameters_that_do_not_fit_name_the_culprit(params: Any, words: str) -> None:
    error = error_of(request("typed", params=params))
    assert (error["name"], error["code"]) == ("InvalidParamsError", -32602)
    assert words in html.unescape(error["message"])


def test_a_long_culprit_is_cut() -> None:
    assert len(failed("x" * 100_000)) < 300
    assert len(failed("typed", "\ud800" + "x" * 100_000)) < 1000
    assert len(failed("typed", "a", 1, None, {"x" * 100_000: 1})) < 300


def test_every_method_describes_itself() -> None:
    described = {each["name"]: each for each in call("system.describe")}
    assert described["typed"]["params"] == ["name", "count", "names", "header", "is_on"]
    assert described["system.describe"]["summary"].startswith("List all methods")


# Arbitrary documents.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=12,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.sampled_from(["1.0", "2.0"]) | JSON,
        "method": st.sampled_from(["echo", "typed", "by_context", "broken", "missing"]) | JSON,
        "params": st.lists(JSON) | st.dictionaries(st.sampled_from(["name", "value", "ids"]), JSON) | JSON,
        "id": JSON,
    },
)


def assert_well_formed(envelope: Any) -> None:
    assert envelope["jsonrpc"] in {"1.0", "2.0"}
    if envelope["jsonrpc"] == "1.0":
        assert set(envelope) == V1_KEYS
    else:
        assert set(envelope) in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
    error = envelope.get("error")
    if error is not None:
        assert set(error) == {"message", "code", "data", "name"}
        assert error["message"].startswith(f"{error['name']}: ")
        assert envelope.get("result") is None


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="apps.rpc")


@given(JSON | REQUESTS | st.lists(REQUESTS))
def test_any_document_gets_well_formed_envelopes(document: Any) -> None:
    answered = answer(json.dumps(document))
    if isinstance(answered, list):
        assert len(answered) == len(document)
    for envelope in answered if isinstance(answered, list) else [answered]:
        assert_well_formed(envelope)


@given(st.binary())
def test_any_bytes_get_a_well_formed_envelope(body: bytes) -> None:
    answered = answer(body)
    for envelope in answered if isinstance(answered, list) else [answered]:
        assert_well_formed(envelope)

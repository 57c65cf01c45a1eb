"""The way from the bytes of a request to the bytes of its answer, which is always an envelope.

Section 1.2 of the wire protocol defines the envelope: four keys, with ``"error": null`` on success because
the client always reads that key. Callers that send ``"jsonrpc": "2.0"`` get the envelope of that standard.
"""

import itertools
import json
import tempfile
from collections.abc import Iterator
from time import perf_counter
from typing import Any, BinaryIO, cast

import orjson

from apps.core import metrics
from apps.rpc import parsing
from apps.rpc.budgets import BATCH_LIMIT, BatchBudget
from apps.rpc.client import note_client
from apps.rpc.errors import InvalidParamsError, InvalidRequestError, RpcError, describe
from apps.rpc.registry import InParts, Prepared, get_method

# Envelopes keep the spaces that the documented answers have. Results can be a megabyte, so a library that is
# ten times as fast writes them; the client reads both alike.
_encode = json.JSONEncoder(allow_nan=False, check_circular=False).encode

LONG = 1 << 20  # bytes above which an answer in parts is kept in a file

Written = bytes | BinaryIO


def answer(body: bytes) -> bytes:
    """Return the answer to a request body: an envelope, or a list of envelopes for a batch. Never raise."""
    return _as_bytes(write_answer(body))


def write_answer(body: bytes) -> Written:
    """Return the answer as `answer` does, in a file if it is long. Never raise."""
    try:
        document = parsing.parse(body)
        # A NUL can only arrive as an escape, so hardly any body needs the second check.
        may_hold_nul = b"\\u0000" in body
        if type(document) is list:
            _require_batch(document)
            return _answer_batch(document, may_hold_nul)
        return _answer_one(document, may_hold_nul)
    except RpcError as exc:
        return failure(exc)


def _as_bytes(written: Written) -> bytes:
    if isinstance(written, bytes):
        return written
    with written:
        return written.read()


def _answer_batch(requests: list[Any], may_hold_nul: bool) -> bytes:
    budget = BatchBudget()
    answers: list[bytes] = []
    for request in requests:
        answers.append(_as_bytes(_answer_one(request, may_hold_nul, budget)))
        budget.size += len(answers[-1])
    return b"[" + b", ".join(answers) + b"]"


def _require_batch(requests: list[Any]) -> None:
    if not requests:
        raise InvalidRequestError("The batch is empty.")
    if len(requests) > BATCH_LIMIT:
        raise InvalidRequestError(
            f"The batch has {len(requests)} requests; at most {BATCH_LIMIT} are answered."
        )


def _answer_one(request: Any, may_hold_nul: bool, budget: BatchBudget | None = None) -> Written:
    identifier, version = None, None
    try:
        if type(request) is not dict:
            raise InvalidRequestError("A request must be an object with 'method' and 'params'.")
        version = request.get("jsonrpc")
        identifier = _identifier(request)
        note_client(identifier)
        result = _call(request, may_hold_nul, budget)
        if type(result) is InParts:
            return _in_parts(result, identifier, version)
        encoded = result.json if type(result) is Prepared else orjson.dumps(result)
    except Exception as exc:
        return failure(exc, identifier=identifier, version=version)
    return _success(encoded, identifier, version)


def _identifier(request: dict[str, Any]) -> str | int | float | None:
    """Return the id to echo; a request without an id is answered too, with null."""
    identifier = request.get("id")
    if identifier is None or type(identifier) in (str, int, float):
        return identifier
    raise InvalidRequestError("'id' must be text, a number or null.")


def _call(request: dict[str, Any], may_hold_nul: bool, budget: BatchBudget | None) -> Any:
    name = request.get("method")
    if type(name) is not str:
        raise InvalidRequestError("'method' must be the name of a method, as text.")
    method = get_method(name)
    params = request.get("params", [])
    if may_hold_nul and parsing.holds_nul(params):
        raise InvalidParamsError(f"{name}: a text holds the character NUL.")
    if budget is not None:
        budget.charge(method, params)
    began = perf_counter()
    try:
        result = method.call(params)
    except BaseException:
        metrics.call_done(name, is_error=True, seconds=perf_counter() - began)
        raise
    metrics.call_done(name, is_error=False, seconds=perf_counter() - began)
    return result


def _success(encoded: bytes, identifier: object, version: object) -> bytes:
    echo = _encode(identifier).encode()
    if version == "2.0":
        return b'{"jsonrpc": "2.0", "id": %b, "result": %b}' % (echo, encoded)
    return b'{"error": null, "jsonrpc": "1.0", "id": %b, "result": %b}' % (echo, encoded)


def _in_parts(result: InParts, identifier: object, version: object) -> Written:
    """Return an envelope whose result is written in parts.

    All of it is written before the first byte is sent, so a result that fails on the way is still an error.
    """
    envelope = _success(b"", identifier, version)
    return _written(itertools.chain((envelope[:-1],), result.parts, (envelope[-1:],)))


def _written(parts: Iterator[bytes]) -> Written:
    """Return parts as one text; a long one is a file, ready to be read."""
    beginning = bytearray()
    for part in parts:
        beginning += part
        if len(beginning) > LONG:
            break
    else:
        return bytes(beginning)
    file = tempfile.TemporaryFile()  # noqa: SIM115 (whoever gets it closes it)
    try:
        file.write(beginning)
        file.writelines(parts)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return cast(BinaryIO, file)


def failure(error: Exception, *, identifier: object = None, version: object = None) -> bytes:
    """Return the envelope of a call that failed."""
    if version == "2.0":
        return _encode({"jsonrpc": "2.0", "id": identifier, "error": describe(error)}).encode()
    envelope = {"error": describe(error), "jsonrpc": "1.0", "id": identifier, "result": None}
    return _encode(envelope).encode()

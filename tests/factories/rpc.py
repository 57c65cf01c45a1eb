"""Calls of JSON-RPC as a caller makes them."""

import html
import json
from typing import Any

from django.test import Client


def post(body: bytes | str, path: str = "/json/", **extra: Any) -> Any:
    """Post a raw body the way the client does, as if it were a form, and return the HTTP response."""
    content_type = extra.pop("content_type", "application/x-www-form-urlencoded")
    # Enforced, so that no test passes only because the test client is trusted.
    return Client(enforce_csrf_checks=True).post(path, body, content_type=content_type, **extra)


def send(document: Any, path: str = "/json/") -> Any:
    """Post a document and return the answered one."""
    response = post(json.dumps(document), path)
    assert response.status_code == 200
    return json.loads(response.content)


def request(method: str = "system.describe", *params: Any, **fields: Any) -> dict[str, Any]:
    """Return a request as the client writes it."""
    return {"jsonrpc": "1.0", "method": method, "params": list(params), "id": "sync-14.0.3-1", **fields}


def call(method: str, *params: Any, **named: Any) -> Any:
    """Return the result of a call that must succeed."""
    answer = send(request(method, *params, **({"params": named} if named else {})))
    assert answer["error"] is None, answer["error"]
    return answer["result"]


def failed(method: str, *params: Any, **named: Any) -> str:
    """Return the message of a call that must fail, as a user of the client reads it."""
    answer = send(request(method, *params, **({"params": named} if named else {})))
    assert answer["result"] is None
    assert answer["error"], "the call did not fail"
    return html.unescape(answer["error"]["message"])

"""The error object of a failed call: name, code and text.

The texts follow the wire protocol, section 1.3: the message begins with the name and is escaped once. The
client unescapes it once, and a browser must never find markup in it.
"""

import html
import logging
from typing import Any

from apps.contexts.errors import InvalidDateContextError
from apps.core import incidents
from apps.core.outages import find_outage
from apps.rules.errors import CrdsError

logger = logging.getLogger(__name__)

ORDINARY = ("OtherError", 500)

# Codes of our own errors that are also names on the wire; all other errors share one name there.
NAMED = frozenset({InvalidDateContextError.code})


class RpcError(CrdsError):
    """A request that cannot become a call; `name` and `number` go into the error object."""

    name, number = ORDINARY


class ParseError(RpcError):
    """The body is not JSON that we can read."""

    code, name, number = "parse", "ParseError", -32700


class InvalidRequestError(RpcError):
    """The body is JSON, but not a request."""

    code, name, number = "invalid_request", "InvalidRequestError", -32600


class MethodNotFoundError(RpcError):
    """No method has this name."""

    code, name, number = "method_not_found", "MethodNotFoundError", -32601


class InvalidParamsError(RpcError):
    """The parameters do not fit the method."""

    code, name, number = "invalid_params", "InvalidParamsError", -32602


class BatchLimitError(RpcError):
    """The batch has used up its budget; the caller may send this call again in another one."""

    code = "batch_limit"


class MaintenanceError(RpcError):
    """The method would change something during maintenance; the caller may repeat the call later."""

    code = "maintenance"


def describe(error: Exception) -> dict[str, Any]:
    """Return the error object of an exception; log an unforeseen one and give it an incident id."""
    if isinstance(error, RpcError):
        return error_object(error.name, error.number, str(error))
    if isinstance(error, CrdsError):
        name, number = ORDINARY
        return error_object(error.code if error.code in NAMED else name, number, str(error))
    if outage := find_outage(error):
        logger.warning("call failed, %s: %s", outage.code, error)
        return error_object(*ORDINARY, outage.text)
    incident = incidents.current()
    logger.error("call failed, incident %s", incident, exc_info=error)
    return error_object(*ORDINARY, f"Internal error, incident {incident}")


def error_object(name: str, number: int, text: str) -> dict[str, Any]:
    """Return the object under the key ``error``."""
    message = html.escape(f"{name}: {text}", quote=True)
    return {"message": message, "code": number, "data": None, "name": name}

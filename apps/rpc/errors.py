"""The error object of a failed call, with name, code and text.

The texts follow the wire protocol, section 1.3: the message begins with the name, and is escaped
once, because the client unescapes it once and a browser must never find markup in it.
"""

import html
import logging
from typing import Any

from apps.contexts.errors import InvalidDateContextError
from apps.core import incidents
from apps.rules.errors import CrdsError

logger = logging.getLogger(__name__)

ORDINARY = ("OtherError", 500)

# Codes of the domain that are names on the wire as well; all its other errors are ordinary there.
NAMED = frozenset({InvalidDateContextError.code})


class RpcError(CrdsError):
    """A request that cannot become a call; `name` and `number` stand in the error object."""

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


class MaintenanceError(RpcError):
    """The method would change something while nothing may be changed; later it may be called again."""

    code = "maintenance"


def describe(error: Exception) -> dict[str, Any]:
    """Return the error object of an exception; one we did not foresee is logged and gets an incident id."""
    if isinstance(error, RpcError):
        return error_object(error.name, error.number, str(error))
    if isinstance(error, CrdsError):
        name, number = ORDINARY
        return error_object(error.code if error.code in NAMED else name, number, str(error))
    incident = incidents.current()
    logger.error("call failed, incident %s", incident, exc_info=error)
    return error_object(*ORDINARY, f"Internal error, incident {incident}")


def error_object(name: str, number: int, text: str) -> dict[str, Any]:
    """Return the object that stands under ``error``."""
    message = html.escape(f"{name}: {text}", quote=True)
    return {"message": message, "code": number, "data": None, "name": name}

"""Numbers of incidents: messages to people name one, and operators find it by grep in the log."""

import secrets

import structlog


def current() -> str:
    """Return the number for an incident in the current request, which is in its log lines and its answer.

    Outside a request the number is new, and the caller must log it.
    """
    return str(structlog.contextvars.get_contextvars().get("request_id") or secrets.token_hex(8))

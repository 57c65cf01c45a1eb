"""Numbers of incidents: people are told one, and operators find it by grep in the log."""

import secrets

import structlog


def current() -> str:
    """Return the number of an incident in the request at work, which its log lines and its answer carry.

    Outside a request the number is a new one; whoever asks for it logs it.
    """
    return str(structlog.contextvars.get_contextvars().get("request_id") or secrets.token_hex(8))

"""Messages in the formats of our pages and of clients."""

import html
from typing import Any

from apps.jobs.models import Message
from apps.jobs.states import MessageType


def plain(message: Message) -> dict[str, Any]:
    """Return a message for our own pages, not escaped."""
    return {
        "id": message.number,
        "type": message.type,
        "time": f"{message.at:%Y-%m-%d %H:%M:%S}",
        "data": _data(message, message.text),
    }


def escaped(message: Message) -> dict[str, Any]:
    """Return a message for clients, escaped.

    Clients unescape the text of a message when it arrives, and again when they print it. They unescape the
    result of `done` only when they print it (wire protocol, section 6.9).
    """
    once = html.escape(message.text)
    text = once if message.type == MessageType.DONE else html.escape(once)
    return {**plain(message), "data": _data(message, text)}


def _data(message: Message, text: str) -> str | dict[str, Any]:
    return {"status": message.status, "result": text} if message.type == MessageType.DONE else text

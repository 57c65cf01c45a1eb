"""Messages as they leave the house."""

import html
from typing import Any

from apps.jobs.models import Message
from apps.jobs.states import MessageType


def plain(message: Message) -> dict[str, Any]:
    """Return a message as our own pages read it, nothing escaped."""
    return {
        "id": message.number,
        "type": message.type,
        "time": f"{message.at:%Y-%m-%d %H:%M:%S}",
        "data": _data(message, message.text),
    }


def escaped(message: Message) -> dict[str, Any]:
    """Return a message as clients read it.

    They unescape text on arrival and again when they print it; of the object of `done`, only what they print
    (wire protocol, section 6.9).
    """
    once = html.escape(message.text)
    text = once if message.type == MessageType.DONE else html.escape(once)
    return {**plain(message), "data": _data(message, text)}


def _data(message: Message, text: str) -> str | dict[str, Any]:
    return {"status": message.status, "result": text} if message.type == MessageType.DONE else text

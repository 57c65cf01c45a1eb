"""What the page of a channel shows; other pages have the same part."""

from typing import Any

from apps.jobs import queries
from apps.jobs.states import MessageType

# What a reader may choose to see; `done` is always shown.
LEVELS = {
    "verbose": list(MessageType),
    "info": [MessageType.LOG_MESSAGE, MessageType.WARNING, MessageType.ERROR, MessageType.DONE],
    "warning": [MessageType.WARNING, MessageType.ERROR, MessageType.DONE],
    "error": [MessageType.ERROR, MessageType.DONE],
}


def log_page(key: str, *, level: str = "info", since: int = 0) -> dict[str, Any]:
    """Return what ``jobs/_log.html`` shows of a channel.

    Parameters
    ----------
    level
        A key of `LEVELS`; any other means ``info``.
    since
        Number of the message after which to begin.

    Raises
    ------
    ChannelNotFoundError
        Raised if no channel has this key.
    """
    channel, found = queries.require_channel(key), queries.messages(key, since)
    level = level if level in LEVELS else "info"
    end = next((message for message in found if message.type == MessageType.DONE), None)
    return {
        "key": channel.key,
        "messages": [message for message in found if message.type in LEVELS[level]],
        "level": level,
        "levels": list(LEVELS),
        "is_done": channel.done_at is not None,
        "end": end,
        # Only an address of the web becomes a link.
        "link": end.text if end and end.text.startswith(("http://", "https://")) else "",
        "last": found[-1].number if found else 0,
        "has_more": len(found) == queries.AT_ONCE,
    }

"""The log of a channel, for its own page and for other pages that include it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.jobs import queries
from apps.jobs.models import Channel, Message
from apps.jobs.states import DONE_STATUS, MessageType

# The word of each type that a reader may choose, the least important first. `done` is always shown.
WORDS = {
    MessageType.VERBOSE: "verbose",
    MessageType.LOG_MESSAGE: "info",
    MessageType.WARNING: "warning",
    MessageType.ERROR: "error",
}
USUAL = "info"  # and above
# The form of the page also sends this, so that a single ticked box means exactly one level.
_EXACT = MessageType.DONE.value
_LISTED = 50  # errors in the list above a log


@dataclass(frozen=True, slots=True)
class Level:
    """A checkbox of the filter."""

    word: str
    type: str
    is_shown: bool


def chosen_types(levels: Sequence[str]) -> set[str]:
    """Return the types of messages that an address asks for.

    Parameters
    ----------
    levels
        One word means its level and all above. Several words, or ``done`` among them, mean exactly these.
        Without a known word, the levels from `USUAL` up.

    Examples
    --------
    >>> sorted(chosen_types(["warning"])), sorted(chosen_types(["done", "warning"]))
    (['done', 'error', 'warning'], ['done', 'warning'])
    """
    if _EXACT in levels or len(levels) > 1:
        return {str(kind) for kind, word in WORDS.items() if word in levels} | {_EXACT}
    least = levels[0] if levels and levels[0] in WORDS.values() else USUAL
    above = list(WORDS)[list(WORDS.values()).index(least) :]
    return {str(kind) for kind in above} | {_EXACT}


def log_page(key: str, *, levels: Sequence[str] = (), since: int = 0) -> dict[str, Any]:
    """Return the variables of ``jobs/_log.html`` for a channel.

    Parameters
    ----------
    levels
        See `chosen_types`.
    since
        Number of the message after which the log begins.

    Raises
    ------
    ChannelNotFoundError
        Raised if no channel has this key.
    """
    channel, found = queries.require_channel(key), queries.messages(key, since)
    types = chosen_types(levels)
    end = next((message for message in found if message.type == MessageType.DONE), None)
    shown = [message for message in found if message.type in types]
    return {
        "key": channel.key,
        "base": reverse("jobs:log", args=[channel.key]).removesuffix("/log"),
        "messages": shown,
        "levels": [Level(word, str(kind), kind in types) for kind, word in WORDS.items()],
        "query": "&".join(f"level={word}" for word in _words(types)),
        "errors": [message for message in shown if message.type == MessageType.ERROR][:_LISTED],
        "is_done": channel.done_at is not None,
        "end": end,
        # Only a web address becomes a link.
        "link": end.text if end and end.text.startswith(("http://", "https://")) else "",
        "first": since,
        "last": found[-1].number if found else 0,
        "has_more": len(found) == queries.AT_ONCE,
    }


def _words(types: set[str]) -> list[str]:
    """Return the words by which an address selects exactly these types."""
    return [_EXACT, *(word for kind, word in WORDS.items() if kind in types)]


def as_text(channel: Channel, *, levels: Sequence[str] = ()) -> Iterator[str]:
    """Yield the whole log line by line, in the format of the client's log."""
    types, since = chosen_types(levels), 0
    while found := queries.messages(channel.key, since):
        since = found[-1].number
        yield from (_line(message) for message in found if message.type in types)


def _line(message: Message) -> str:
    word = "DONE"
    text = message.text
    if message.type != MessageType.DONE:
        word = WORDS[MessageType(message.type)].upper()
    elif message.status is not None:
        text = f"{DONE_STATUS[message.status]}: {text}"
    # Older lines of certification are stored in this form.
    line = text if text.startswith("CRDS - ") else f"CRDS - {word} -  {text}"
    return f"{message.at:%Y-%m-%d %H:%M:%S} {line}\n"

"""Messages of background jobs, and requests to end them. Anybody who knows the key may call these methods."""

from typing import Any

from apps.core.errors import InvalidInputError
from apps.jobs import operations
from apps.jobs.message_format import escaped
from apps.rpc.registry import Cost, read_method, write_method


@read_method(cost=Cost(10))
def jpoll_pull_messages(key: str, since_id: str | int | None = None) -> list[dict[str, Any]]:
    """Return the messages with an id above `since_id`; null returns the messages since the last pull."""
    return [escaped(message) for message in operations.pull(key, since_id=_number(since_id))]


@write_method
def jpoll_abort(key: str) -> None:
    """Ask the job behind a channel to end at its next message."""
    operations.abort(key)


def _number(since_id: str | int | None) -> int | None:
    if since_id is None or isinstance(since_id, int):
        return since_id
    if len(since_id) <= 20 and since_id.isascii() and since_id.isdigit():
        return int(since_id)
    raise InvalidInputError(f"The id of a message is a whole number, not {since_id[:40]!r}.")

"""Methods of the protocol whose work is not part of this server yet: each says so by an error.

Clients act upon the words of these errors. The progress monitor polls for ever if a text says, in the
words reserved for it, that a channel does not exist; so they are not used here, nor is the caller's key
repeated. And `query_affected` knows by its words that a comparison was not computed.
"""

from typing import NoReturn

from apps.core.errors import NotFoundError
from apps.rpc.arguments import require_observatory
from apps.rpc.registry import method


class NotHereYetError(NotFoundError):
    """The protocol has it, this server not yet."""

    code = "not_here_yet"


@method
def jpoll_pull_messages(key: str, since_id: str | int | None = None) -> NoReturn:
    """Return what a background job reported: no job runs on this server yet."""
    raise NotHereYetError("This server has no progress channels yet: it takes no submissions.")


@method
def jpoll_abort(key: str) -> NoReturn:
    """Ask a background job to stop: no job runs on this server yet."""
    raise NotHereYetError("This server has no progress channels yet: it takes no submissions.")


@method
def get_affected_datasets(
    observatory: str | None, old_context: str | None = None, new_context: str | None = None
) -> NoReturn:
    """Return the datasets that a new context affects: not computed by this server yet."""
    require_observatory(observatory)
    raise NotHereYetError(
        "No precomputed affected datasets results exist: their computation is not part of this server yet."
    )

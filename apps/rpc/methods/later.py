"""Methods of the protocol whose work is not part of this server yet: each says so by an error.

Clients act upon the words of these errors: `query_affected` knows by its words that a comparison was not
computed.
"""

from typing import NoReturn

from apps.core.errors import NotFoundError
from apps.rpc.arguments import require_observatory
from apps.rpc.registry import method


class NotHereYetError(NotFoundError):
    """The protocol has it, this server not yet."""

    code = "not_here_yet"


@method
def get_affected_datasets(
    observatory: str | None, old_context: str | None = None, new_context: str | None = None
) -> NoReturn:
    """Return the datasets that a new context affects: not computed by this server yet."""
    require_observatory(observatory)
    raise NotHereYetError(
        "No precomputed affected datasets results exist: their computation is not part of this server yet."
    )

"""The part of the server that tells whose the data are."""

from apps.catalog.identity.queries import require_settled
from apps.core.readiness import part


@part("identity", after="migrations")
def identity() -> str:
    """Return which server the database and the store belong to."""
    return require_settled()

"""The part of the readiness check that compares data and settings."""

from apps.catalog.identity.queries import require_settled
from apps.core.readiness import part


@part("identity", after="migrations")
def identity() -> str:
    """Return which server the database and the store belong to."""
    return require_settled()

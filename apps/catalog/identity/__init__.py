"""The server that database and store belong to, so that wrong settings do not serve the wrong data.

Both hold the observatory, the server string and one random key. They are written at the first ``migrate``.
"""

from apps.catalog.identity.errors import ForeignDataError
from apps.catalog.identity.operations import adopt, settle
from apps.catalog.identity.queries import require_own, require_settled

__all__ = ["ForeignDataError", "adopt", "require_own", "require_settled", "settle"]

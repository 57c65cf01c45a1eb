"""The name of the observatory, and whether the environment asks for it."""

from __future__ import annotations

import os

PACKAGE = __name__.rpartition(".")[0]
OBSERVATORY = PACKAGE.rpartition("_")[2]
DISTRIBUTION = f"crds-{OBSERVATORY}"


def is_wanted() -> bool:
    """Return whether the client works for this observatory.

    As in the client, ``CRDS_OBSERVATORY`` decides, and without it the text of ``CRDS_SERVER_URL``.
    """
    chosen = os.environ.get("CRDS_OBSERVATORY", "").strip().lower()
    if chosen not in ("", "none"):
        return chosen == OBSERVATORY
    return OBSERVATORY in os.environ.get("CRDS_SERVER_URL", "").lower()

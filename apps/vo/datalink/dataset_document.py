"""The matching parameters of a dataset as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.conf import settings


def dataset_json(dataset: str, header: Mapping[str, str]) -> bytes:
    """Return the document behind a dataset id; the same header gives the same bytes."""
    body = {
        "dataset_id": dataset,
        "observatory": settings.OBSERVATORY,
        "parameters": dict(sorted(header.items())),
    }
    return json.dumps(body, indent=1).encode() + b"\n"

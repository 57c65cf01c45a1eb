"""The kind of exposure that a header tells, whatever the observatory calls the keyword."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from apps.rules.observatories import dataset_ids


def exposure_type_keys() -> tuple[str, ...]:
    """Return the keywords of the served observatory that tell it; the first one that is there counts."""
    return dataset_ids(settings.OBSERVATORY).exposure_type_keys


def find_exposure_type(header: Mapping[str, str]) -> str:
    """Return the kind of exposure, upper case; empty if the header does not tell it."""
    return next((header[key].strip().upper() for key in exposure_type_keys() if key in header), "")

"""Datasets by the beginning of their id."""

import re

from django.urls import reverse

from apps.datasets import queries as datasets
from apps.datasets.models import Dataset
from apps.datasets.queries import find_programme
from apps.web.search.hits import Hit, HitGroup, group

_NUMBER = re.compile(r"(?:(?:programme?|proposal|pid)\s+)?(?P<number>[0-9]{1,8})", re.IGNORECASE)
SHORTEST = 4  # characters; fewer are the same for all datasets of an observatory or programme


def find_datasets(text: str, most: int) -> HitGroup:
    """Return the datasets whose id, of one part or two, begins with a text."""
    if len(text) < SHORTEST or " " in text:
        return HitGroup("Datasets", ())
    return group("Datasets", map(_hit, datasets.beginning_with(text.upper(), limit=most + 1)), most)


def find_programmes(text: str) -> HitGroup:
    """Return the programme of a number, also after a word such as ``programme`` or ``proposal``."""
    number = _NUMBER.fullmatch(text)
    found = find_programme(number["number"]) if number else None
    if found is None:
        return HitGroup("Programmes", ())
    days = " to ".join(dict.fromkeys(f"{each:%Y-%m-%d}" for each in (found.first, found.last) if each))
    count = f"{found.exposures} exposure{'' if found.exposures == 1 else 's'}"
    detail = ", ".join(filter(None, (count, *found.instruments, days)))
    address = reverse("bestrefs:programme", args=[found.number])
    return HitGroup("Programmes", (Hit("programme", f"Programme {found.number}", detail, address),))


def _hit(row: Dataset) -> Hit:
    observed = f"observed {row.observed_at:%Y-%m-%d}" if row.observed_at else ""
    detail = ", ".join(filter(None, (row.instrument, observed)))
    title = row.product if row.product == row.exposure else row.dataset_id
    return Hit("dataset", title, detail, reverse("bestrefs:dataset", args=[row.dataset_id]))

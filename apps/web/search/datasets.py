"""Datasets by the beginning of their id."""

from django.urls import reverse

from apps.datasets import queries as datasets
from apps.datasets.models import Dataset
from apps.web.search.hits import Hit, HitGroup, group

SHORTEST = 4  # characters; fewer are the same for all datasets of an observatory or programme


def find_datasets(text: str, most: int) -> HitGroup:
    """Return the datasets whose id, of one part or two, begins with a text."""
    if len(text) < SHORTEST or " " in text:
        return HitGroup("Datasets", ())
    return group("Datasets", map(_hit, datasets.beginning_with(text.upper(), limit=most + 1)), most)


def _hit(row: Dataset) -> Hit:
    observed = f"observed {row.observed_at:%Y-%m-%d}" if row.observed_at else ""
    detail = ", ".join(filter(None, (row.instrument, observed)))
    title = row.product if row.product == row.exposure else row.dataset_id
    return Hit("dataset", title, detail, reverse("bestrefs:dataset", args=[row.dataset_id]))

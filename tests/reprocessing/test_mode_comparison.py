"""A search by modes finds what a search header by header finds: the same products, counts and errors."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.datasets.models import Dataset
from apps.datasets.operations import cover_parkeys, import_file
from apps.datasets.pipeline import sort_into_modes
from apps.datasets.queries import headers_of_instrument
from apps.reprocessing import chunks
from apps.reprocessing.comparison import InstrumentComparison, compare_headers
from apps.reprocessing.models import Chunk, Transition
from apps.rules.lookup.context import Context
from apps.rules.observatories import get_observatory
from tests.factories.contexts import make_change
from tests.factories.headers import make_headers
from tests.rules.oracle import load_context, mapping_text, observatory_of
from tests.shared_data import is_real

pytestmark = [pytest.mark.django_db, pytest.mark.shared_data]

PAIRS = [
    ("hst_0300.pmap", "hst_0729.pmap"),
    ("hst_0650.pmap", "hst_0729.pmap"),
    ("jwst_0250.pmap", "jwst_0541.pmap"),
    ("roman_0003.pmap", "roman_0006.pmap"),
]
PER_INSTRUMENT = 60
# One step and all types at once, for each observatory, at a scale that takes minutes.
LARGE_PAIRS = [
    ("hst_0728.pmap", "hst_0729.pmap"),
    ("hst_0600.pmap", "hst_0729.pmap"),
    ("jwst_0540.pmap", "jwst_0541.pmap"),
    ("jwst_0250.pmap", "jwst_0541.pmap"),
    ("roman_0005.pmap", "roman_0006.pmap"),
    ("roman_0003.pmap", "roman_0006.pmap"),
]
LARGE = int(os.environ.get("COMPARED_HEADERS", "1000"))
IDS = {
    "hst": "L{:08d}",
    "jwst": "jw88600071001_02101_{:05d}_nrs1",
    "roman": "r00{:05d}01001001001001_0001_wfi01",
}


def changed(old: Context, new: Context, instrument: str) -> list[str]:
    types = {*old.reftypes(instrument), *new.reftypes(instrument)}
    return sorted(
        each for each in types if old.rmap_name(instrument, each) != new.rmap_name(instrument, each)
    )


def filled(found: InstrumentComparison) -> dict[str, dict[str, int]]:
    return {instrument: dict(counts) for instrument, counts in found.counts.items() if counts}


def import_generated(name: str, folder: Path, count: int) -> None:
    """Import datasets with headers made from the rules of a context, a fifth of them broken."""
    observatory = get_observatory(observatory_of(name))
    texts = {each: mapping_text(each) for each in load_context(name).mapping_names()}
    path = folder / "datasets.jsonl"
    with path.open("w") as stream:
        headers = make_headers(texts, observatory, count=count, seed="modes")
        for number, header in enumerate(headers):
            dataset_id = IDS[observatory.name].format(number)
            stream.write(json.dumps({"dataset_id": dataset_id, "header": header}) + "\n")
    complaints: list[str] = []
    import_file(path, complain=lambda number, why: complaints.append(f"{number}: {why}"))
    assert not complaints


@pytest.mark.parametrize(("old", "new"), PAIRS if is_real() else PAIRS[:1])
def test_a_search_by_modes_finds_what_a_search_by_headers_finds(
    old: str, new: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_modes = compare_both(old, new, PER_INSTRUMENT, tmp_path, settings, monkeypatch)
    assert by_modes.products


@pytest.mark.campaign
@pytest.mark.needs("real-data")
@pytest.mark.parametrize(("old", "new"), LARGE_PAIRS)
def test_both_searches_agree_about_many_exposures(
    old: str, new: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = compare_both(old, new, LARGE, tmp_path, settings, monkeypatch)
    counted = sum(sum(counts.values()) for counts in found.counts.values())
    products, exposures = len(found.products), Dataset.objects.count()
    sys.stdout.write(f"{old} {new}: {exposures} exposures, {products} products, {counted} answers\n")


def compare_both(
    old: str, new: str, count: int, folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> InstrumentComparison:
    """Search by modes and by headers, require the same result, and return it."""
    settings.OBSERVATORY = observatory_of(old)
    monkeypatch.setattr(chunks.contexts, "get_context", load_context)
    monkeypatch.setattr(chunks, "require_claim", lambda _job: None)
    monkeypatch.setattr(chunks, "MODES_AT_LEAST", 20)
    before, after = load_context(old), load_context(new)
    import_generated(new, folder, count)
    row = Transition.objects.create(change=make_change(), old=old, new=new)
    instruments = sorted(
        set(Dataset.objects.values_list("instrument", flat=True)) & set(before.instruments())
    )
    by_modes, by_headers = InstrumentComparison(), InstrumentComparison()
    for instrument in instruments:
        types = changed(before, after, instrument)
        for context in (before, after):
            required = context.required_parkeys()
            assert isinstance(required, dict)
            cover_parkeys(instrument, required[instrument])
        list(sort_into_modes(instrument))
        chunks.plan(row, instrument, types)
        compare_headers(by_headers, before, after, instrument, headers_of_instrument(instrument), types)
    job: Any = type("AnyJob", (), {"pk": None, "attempts": None})
    for chunk in row.chunks.all():
        chunks.do(chunk, row, job)
        chunk.refresh_from_db()
        by_modes.add(InstrumentComparison.from_json(chunk.result))
        by_modes.products |= set(chunk.products)
    assert by_modes.products == by_headers.products
    assert filled(by_modes) == filled(by_headers)
    assert by_modes.errors == by_headers.errors
    modes = Dataset.objects.exclude(mode__digest="").filter(mode__isnull=False)
    assert modes.count() > Dataset.objects.count() // 2
    assert set(row.chunks.values_list("source", flat=True)) >= {Chunk.Source.MODES}
    return by_modes

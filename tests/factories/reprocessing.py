"""Contexts that differ in known places, and moves of latest from one to the other."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from apps.catalog.operations import add_file
from apps.contexts.models import ContextChange
from apps.contexts.operations import set_context
from apps.jobs import pipeline as jobs
from apps.jobs.models import Job
from apps.reprocessing import operations
from apps.reprocessing.affected_products import ids_in_blocks
from apps.reprocessing.models import Transition
from apps.rules.text.parser import RawSelector
from apps.rules.text.writer import write_mapping
from tests.factories.datasets import make_dataset, make_header

OLD, NEW = "hst_0001.pmap", "hst_0002.pmap"
START = "1996-10-01 00:00:00"
# Detector to useafter date to reference. The new rules replace that of FUV since 2010, and forget NUV.
BRFTAB = {"FUV": {START: "brf.fits"}, "NUV": {START: "brf.fits"}}
DEADTAB = {"FUV": {START: "fuv.fits"}, "NUV": {START: "nuv.fits"}}
NEW_DEADTAB = {"FUV": {START: "fuv.fits", "2010-01-01 00:00:00": "fuv_2010.fits"}}

Rules = Mapping[str, Mapping[str, Mapping[str, str]]]


def publish(
    number: int, changed: Rules, *, instrument: str = "cos", kept: Mapping[str, str] | None = None
) -> str:
    """Publish a context of one instrument, with new rmaps for the changed types, and return its name."""
    types = dict(kept or {})
    for reftype, cases in changed.items():
        types[reftype] = name = f"hst_{instrument}_{reftype}_{number:04}.rmap"
        header = {"mapping": "REFERENCE", "instrument": instrument.upper(), "filekind": reftype.upper()}
        header["parkey"] = (("DETECTOR",), ("DATE-OBS", "TIME-OBS"))  # type: ignore[assignment]
        match = {(detector,): RawSelector("UseAfter", dict(dates)) for detector, dates in cases.items()}
        _add(name, header, RawSelector("Match", match))
    imap, pmap = f"hst_{instrument}_{number:04}.imap", f"hst_{number:04}.pmap"
    _add(imap, {"mapping": "INSTRUMENT", "parkey": ("REFTYPE",), "instrument": instrument.upper()}, types)
    _add(pmap, {"mapping": "PIPELINE", "parkey": ("INSTRUME",)}, {instrument.upper(): imap})
    return pmap


def _add(name: str, header: Mapping[str, Any], selector: Any) -> None:
    text = write_mapping({"name": name, "observatory": "HST", "derived_from": "nothing", **header}, selector)
    add_file(io.BytesIO(text.encode()), name=name, user="tester")


def publish_both(new: Mapping[str, Mapping[str, str]] = NEW_DEADTAB) -> None:
    """Publish the old context and the new one, which differ in deadtab only; the old one is latest."""
    publish(1, {"deadtab": DEADTAB, "brftab": BRFTAB})
    publish(2, {"deadtab": new}, kept={"brftab": "hst_cos_brftab_0001.rmap"})
    move(OLD)


def move(context: str) -> ContextChange:
    """Make a context latest; its references are names only."""
    return set_context(
        pointer="latest", context=context, user="tester", reason="Why not.", is_overridden=True
    )


def make_exposures() -> None:
    """Make FUV exposures of two products before the new date and of one after it."""
    for dataset, date in (
        ("LB4Q01010:LB4Q01ABQ", "2009-12-31"),
        ("LB4Q02010:LB4Q02ABQ", "2010-01-01"),
        ("LB4Q02010:LB4Q02ACQ", "2010-05-06"),
        ("LB4Q03ABQ:LB4Q03ABQ", "2000-01-01"),
    ):
        start = datetime.fromisoformat(date).replace(tzinfo=UTC)
        make_dataset(dataset, header=make_header(DATE_OBS=date, TIME_OBS="00:00:00"), observed_at=start)


def work() -> None:
    """Do what beat and a worker do."""
    operations.notice_changes()
    for job in Job.objects.filter(kind="reprocessing", status="queued").order_by("pk"):
        jobs.execute(job.pk)


def affected_ids(row: Transition) -> list[str]:
    """Return the ids of all affected products."""
    return list(chain.from_iterable(ids_in_blocks(row)))


def make_transition() -> Transition:
    """Return the complete transition between the two contexts."""
    publish_both()
    make_exposures()
    move(NEW)
    work()
    return Transition.objects.get()

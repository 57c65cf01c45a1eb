"""Observed datasets, files that tell them, and a small context they can be asked about."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apps.catalog.operations import add_file
from apps.contexts.operations import set_context
from apps.datasets.models import Dataset
from apps.rules.text.parser import RawSelector
from apps.rules.text.writer import write_mapping

CONTEXT = "hst_0001.pmap"


def make_header(**changes: Any) -> dict[str, Any]:
    """Return the header of a COS exposure; a value of None leaves its key away."""
    header = {
        "INSTRUME": "COS",
        "DETECTOR": "FUV",
        "DEADCORR": "PERFORM",
        "DATE-OBS": "2010-05-06",
        "TIME-OBS": "12:00:00",
    }
    header |= {key.replace("_OBS", "-OBS"): value for key, value in changes.items()}
    return {key: value for key, value in header.items() if value is not None}


def make_dataset(
    dataset_id: str = "LB4Q04010:LB4Q04ABQ",
    *,
    instrument: str = "cos",
    header: Mapping[str, str] | None = None,
    observed_at: datetime | None = datetime(2010, 5, 6, 12, tzinfo=UTC),
    program: str = "11111",
) -> Dataset:
    product, exposure = dataset_id.split(":")
    return Dataset.objects.create(
        product=product,
        exposure=exposure,
        instrument=instrument,
        header=make_header() if header is None else header,
        observed_at=observed_at,
        program=program,
    )


def make_line(dataset_id: Any = "LB4Q04010:LB4Q04ABQ", header: Any = None, **fields: Any) -> str:
    """Return one JSON line of an import."""
    return json.dumps(
        {"dataset_id": dataset_id, "header": make_header() if header is None else header, **fields}
    )


def make_file(folder: Path, *lines: str, name: str = "datasets.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def publish_context() -> str:
    """Publish a context with two COS types and make it latest and edit; return its name.

    ``deadtab`` knows both detectors, and does not apply where DEADCORR is OMIT; ``brftab`` knows FUV only.
    """
    both = {("FUV",): {"1996-10-01 00:00:00": "s7g1700gl_dead.fits"}}
    both |= {("NUV",): {"1996-10-01 00:00:00": "s7g1700ql_dead.fits"}}
    _publish_rmap("deadtab", both, reffile_switch="DEADCORR", rmap_relevance='(DEADCORR != "OMIT")')
    _publish_rmap("brftab", {("FUV",): {"1996-10-01 00:00:00": "s7g1700el_brf.fits"}})
    types = {kind: f"hst_cos_{kind}_0001.rmap" for kind in ("deadtab", "brftab")}
    _publish(
        "hst_cos_0001.imap", {"mapping": "INSTRUMENT", "parkey": ("REFTYPE",), "instrument": "COS"}, types
    )
    pmap = {"mapping": "PIPELINE", "parkey": ("INSTRUME",)}
    _publish(CONTEXT, pmap, {"COS": "hst_cos_0001.imap", "ACS": "N/A"})
    for pointer in ("edit", "latest"):
        # Its references are names only.
        set_context(pointer=pointer, context=CONTEXT, user="tester", reason="first", is_overridden=True)
    return CONTEXT


def publish_rules(
    filekind: str,
    cases: Any,
    *,
    parkeys: tuple[str, ...],
    instrument: str = "cos",
    **header: Any,
) -> str:
    """Publish a context with one type and make it latest; return its name.

    Parameters
    ----------
    cases
        Match key to useafter dates or to a reference; or a whole selector that takes the place of a Match.
    """
    if isinstance(cases, RawSelector):
        selector, levels = cases, (("DATE-OBS", "TIME-OBS"),)
    else:
        chosen = {
            case: RawSelector("UseAfter", dict(dates)) if isinstance(dates, Mapping) else dates
            for case, dates in cases.items()
        }
        selector, levels = RawSelector("Match", chosen), (parkeys, ("DATE-OBS", "TIME-OBS"))
    fixed = {"mapping": "REFERENCE", "instrument": instrument.upper(), "filekind": filekind.upper()}
    imap, rmap = f"hst_{instrument}_0001.imap", f"hst_{instrument}_{filekind}_0001.rmap"
    _publish(rmap, fixed | {"parkey": levels} | header, selector)
    instrument_header = {"mapping": "INSTRUMENT", "parkey": ("REFTYPE",), "instrument": instrument.upper()}
    _publish(imap, instrument_header, {filekind: rmap})
    _publish(CONTEXT, {"mapping": "PIPELINE", "parkey": ("INSTRUME",)}, {instrument.upper(): imap})
    set_context(pointer="latest", context=CONTEXT, user="tester", reason="first", is_overridden=True)
    return CONTEXT


def _publish_rmap(filekind: str, cases: Mapping[Any, Mapping[str, str]], **header: str) -> None:
    chosen = {case: RawSelector("UseAfter", dict(dates)) for case, dates in cases.items()}
    fixed = {"mapping": "REFERENCE", "instrument": "COS", "filekind": filekind.upper()}
    parkey = {"parkey": (("DETECTOR",), ("DATE-OBS", "TIME-OBS"))}
    _publish(f"hst_cos_{filekind}_0001.rmap", fixed | parkey | header, RawSelector("Match", chosen))


def _publish(name: str, header: Mapping[str, Any], selector: Any) -> None:
    text = write_mapping({"name": name, "observatory": "HST", "derived_from": "nothing", **header}, selector)
    add_file(io.BytesIO(text.encode()), name=name, user="tester")

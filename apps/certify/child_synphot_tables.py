"""New lookup tables for components that were delivered without them; they are made in a child.

Notes
-----
Source: ``SynphotLookupGenerator`` in ``crds.misc.synphot``; website, section 8.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from apps.certify.child_reporter import Reporter, trapped
from apps.certify.child_synphot_files import (
    INSTRUMENT,
    THERMAL,
    THERMAL_TABLE,
    THROUGHPUT,
    THROUGHPUT_TABLE,
    AbsentError,
    Delivered,
    context_names,
    located,
)
from apps.certify.messages import SynphotJob, TableMade

COMPONENTS = {THROUGHPUT_TABLE: THROUGHPUT, THERMAL_TABLE: THERMAL}


def regenerate(job: SynphotJob, delivered: Delivered, reporter: Reporter) -> list[TableMade]:
    """Make each lookup table that was not delivered although its components were."""
    return [
        _table(reftype, delivered[components], job, reporter)
        for reftype, components in COMPONENTS.items()
        if components in delivered and reftype not in delivered
    ]


def _table(reftype: str, components: Sequence[str], job: SynphotJob, reporter: Reporter) -> TableMade:
    from crds.core.utils import get_locator_module

    locator = get_locator_module(job.observatory)
    name = locator.generate_unique_name_core(INSTRUMENT, reftype, ".fits", now=datetime.now(UTC))
    path = Path(job.folder) / "generated" / name
    with reporter.counting(name) as count:
        with trapped(reporter, f"Failed generating {reftype}"):
            reporter.info(f"Generating new {reftype} {name!r} for {len(components)} delivered components")
            _require_distinct(components)
            _require_held(reftype, job)
            path.parent.mkdir(exist_ok=True)
            _write(path, reftype, components, job)
        errors, warnings = count()
    made = TableMade(name, "" if errors else str(path), reftype, errors, warnings)
    reporter.emit(made)
    return made


def _write(path: Path, reftype: str, components: Sequence[str], job: SynphotJob) -> None:
    from crds.misc.synphot import SynphotLookupGenerator

    generator = SynphotLookupGenerator(job.context)
    # If there are two instruments, the library names only one of them in the history.
    generator._make_instrument_list = _listed
    generator.generate(reftype, components).writeto(path)


def _listed(instruments: Iterable[str]) -> str:
    """Return instruments in upper case, joined as in a sentence.

    Examples
    --------
    >>> _listed({"wfc3", "acs"}), _listed({"wfc3", "acs", "ota"})
    ('ACS and WFC3', 'ACS, OTA, and WFC3')
    """
    *first, last = sorted(name.upper() for name in instruments)
    if len(first) < 2:
        return " and ".join([*first, last])
    return f"{', '.join(first)}, and {last}"


def _require_distinct(components: Sequence[str]) -> None:
    """Refuse files without a component, and two files of one: the table would have only the last."""
    from crds import data_file

    seen: dict[str, str] = {}
    for path in components:
        with data_file.fits_open(path) as extensions:
            component = str(extensions[0].header.get("COMPNAME", "")).strip().lower()
        name = Path(path).name
        if not component:
            raise AbsentError(f"{name!r} has no COMPNAME in its first header.")
        if component in seen:
            raise AbsentError(f"Both {seen[component]!r} and {name!r} are component {component!r}.")
        seen[component] = name


def _require_held(reftype: str, job: SynphotJob) -> None:
    """Refuse a context whose table this server does not hold; a context without a table is accepted."""
    for name in context_names(reftype, job):
        if not Path(located(name, job)).is_file():
            raise AbsentError(
                f"it continues {name!r} of {job.context}, and this server does not hold that file. "
                f"Deliver a {reftype} with the components, or have the file stored here."
            )

"""The log of a search, in the same lines as in the client."""

from datetime import datetime

from django.conf import settings

from apps.reprocessing.comparison import InstrumentComparison
from apps.reprocessing.models import Transition

_RULE = "-" * 110


def write_summary(
    row: Transition, changed: str, found: InstrumentComparison, products: int, ended_at: datetime
) -> str:
    """Return the log of a complete search.

    Parameters
    ----------
    changed
        Instruments and types whose rules changed.
    products
        Number of affected products.
    """
    assert row.started_at is not None  # noqa: S101 (it is running)
    site = f"CRDS {settings.OBSERVATORY} {settings.SERVER_STRING}"
    title = f"{site} datasets affected {row.old} --> {row.new} on {row.started_at:%Y-%m-%d-%H:%M:%S}"
    status = "ERRORS" if found.errors else "OK"
    counts = {instrument: dict(sorted(types.items())) for instrument, types in found.counts.items()}
    lines = [
        _RULE,
        title,
        _RULE,
        f"Mapping differences from {row.old} --> {row.new} affect: {changed}",
        f"Exposures examined: {found.examined}",
        *(f"Updated exposure counts of {name}: {_counted(types)}" for name, types in counts.items()),
        f"Affected products = {products}",
        *(f"ERROR {text}" for text in found.first_errors),
        *_rest(found),
        f"STARTED {row.started_at:%Y-%m-%d %H:%M:%S}",
        f"STOPPED {ended_at:%Y-%m-%d %H:%M:%S}",
        f"{found.errors} errors",
        _RULE,
        f"{status}: {title} : {products} affected",
        _RULE,
    ]
    return "\n".join(lines)


def _counted(types: dict[str, int]) -> str:
    return ", ".join(f"{reftype} {count}" for reftype, count in types.items()) or "none"


def _rest(found: InstrumentComparison) -> list[str]:
    more = found.errors - len(found.first_errors)
    return [f"... and {more} more errors"] if more else []

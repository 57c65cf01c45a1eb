"""Headers of archived datasets in the form that clients expect."""

from __future__ import annotations

from apps.datasets.archive import Header
from apps.datasets.headers import find_instrument
from apps.datasets.timestamps import find_observed_at
from apps.rules.lookup.context import Context
from apps.rules.observatories import Observatory, get_observatory

MISSING = "UNDEFINED"
REFTYPE = "REFTYPE"  # The parkey by which an imap chooses a type; only references have it.


def complete_header(header: Header, context: Context) -> Header:
    """Return a header that holds every parkey of its instrument under a context.

    A parkey without a value in the archive is UNDEFINED; clients look up a missing parkey with that value.
    REFTYPE is added only where the observatory has it in headers of datasets.
    """
    observatory = get_observatory(context.observatory)
    instrument = find_instrument(header, observatory)
    parkeys = context.required_parkeys()
    wanted = parkeys.get(instrument or "", ()) if isinstance(parkeys, dict) else parkeys
    left_out = () if observatory.headers_name_reftype else (REFTYPE,)
    added = {parkey: MISSING for parkey in wanted if parkey not in header and parkey not in left_out}
    added |= _split_date(header, observatory)
    return {**header, **added} if added else header


def _split_date(header: Header, observatory: Observatory) -> dict[str, str]:
    """Return the start of the exposure in the only form that clients read when they select by date."""
    if len(observatory.useafter_keys) != 1 or "DATE-OBS" in header:
        return {}
    moment = find_observed_at(header, observatory)
    return {"DATE-OBS": f"{moment:%Y-%m-%d}", "TIME-OBS": f"{moment:%H:%M:%S}"} if moment else {}

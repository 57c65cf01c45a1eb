"""The rewriting of files that contain their name: each is written again under its official name.

Notes
-----
Source: ``crds.misc.uniqname``, which website section 8.3 makes part of the contract.
"""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path

from apps.certify.child_reporter import Reporter, in_words
from apps.certify.messages import Rewrite, Rewritten

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rewrite(order: Rewrite, reporter: Reporter) -> Rewritten:
    """Write a FITS file under its official name; a format or checksum error stops the rewriting."""
    old, target = Path(order.path), Path(order.target)
    with reporter.counting(target.name) as count:
        reporter.info(f"renaming '{old.name}' --> '{target.name}'")
        try:
            _write(old, target, datetime.now(UTC))
        except Exception as exc:  # A damaged file can raise any error. Remove the incomplete copy.
            target.unlink(missing_ok=True)
            reporter.error(f"Failed to rename {old.name!r} as {target.name!r}: {in_words(exc)}")
        errors, warnings = count()
    done = Rewritten(target.name, str(target) if target.exists() else "", errors, warnings)
    reporter.emit(done)
    return done


def _write(old: Path, target: Path, now: datetime) -> None:
    from astropy.io import fits
    from astropy.utils.exceptions import AstropyUserWarning

    with fits.open(old, do_not_scale_image_data=True) as extensions:
        has_checksums = any({"CHECKSUM", "DATASUM"} & set(part.header) for part in extensions)
    with warnings.catch_warnings():
        # The reader only warns of a wrong checksum or of missing data, so its warnings count as errors.
        warnings.simplefilter("error", AstropyUserWarning)
        with fits.open(old, checksum=True, do_not_scale_image_data=True) as extensions:
            extensions.verify("exception")
            header = extensions[0].header
            header["FILENAME"] = target.name
            header["ROOTNAME"] = target.stem.upper()
            day = f"{MONTHS[now.month - 1]} {now.day} {now.year}"
            header["HISTORY"] = f"{old.name} renamed to {target.name} on {day}"
            extensions.writeto(target, output_verify="exception", checksum=has_checksums)

"""The deliveries of the demo: their files, dates, people and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Batch:
    """References of one type that apply from the same date.

    Attributes
    ----------
    useafter
        ``YYYY-MM-DD``, midnight UTC.
    matches
        For each reference the values of its match keys, separated by spaces.
    is_rejected
        Whether they were found bad after delivery.
    withdrawn
        Useafter date, ``YYYY-MM-DD``, of the references that these replace in the rules; empty if they
        replace none.
    """

    instrument: str
    reftype: str
    useafter: str
    matches: tuple[str, ...]
    is_rejected: bool = False
    withdrawn: str = ""


@dataclass(frozen=True)
class DemoDelivery:
    """Batches that arrived together and made a new context.

    Attributes
    ----------
    confirmed_at
        The moment when the files became official and the new context became the edit context; UTC.
    latest_at
        The moment when the new context became latest; UTC.
    calibration_version
        Version of the calibration software that the context was built for; empty if there is none.
    deliverer, creator
        Account that delivered the files, and their author.
    reason, era
        Reason of the delivery, and reason why the context became latest.
    """

    confirmed_at: datetime
    latest_at: datetime
    deliverer: str
    creator: str
    reason: str
    era: str
    batches: tuple[Batch, ...]
    calibration_version: str = ""


def _batch(what: str, useafter: str, *matches: str, is_rejected: bool = False, withdrawn: str = "") -> Batch:
    instrument, reftype = what.split()
    return Batch(instrument, reftype, useafter, matches, is_rejected, withdrawn)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


FIRST_SET = DemoDelivery(
    confirmed_at=_utc("2025-02-06 14:20:00"),
    latest_at=_utc("2025-02-11 09:00:00"),
    deliverer="lmoreau",
    creator="L. Moreau",
    reason="First complete set from ground calibration and commissioning.",
    era="First complete set; rules checked against the commissioning exposures.",
    calibration_version="1.17.1",
    batches=(
        _batch(
            "miri dark",
            "2021-08-01",
            *(f"MIRIMAGE N/A FASTR1 {name}" for name in ("BRIGHTSKY", "SUB128", "FULL|SUB64")),
        ),
        _batch(
            "miri flat",
            "2021-08-01",
            *(
                f"MIRIMAGE {name} N/A N/A {subarray}"
                for name in ("F560W", "F770W", "F1000W", "F1500W")
                for subarray in ("SUB128", "FULL|SUB64")
            ),
        ),
        _batch("miri gain", "2021-08-01", "MIRIMAGE N/A N/A SUB128", "MIRIMAGE N/A N/A FULL|SUB64"),
        _batch("miri ipc", "2021-01-01", "MIRIFULONG GENERIC", "MIRIFUSHORT GENERIC", "MIRIMAGE GENERIC"),
        _batch("miri photom", "2022-06-01", "MIRIMAGE N/A"),
        _batch("miri distortion", "2021-08-01", "MIRIMAGE N/A N/A"),
        _batch(
            "miri distortion",
            "2021-08-01",
            *(f"MIRIFUSHORT 12 {name}" for name in ("SHORT", "MEDIUM", "LONG")),
        ),
        _batch(
            "miri distortion",
            "2021-08-01",
            *(f"MIRIFULONG 34 {name}" for name in ("SHORT", "MEDIUM", "LONG")),
        ),
        _batch("nircam flat", "2021-12-01", *(f"NRCA1 {name} CLEAR" for name in ("F115W", "F150W", "F200W"))),
        _batch(
            "nircam flat", "2021-12-01", *(f"NRCALONG {name} CLEAR" for name in ("F277W", "F356W", "F444W"))
        ),
        _batch("nircam readnoise", "2021-12-01", "NRCA1 N/A", "NRCALONG N/A"),
        _batch("nircam gain", "2021-12-01", "NRCA1 N/A", "NRCALONG N/A"),
        _batch("nircam mask", "2021-12-01", "NRCA1 N/A", "NRCALONG N/A"),
        _batch("nircam photom", "2022-06-15", "NRCA1 N/A", "NRCALONG N/A"),
        _batch("nircam area", "2022-06-15", "NRCA1 N/A N/A", "NRCALONG N/A N/A"),
        _batch("nircam distortion", "2021-12-01", "NRC_IMAGE NRCA1 SHORT", "NRC_IMAGE NRCALONG LONG"),
        _batch("nircam superbias", "2021-12-01", "NRCA1 RAPID SUB160", "NRCALONG RAPID SUB160"),
        _batch(
            "niriss flat", "2021-11-01", *(f"NIS {name}" for name in ("CLEAR", "F380M", "F430M", "F480M"))
        ),
        _batch("niriss dark", "2021-11-01", "NIS N/A SUB256", "NIS N/A SUB80"),
        _batch("niriss saturation", "2021-11-01", "NIS N/A"),
        _batch("niriss linearity", "2021-11-01", "NIS N/A"),
        _batch("niriss photom", "2022-07-01", "NIS N/A"),
        _batch("niriss distortion", "2021-11-01", "NIS_AMI N/A N/A", "NIS_IMAGE N/A N/A"),
        _batch("niriss superbias", "2021-11-01", "NIS NISRAPID SUB256", "NIS NISRAPID SUB80"),
        _batch("system calver", "2021-01-01", "1.17.1"),
    ),
)

MIRI_AFTER_DRIFT = DemoDelivery(
    confirmed_at=_utc("2025-06-12 16:45:00"),
    latest_at=_utc("2025-06-17 09:00:00"),
    deliverer="tnakamura",
    creator="T. Nakamura",
    reason="The response drifted during 2024: new darks, flats and flux calibration of MIRI.",
    era="MIRI references that follow the drift of 2024; calibration software 1.18.",
    calibration_version="1.18.0",
    batches=(
        _batch("miri dark", "2024-09-01", "MIRIMAGE N/A FASTR1 SUB128", "MIRIMAGE N/A FASTR1 FULL|SUB64"),
        _batch("miri dark", "2022-06-01", "MIRIMAGE N/A SLOWR1 FULL|SUB64"),
        _batch(
            "miri flat", "2024-09-01", "MIRIMAGE F560W N/A N/A SUB128", "MIRIMAGE F560W N/A N/A FULL|SUB64"
        ),
        _batch(
            "miri flat", "2024-09-01", "MIRIMAGE F770W N/A N/A SUB128", "MIRIMAGE F770W N/A N/A FULL|SUB64"
        ),
        _batch("miri gain", "2023-05-10", "MIRIMAGE N/A N/A FULL|SUB64"),
        _batch("miri photom", "2024-03-01", "MIRIMAGE N/A"),
        _batch("miri distortion", "2023-05-10", "MIRIMAGE N/A N/A"),
        _batch("system calver", "2021-01-01", "1.18.0"),
    ),
)

NIRCAM_SKY_FLATS = DemoDelivery(
    confirmed_at=_utc("2025-10-09 11:05:00"),
    latest_at=_utc("2025-10-14 09:00:00"),
    deliverer="ebianchi",
    creator="E. Bianchi",
    reason="Sky flats of NIRCam from two years of archival images; masks with the hot pixels of 2024.",
    era="Sky flats and new masks of NIRCam; calibration software 1.19.",
    calibration_version="1.19.1",
    batches=(
        _batch("nircam flat", "2024-12-01", "NRCA1 F115W CLEAR", "NRCA1 F200W CLEAR", "NRCALONG F356W CLEAR"),
        _batch("nircam flat", "2024-12-01", "NRCALONG F444W CLEAR", is_rejected=True),
        _batch("nircam mask", "2025-01-15", "NRCA1 N/A", "NRCALONG N/A"),
        _batch("nircam readnoise", "2023-07-01", "NRCA1 N/A", "NRCALONG N/A"),
        _batch("nircam photom", "2024-12-01", "NRCA1 N/A", "NRCALONG N/A"),
        _batch("nircam superbias", "2024-12-01", "NRCA1 RAPID SUB160"),
        _batch("system calver", "2021-01-01", "1.19.1"),
    ),
)

NIRISS_AND_REPAIR = DemoDelivery(
    confirmed_at=_utc("2026-01-15 10:30:00"),
    latest_at=_utc("2026-01-20 09:00:00"),
    deliverer="lmoreau",
    creator="L. Moreau",
    reason="NIRISS references of cycle 3; the F444W sky flat of NIRCam again, without the stray light.",
    era="Repairs the F444W flat of NIRCam that was found bad; NIRISS references of cycle 3.",
    calibration_version="1.20.0",
    batches=(
        _batch("nircam flat", "2024-11-15", "NRCALONG F444W CLEAR", withdrawn="2024-12-01"),
        _batch("niriss flat", "2025-03-01", "NIS F380M", "NIS F430M", "NIS F480M"),
        _batch("niriss dark", "2025-03-01", "NIS N/A SUB256", "NIS N/A SUB80"),
        _batch("niriss linearity", "2023-09-01", "NIS N/A"),
        _batch("niriss distortion", "2024-05-20", "NIS_IMAGE N/A N/A"),
        _batch("niriss superbias", "2025-03-01", "NIS NISRAPID SUB80"),
        _batch("system calver", "2021-01-01", "1.20.0"),
    ),
)

CYCLE_FOUR = DemoDelivery(
    confirmed_at=_utc("2026-04-23 13:15:00"),
    latest_at=_utc("2026-04-28 09:00:00"),
    deliverer="tnakamura",
    creator="T. Nakamura",
    reason="References for cycle 4: MIRI darks and flats, geometry of NIRCam, flux calibration of NIRISS.",
    era="References for cycle 4; calibration software 1.21.",
    calibration_version="1.21.0",
    batches=(
        _batch("miri dark", "2026-01-01", "MIRIMAGE N/A FASTR1 SUB128", "MIRIMAGE N/A FASTR1 FULL|SUB64"),
        _batch(
            "miri flat",
            "2026-01-01",
            "MIRIMAGE F1000W N/A N/A FULL|SUB64",
            "MIRIMAGE F1500W N/A N/A FULL|SUB64",
        ),
        _batch("miri flat", "2025-04-01", "MIRIMAGE F560W N/A N/A FULL|SUB64"),
        _batch("nircam distortion", "2025-11-01", "NRC_IMAGE NRCA1 SHORT", "NRC_IMAGE NRCALONG LONG"),
        _batch("nircam area", "2025-11-01", "NRCA1 N/A N/A"),
        _batch("niriss photom", "2025-09-01", "NIS N/A"),
        _batch("niriss saturation", "2024-06-01", "NIS N/A"),
        _batch("system calver", "2021-01-01", "1.21.0"),
    ),
)

DELIVERIES = (FIRST_SET, MIRI_AFTER_DRIFT, NIRCAM_SKY_FLATS, NIRISS_AND_REPAIR, CYCLE_FOUR)

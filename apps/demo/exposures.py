"""About fifty exposures with the matching parameters that an archive would give.

Most find all their references. A few visits show other results; their comments say which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.demo.reference_types import DATE_PARKEYS, PARKEYS

CADENCE = timedelta(minutes=17)  # time between the starts of two exposures of a visit

INSTRUMENTS = {
    "MIRIFULONG": "MIRI",
    "MIRIFUSHORT": "MIRI",
    "MIRIMAGE": "MIRI",
    "NIS": "NIRISS",
    "NRCA1": "NIRCAM",
    "NRCALONG": "NIRCAM",
}
CHANNELS = {"MIRIFULONG": "34", "MIRIFUSHORT": "12", "NRCA1": "SHORT", "NRCALONG": "LONG"}


@dataclass(frozen=True)
class Visit:
    """Successive exposures with the same set-up.

    Attributes
    ----------
    activity
        Program, visit and activity as in the id, for example ``JW01189001001_02101``.
    start
        Start of the first exposure, naive UTC.
    set_up
        Matching parameters by FITS keyword; a missing one is ``N/A``.
    """

    activity: str
    detector: str
    count: int
    start: datetime
    set_up: dict[str, str]

    @property
    def program(self) -> str:
        """Number of the observing program, without leading zeros."""
        return self.activity[2:7].lstrip("0")


@dataclass(frozen=True)
class Exposure:
    """One dataset."""

    dataset_id: str
    program: str
    header: dict[str, str]


def _visit(activity: str, detector: str, count: int, start: str, **set_up: str) -> Visit:
    return Visit(activity, detector, count, datetime.fromisoformat(start), set_up)


def _miri(activity: str, count: int, start: str, name: str, subarray: str, readpatt: str = "FASTR1") -> Visit:
    return _visit(
        activity, "MIRIMAGE", count, start,
        EXP_TYPE="MIR_IMAGE", FILTER=name, SUBARRAY=subarray, READPATT=readpatt,
    )  # fmt: skip


def _mrs(activity: str, detector: str, start: str, band: str) -> Visit:
    return _visit(
        activity, detector, 1, start, EXP_TYPE="MIR_MRS", BAND=band, SUBARRAY="FULL", READPATT="FASTR1"
    )


def _nircam(activity: str, detector: str, count: int, start: str, name: str) -> Visit:
    return _visit(
        activity, detector, count, start,
        EXP_TYPE="NRC_IMAGE", FILTER=name, PUPIL="CLEAR", SUBARRAY="SUB160", READPATT="RAPID",
    )  # fmt: skip


def _niriss(activity: str, count: int, start: str, name: str, exp_type: str = "NIS_AMI") -> Visit:
    pupil = {"NIS_AMI": "NRM", "NIS_SOSS": "GR700XD"}.get(exp_type, "CLEARP")
    subarray = "SUB256" if exp_type == "NIS_SOSS" else "SUB80"
    return _visit(
        activity, "NIS", count, start,
        EXP_TYPE=exp_type, FILTER=name, PUPIL=pupil, SUBARRAY=subarray, READPATT="NISRAPID",
    )  # fmt: skip


VISITS = (
    # One star over the years: each exposure has the dark and the flat of its time.
    _miri("JW01189001001_02101", 3, "2022-07-14 08:11:24", "F560W", "SUB64"),
    _miri("JW02304003001_03102", 3, "2024-10-02 19:40:51", "F560W", "SUB64"),
    _miri("JW05191002001_02101", 3, "2026-02-11 03:25:09", "F1000W", "SUB64"),
    _miri("JW05191002001_04101", 2, "2026-02-11 05:02:37", "F1500W", "SUB64"),
    _miri("JW01189001001_04101", 2, "2022-07-14 10:30:00", "F770W", "SUB128"),
    _miri("JW03222004001_02101", 2, "2025-03-30 22:14:02", "F770W", "FULL"),
    _miri("JW05191002001_06101", 3, "2026-02-11 06:30:12", "F560W", "SUB128"),
    _miri("JW02304003001_05102", 3, "2023-01-19 11:47:33", "F1500W", "SUB64", "SLOWR1"),
    # Spectra: the demo has only geometry and charge leaks; other types are not found.
    _mrs("JW01523003001_02101", "MIRIFUSHORT", "2022-06-28 17:20:45", "SHORT"),
    _mrs("JW01523003001_02101", "MIRIFULONG", "2022-06-28 17:20:45", "SHORT"),
    _mrs("JW01523003001_04101", "MIRIFUSHORT", "2022-06-28 19:05:10", "MEDIUM"),
    _nircam("JW01434001001_02101", "NRCA1", 3, "2022-08-05 00:12:58", "F115W"),
    _nircam("JW01434001001_02101", "NRCALONG", 3, "2022-08-05 00:12:58", "F277W"),
    _nircam("JW03215002001_03101", "NRCA1", 2, "2025-01-27 14:33:20", "F200W"),
    _nircam("JW03215002001_03101", "NRCALONG", 3, "2025-01-27 14:33:20", "F444W"),
    _nircam("JW06641001001_02101", "NRCA1", 2, "2026-03-03 06:48:00", "F150W"),
    _nircam("JW06641001001_02101", "NRCALONG", 2, "2026-03-03 06:48:00", "F356W"),
    _niriss("JW01242002001_03102", 3, "2022-09-23 21:09:14", "F380M"),
    _niriss("JW04481001001_03102", 2, "2025-06-18 02:55:41", "F430M"),
    _niriss("JW04481001001_05102", 2, "2025-06-18 04:31:26", "F480M", "NIS_IMAGE"),
    # A spectrum without slit needs no distortion; "not applicable" is not a failure.
    _niriss("JW01366003001_04101", 2, "2022-07-26 20:35:11", "CLEAR", "NIS_SOSS"),
    # No flat was delivered for this filter.
    _miri("JW01189001001_06101", 1, "2022-07-14 12:01:16", "F2550W", "SUB64"),
    # A dark was delivered for this subarray, but no flat and no gain.
    _miri("JW02304003001_07102", 1, "2024-10-03 01:17:44", "F770W", "BRIGHTSKY"),
    # Before launch: every useafter date of NIRCam is later.
    _nircam("JW00661001001_02101", "NRCA1", 1, "2021-06-15 12:00:00", "F115W"),
)  # fmt: skip


def exposures() -> Iterator[Exposure]:
    """Yield every exposure of every visit."""
    for visit in VISITS:
        for number in range(visit.count):
            half = f"{visit.activity}_{number + 1:05}.{visit.detector}"
            yield Exposure(f"{half}:{half}", visit.program, _header(visit, visit.start + number * CADENCE))


def _header(visit: Visit, start: datetime) -> dict[str, str]:
    set_up = {
        "DETECTOR": visit.detector,
        "CHANNEL": CHANNELS.get(visit.detector, "N/A"),
        "CAL_VER": "1.21.0",
        **visit.set_up,
    }
    header = {parkey: set_up.get(keyword, "N/A") for keyword, parkey in PARKEYS.items()}
    moment = (f"{start:%Y-%m-%d}", f"{start:%H:%M:%S}")
    return header | {
        "META.INSTRUMENT.NAME": INSTRUMENTS[visit.detector],
        "META.INSTRUMENT.LAMP_STATE": "NONE",
        "META.OBSERVATION.PROGRAM_NUMBER": visit.program,
        "META.VISIT.TSOVISIT": "F",
        **dict(zip(DATE_PARKEYS, moment, strict=True)),
    }

"""Small references: their content, and their unchanging bytes."""

import hashlib
import io
import json
from datetime import datetime
from typing import Any

import asdf
import numpy as np
import pytest
from astropy.io import fits

from apps.demo.samples import Sample, SampleError, make_reference
from apps.demo.samples.pixels import Pixels


def make_sample(**facts: Any) -> Sample:
    defaults = {
        "name": "jwst_miri_flat_0001.fits",
        "instrument": "miri",
        "reftype": "flat",
        "useafter": datetime.fromisoformat("2024-09-01 12:30:15"),
        "keywords": {"DETECTOR": "MIRIMAGE", "FILTER": "F560W", "SUBARRAY": "SUB64"},
    }
    return Sample(**(defaults | facts))


def opened(sample: Sample) -> Any:
    return fits.open(io.BytesIO(make_reference(sample)))


def test_a_fits_sample_has_the_requested_keywords() -> None:
    with opened(make_sample(pedigree="DUMMY", author="A. Nobody")) as file:
        file.verify("exception")
        header = file[0].header
        assert (header["INSTRUME"], header["REFTYPE"], header["FILTER"]) == ("MIRI", "FLAT", "F560W")
        assert header["USEAFTER"] == "2024-09-01T12:30:15"
        assert (header["PEDIGREE"], header["AUTHOR"]) == ("DUMMY", "A. Nobody")
        assert [hdu.name for hdu in file] == ["PRIMARY", "SCI", "ERR", "DQ", "DQ_DEF"]
        assert file["SCI"].data.shape == (header["SUBSIZE2"], header["SUBSIZE1"])


def test_alternatives_are_listed_in_the_pattern_keyword() -> None:
    keywords = {"DETECTOR": "MIRIMAGE", "SUBARRAY": "FULL|SUB64"}
    with opened(make_sample(keywords=keywords)) as file:
        assert file[0].header["SUBARRAY"] == "SUB64"
        assert file[0].header["P_SUBARR"] == "FULL|SUB64|"


def test_the_kernel_of_an_ipc_sample_keeps_charge() -> None:
    with opened(make_sample(reftype="ipc")) as file:
        assert file["SCI"].data.sum() == pytest.approx(1.0)
        assert file["SCI"].data[1, 1] >= 1.0


def test_a_dark_of_miri_has_a_dimension_more() -> None:
    with opened(make_sample(reftype="dark")) as file:
        assert file["SCI"].data.ndim == 4
    near = make_sample(reftype="dark", instrument="niriss", keywords={"DETECTOR": "NIS", "SUBARRAY": "SUB80"})
    with opened(near) as file:
        assert file["SCI"].data.ndim == 3


def test_a_photometric_sample_has_a_row_for_each_mode() -> None:
    modes = [("F560W", "SUB64"), ("F770W", "SUB64")]
    with opened(make_sample(reftype="photom", content={"modes": modes})) as file:
        assert [row[0] for row in file["PHOTOM"].data] == ["F560W", "F770W"]


def test_an_asdf_sample_maps_pixels_to_arc_seconds() -> None:
    sample = make_sample(
        name="jwst_niriss_distortion_0001.asdf",
        instrument="niriss",
        reftype="distortion",
        keywords={"EXP_TYPE": "NIS_IMAGE", "FILTER": "N/A"},
    )
    with asdf.open(io.BytesIO(make_reference(sample))) as file:
        assert file["meta"]["exposure"]["type"] == "NIS_IMAGE"
        assert file["meta"]["useafter"] == "2024-09-01T12:30:15"
        east, _ = file["model"](600.0, 512.0)
        west, _ = file["model"](500.0, 512.0)
        assert 10 < east - west < 12


def test_a_json_sample_holds_its_content() -> None:
    sample = make_sample(
        name="jwst_system_calver_0001.json",
        instrument="system",
        reftype="calver",
        keywords={"CAL_VER": "1.20.0"},
        content={"versions": {"jwst": "1.20.0"}},
    )
    tree = json.loads(make_reference(sample))
    assert tree["CAL_VER"] == tree["versions"]["jwst"] == "1.20.0"
    assert tree["reftype"] == "CALVER"


def test_a_sample_is_the_same_bytes_each_time_and_other_bytes_under_another_name() -> None:
    assert make_reference(make_sample()) == make_reference(make_sample())
    assert make_reference(make_sample()) != make_reference(make_sample(name="jwst_miri_flat_0002.fits"))


def test_pixels_are_the_same_on_every_machine() -> None:
    """A change of these numbers changes the checksum of every demo reference."""
    pixels = Pixels(2026)
    assert [pixels.whole(0, 999) for _ in range(4)] == [392, 909, 522, 451]
    digest = hashlib.sha256(Pixels(1).illumination(32).tobytes()).hexdigest()
    assert digest.startswith("93fbddf71358e9d4")


def test_pixels_are_spread_over_the_whole_range() -> None:
    values = Pixels(7).noise(1000, steps=3)
    assert sorted(set(values.tolist())) == [-3, -2, -1, 0, 1, 2, 3]
    assert abs(float(np.mean(values))) < 0.3


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "jwst_miri_flat_0001.txt"},
        {"reftype": "nonsense"},
        {"name": "jwst_miri_flat_0001.asdf"},
    ],
)
def test_an_impossible_sample_is_refused_by_name(facts: dict[str, Any]) -> None:
    sample = make_sample(**facts)
    with pytest.raises(SampleError, match=sample.name):
        make_reference(sample)

"""The comparison of the images of two files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from apps.certify.differences import MOST_BYTES
from apps.certify.errors import RefusedJobError
from apps.certify.picture_comparison.compare import compare
from apps.certify.picture_comparison.runner import compare_pictures
from apps.certify.picture_comparison.values import PictureComparison, from_json
from tests.certify.looking import pixels, write_asdf, write_fits


def compared(folder: Path, old: Path, new: Path, part: str = "") -> PictureComparison:
    found = compare(old, new, folder, name=new.name, part=part)
    assert from_json(found.as_json()) == found
    return found


def two_fits(folder: Path, old: Any, new: Any, *, name: str = "SCI") -> tuple[Path, Path]:
    return (
        write_fits(folder, fits.ImageHDU(old, name=name), name="old.fits"),
        write_fits(folder, fits.ImageHDU(new, name=name), name="new.fits"),
    )


def test_statistics_are_those_of_the_pixels(tmp_path: Path) -> None:
    old = np.arange(1.0, 13.0).reshape(3, 4)
    new = old * 2
    old[0, 0] = new[0, 0] = np.nan  # Two undefined values are equal.
    new[0, 1] = old[0, 1]
    found = compared(tmp_path, *two_fits(tmp_path, old, new))
    assert (found.part, found.width, found.height, found.changed) == ("SCI", 4, 3, 10)
    before, after, difference, ratio = found.statistics
    assert (before.minimum, before.maximum, before.count) == (2, 12, 11)
    assert after.median == np.nanmedian(new)
    assert difference.deviation == pytest.approx(np.nanstd(new - old))
    assert (ratio.minimum, ratio.maximum) == (1, 2)


def test_old_and_new_have_one_stretch_and_the_first_row_at_the_bottom(tmp_path: Path) -> None:
    old = np.zeros((4, 4))
    new = np.zeros((4, 4))
    new[0] = 100
    found = compared(tmp_path, *two_fits(tmp_path, old, new))
    first, second = found.pictures  # The ratio to zero does not exist.
    assert (first.low, first.high) == (second.low, second.high)
    assert pixels(tmp_path / first.file)[:, :, 0].max() == 0
    assert pixels(tmp_path / second.file)[-1, :, 0].tolist() == [255] * 4


def test_the_part_is_chosen_by_name_among_those_that_both_have(tmp_path: Path) -> None:
    tree = {
        "roman": {"data": np.ones((3, 3)), "err": np.eye(3), "other": np.ones((2, 2)), "list": np.ones(5)}
    }
    old = write_asdf(tmp_path, tree).rename(tmp_path / "old.asdf")
    tree["roman"]["other"] = np.ones((4, 4))
    new = write_asdf(tmp_path, tree)
    found = compared(tmp_path, old, new, "roman.err")
    assert (found.part, found.parts, found.changed) == ("roman.err", ("roman.data", "roman.err"), 0)
    assert compared(tmp_path, old, new, "<script>").part == "roman.data"


def test_a_cube_is_compared_in_its_middle_plane(tmp_path: Path) -> None:
    old, new = np.zeros((3, 4, 4)), np.zeros((3, 4, 4))
    new[0] = 1
    found = compared(tmp_path, *two_fits(tmp_path, old, new))
    assert (found.plane, found.changed) == ("plane 2 of 3", 0)


@pytest.mark.parametrize(
    ("shape", "name", "reason"),
    [
        ((5, 4), "SCI", "SCI has 4 by 5 pixels in the first, 4 by 4 in the other"),
        ((4, 4), "ERR", "Images of the first: ERR; of the second: SCI"),
        ((4,), "SCI", "Images of the first: none"),
    ],
)
def test_images_that_do_not_match_are_named(
    tmp_path: Path, shape: tuple[int, ...], name: str, reason: str
) -> None:
    old = write_fits(tmp_path, fits.ImageHDU(np.ones(shape), name=name), name="old.fits")
    new = write_fits(tmp_path, fits.ImageHDU(np.ones((4, 4)), name="SCI"), name="new.fits")
    assert reason in compared(tmp_path, old, new).problem


def test_the_child_refuses_what_it_cannot_read_and_what_is_too_big(tmp_path: Path) -> None:
    good, bad = write_fits(tmp_path, fits.ImageHDU(np.eye(3))), tmp_path / "bad.fits"
    bad.write_bytes(b"no FITS at all")
    place = tmp_path / "pictures"
    place.mkdir()
    with pytest.raises(RefusedJobError, match="Not FITS"):
        compare_pictures(good, bad, place, name="bad.fits", part="", observatory="jwst")
    with bad.open("r+b") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(RefusedJobError, match="too big"):
        compare_pictures(good, bad, place, name="bad.fits", part="", observatory="jwst")

import itertools
import warnings
from pathlib import Path

import pytest
from astropy.io import fits

from apps.certify.fits_structure import bytes_of_data, read_header
from tests.certify.looking import header, look
from tests.factories.header_files import primary, write_special_fits_files

GROUPS = ("GROUPS  =                    T", "GROUPS  =                    F", "")
AXES = ((), (0,), (5,), (0, 20), (0, 20, 2), (4, 20))


def first(groups: str, axes: tuple[int, ...], pcount: int, gcount: int) -> bytes:
    cards = ["SIMPLE  =                    T", "BITPIX  =                  -32", f"NAXIS   = {len(axes):>20}"]
    cards += [f"NAXIS{number:<3}= {axis:>20}" for number, axis in enumerate(axes, 1)]
    return header(*cards, groups, f"PCOUNT  = {pcount:>20}", f"GCOUNT  = {gcount:>20}")


@pytest.mark.parametrize(("groups", "axes"), [*itertools.product(GROUPS, AXES)])
def test_sizes_of_data_are_those_of_astropy(groups: str, axes: tuple[int, ...], tmp_path: Path) -> None:
    for pcount, gcount in ((0, 1), (3, 100)):
        path = tmp_path / "data.fits"
        path.write_bytes(first(groups, axes, pcount, gcount))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The data are missing.
            with fits.open(path) as extensions:
                theirs = extensions[0].size
        with path.open("rb") as stream:
            assert bytes_of_data(read_header(stream, is_first=True)) == theirs


def test_a_look_sees_every_part_that_astropy_sees(tmp_path: Path) -> None:
    for path in write_special_fits_files(tmp_path):
        if path.stem in ("groups", "nogroups", "first", "nulend", "someend", "wordsend"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Some END cards are odd.
                with fits.open(path) as extensions:
                    count = len(extensions)
            seen = look(path)
            assert (len(seen.parts), seen.failure) == (count, ""), path.stem


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
@pytest.mark.parametrize(
    "author", ["AUTHOR  = 'J\xfcrgen'", "AUTHOR  = J\xfcrgen", "AUTHOR  = 5 / J\xfcrgen"]
)
def test_a_card_that_is_no_ascii_is_shown_and_marked(author: str, encoding: str, tmp_path: Path) -> None:
    (path := tmp_path / "umlaut.fits").write_bytes(
        header(*primary(more=(author.encode(encoding).decode("latin-1"), "LATER   = 1")))
    )
    [part] = look(path).parts
    marked = [card.keyword for card in part.cards if "outside ASCII" in card.comment]
    assert (len(part.cards), marked) == (6, ["AUTHOR"])

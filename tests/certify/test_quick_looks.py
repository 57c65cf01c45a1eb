"""Looks into ordinary files."""

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from apps.certify.quick_looks.errors import BadLookError
from apps.certify.quick_looks.safe_text import shown
from apps.certify.quick_looks.values import VERSION, Card, QuickLook, loads
from tests.certify.looking import look, pixels, write_asdf, write_fits


def test_a_fits_file_is_its_hdus_with_their_cards(tmp_path: Path) -> None:
    science = fits.ImageHDU(np.zeros((3, 4, 5), ">f4"), name="SCI", ver=2)
    science.header["FILTER"] = ("F560W", "which light")
    science.header["LONG"] = "x" * 150
    science.header["HISTORY"] = "made by hand"
    seen = look(write_fits(tmp_path, science))
    assert (seen.format, [part.name for part in seen.parts]) == ("FITS", ["PRIMARY", "SCI 2"])
    first, part = seen.parts
    assert (first.type, first.shape, first.size) == ("header only", (), 0)
    assert (part.type, part.shape, part.dtype, part.size) == ("image", (3, 4, 5), "float32", 240)
    assert Card("FILTER", "F560W", "which light") in part.cards
    assert Card("LONG", "x" * 150, "") in part.cards
    assert Card("HISTORY", "made by hand", "") in part.cards
    assert Card("SIMPLE", "T", "conforms to FITS standard") in first.cards


def test_numbers_are_those_of_the_whole_array(tmp_path: Path) -> None:
    values = np.arange(24, dtype=">f8").reshape(2, 3, 4)
    values[0, 0, 0], values[1, 1, 1] = np.nan, np.inf
    [_, part] = look(write_fits(tmp_path, fits.ImageHDU(values))).parts
    finite = values[np.isfinite(values)]
    numbers = part.numbers
    assert numbers is not None
    assert (numbers.count, numbers.seen, numbers.odd, numbers.sampled) == (24, 24, 2, 22)
    assert (numbers.minimum, numbers.maximum) == (1.0, 23.0)
    assert numbers.mean == pytest.approx(finite.mean())
    assert numbers.median == np.median(finite)
    # Half a percent of 22 values means one value at each end.
    assert sum(numbers.histogram) == 20


def test_scaled_and_undefined_numbers_are_what_they_mean(tmp_path: Path) -> None:
    scaled = fits.ImageHDU(np.array([[0, 1], [2, -99]], ">i2"))
    scaled.header["BLANK"] = -99
    path = write_fits(tmp_path, fits.ImageHDU(np.array([[0, 60000], [5, 6]], "u2")), scaled)
    with fits.open(path, mode="update", do_not_scale_image_data=True) as hdus:
        hdus[2].header["BSCALE"], hdus[2].header["BZERO"] = 0.5, 10.0
    _, unsigned, other = look(path).parts
    assert unsigned.dtype == "uint16"
    assert unsigned.numbers is not None
    assert (unsigned.numbers.minimum, unsigned.numbers.maximum) == (0.0, 60000.0)
    assert other.dtype == "int16, scaled"
    assert other.numbers is not None
    assert (other.numbers.minimum, other.numbers.maximum, other.numbers.odd) == (10.0, 11.0, 1)


def test_the_middle_plane_is_drawn_with_its_first_row_at_the_bottom(tmp_path: Path) -> None:
    cube = np.zeros((2, 5, 8, 6), ">f4")
    cube[1, 2, 0, :] = 100  # The first row of the middle plane.
    cube[1, 2, 7, 0] = np.nan
    [_, part] = look(write_fits(tmp_path, fits.ImageHDU(cube))).parts
    assert part.picture is not None
    assert (part.picture.plane, part.picture.planes) == ((2, 3), (2, 5))
    assert (part.picture.width, part.picture.height, part.picture.step) == (6, 8, 1)
    assert [shade.stretch for shade in part.picture.shades] == ["linear", "asinh"]
    for shade in part.picture.shades:
        drawn = pixels(tmp_path / "look" / shade.file)
        assert drawn.shape == (8, 6, 4)
        assert drawn[-1, :, 0].tolist() == [255] * 6
        assert drawn[0, 0, 3] == 0  # NaN is transparent.
        assert drawn[1:, :, 3].min() == 255


def test_a_large_image_is_drawn_with_some_of_its_pixels(tmp_path: Path) -> None:
    [_, part] = look(write_fits(tmp_path, fits.ImageHDU(np.eye(1025, dtype="u1")))).parts
    assert part.picture is not None
    assert part.picture.step == 2
    assert pixels(tmp_path / "look" / part.picture.shades[0].file).shape[:2] == (513, 513)


@pytest.mark.parametrize("values", [np.zeros(10, ">f4"), np.zeros((1, 10), ">i2"), np.zeros((10, 1), ">i4")])
def test_what_has_one_dimension_has_numbers_and_no_picture(tmp_path: Path, values: np.ndarray) -> None:
    [_, part] = look(write_fits(tmp_path, fits.ImageHDU(values))).parts
    assert (part.picture, part.note) == (None, "")
    assert part.numbers is not None
    assert part.numbers.count == 10


def test_of_a_table_the_columns_and_first_rows_are_shown(tmp_path: Path) -> None:
    rows = np.zeros(
        7,
        [("NAME", "S8"), ("N", ">i2"), ("X", ">f8"), ("OK", "?"), ("V", ">f4", (9,)), ("C", ">c8")],
    )
    rows["NAME"], rows["N"], rows["X"] = b"<b>F1", np.arange(7), 0.25
    rows["OK"][0], rows["V"][:] = True, np.arange(9)
    table = fits.BinTableHDU(rows, name="T")
    table.columns["X"].unit = "nm"
    table.columns["N"].null = 3
    [_, part] = look(write_fits(tmp_path, table)).parts
    assert (part.type, part.shape) == ("binary table", (7,))
    columns = {column.name: column for column in part.columns}
    assert columns["NAME"].first == ("<b>F1",) * 5
    assert columns["N"].first == ("0", "1", "2", "", "4")
    assert (columns["X"].unit, columns["X"].format, columns["X"].first[0]) == ("nm", "D", "0.25")
    assert columns["OK"].first[:2] == ("T", "F")
    assert columns["V"].first[0] == "0, 1, 2, 3, 4, 5, …"
    assert columns["C"].first[0] == "0+0j"


def test_unsigned_lists_and_text_tables_are_read(tmp_path: Path) -> None:
    lists = fits.BinTableHDU.from_columns(
        [
            fits.Column("U", "J", array=np.array([4_000_000_000], "u4"), bzero=2**31),
            fits.Column("L", "PJ()", array=np.array([np.arange(3)], object)),
            fits.Column("B", "12X", array=np.array([[True] * 12])),
        ]
    )
    text = fits.TableHDU.from_columns(
        [fits.Column("NAME", "A6", array=np.array(["abc"])), fits.Column("X", "F8.3", array=np.array([1.5]))]
    )
    _, binary, plain = look(write_fits(tmp_path, lists, text)).parts
    assert [column.first[0] for column in binary.columns] == ["4000000000", "3 values", "11111111 11110000"]
    assert (plain.type, [column.first[0] for column in plain.columns]) == ("text table", ["abc", "1.500"])


@pytest.mark.parametrize("compression", ["RICE_1", "GZIP_1", "PLIO_1", "HCOMPRESS_1"])
def test_an_image_in_compressed_tiles_is_shown_as_an_image(tmp_path: Path, compression: str) -> None:
    values = np.arange(32 * 16, dtype=">i2").reshape(16, 32)
    path = write_fits(tmp_path, fits.CompImageHDU(values, name="SCI", compression_type=compression))
    [_, part] = look(path).parts
    assert (part.type, part.shape, part.dtype) == ("compressed image", (16, 32), "int16")
    assert part.numbers is not None
    assert (part.numbers.minimum, part.numbers.maximum) == (0, 511)
    assert part.picture is not None
    assert (part.picture.width, part.picture.height) == (32, 16)


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"ZNAXIS1": 10**9}, "only up to 67,108,864 are unpacked"),
        ({"ZNAXIS1": 64}, "cannot be read"),
        ({"ZBITPIX": "no"}, "ZBITPIX"),
        ({"ZCMPTYPE": "NONE_1"}, "cannot be read"),
    ],
)
def test_compressed_tiles_that_promise_too_much_get_a_note(
    tmp_path: Path, cards: dict[str, object], reason: str
) -> None:
    path = write_fits(tmp_path, fits.CompImageHDU(np.zeros((32, 32), ">i2"), name="SCI"))
    with fits.open(path, mode="update", disable_image_compression=True) as hdus:
        hdus[1].header.update(cards)
    [_, part] = look(path).parts
    assert reason in part.note


def test_random_groups_are_named(tmp_path: Path) -> None:
    groups = fits.GroupData(np.zeros((3, 2, 2), ">f4"), parnames=["A"], pardata=[np.zeros(3)], bitpix=-32)
    fits.GroupsHDU(groups).writeto(tmp_path / "groups.fits")
    [part] = look(tmp_path / "groups.fits").parts
    assert (part.type, part.size) == ("random groups", 3 * 5 * 4)


@pytest.mark.parametrize("how", [{}, *({"all_array_compression": each} for each in ("zlib", "bzp2", "lz4"))])
def test_an_asdf_file_is_its_tree_and_its_arrays(tmp_path: Path, how: dict[str, str]) -> None:
    values = np.arange(12, dtype="f4").reshape(3, 4)
    tree = {
        "meta": {"filter": "F560W", "list": [1, 2, 3], "many": list(range(9))},
        "data": {"sci": values, "turned": values.T, "ok": values > 3, "wave": values.astype("c8")},
    }
    seen = look(write_asdf(tmp_path, tree, **how))
    roots = {node.key: node for node in seen.tree}
    meta = {node.key: node.text for node in roots["meta"].children}
    assert meta == {"filter": "F560W", "list": "[1, 2, 3]", "many": "[0, 1, 2, 3, 4, 5, … 9 in all]"}
    arrays = {part.name: part for part in seen.parts}
    assert arrays["data.sci"].shape == (3, 4)
    assert arrays["data.turned"].shape == (4, 3)
    assert [arrays[f"data.{name}"].dtype for name in ("sci", "ok", "wave")] == [
        "float32",
        "bool8",
        "complex64",
    ]
    for part in seen.parts:
        assert (part.note, part.picture is not None) == ("", True)
    turned, wave = arrays["data.turned"].numbers, arrays["data.wave"].numbers
    assert turned is not None
    assert wave is not None
    assert (turned.minimum, turned.maximum, turned.median) == (0.0, 11.0, 5.5)
    assert wave.maximum == 11.0
    described = next(node for node in roots["data"].children if node.key == "sci")
    assert described.array == arrays["data.sci"].number


def test_arrays_in_the_tree_are_read_and_text_is_named(tmp_path: Path) -> None:
    tree = {"small": np.array([[1, 2], [3, 4]], "i4"), "words": np.array(["a", "b"])}
    seen = look(write_asdf(tmp_path, tree, all_array_storage="inline"))
    small, words = seen.parts
    assert small.numbers is not None
    assert (small.shape, small.numbers.mean) == ((2, 2), 2.5)
    assert "ucs4" in words.note


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.json", '{"b":[1]}', ("JSON", '{\n  "b": [\n    1\n  ]\n}')),
        ("a.yaml", "b: [1]\n", ("YAML", "b: [1]\n")),
        ("a.text", "line\n", ("text", "line\n")),
        ("a.r0h", f"{'SIMPLE  =                    F':80}\n", ("text", None)),
    ],
)
def test_text_is_shown(tmp_path: Path, name: str, text: str, expected: tuple[str, str | None]) -> None:
    (tmp_path / name).write_text(text)
    seen = look(tmp_path / name)
    assert (seen.format, seen.text) == (expected[0], text if expected[1] is None else expected[1])
    assert not seen.is_cut


def test_long_text_is_cut(tmp_path: Path) -> None:
    (tmp_path / "a.text").write_text("x" * 100_000)
    seen = look(tmp_path / "a.text")
    assert seen.is_cut
    assert len(seen.text) < 70_000


def test_text_that_steers_is_shown_harmless() -> None:
    assert shown("a\x1b[2J\u202eb\nc\td") == "a\ufffd[2J\ufffdb\nc\td"


def test_a_look_of_another_version_is_none() -> None:
    plain = json.loads(QuickLook(format="FITS").dumps())
    assert loads(json.dumps(plain).encode()) == QuickLook(format="FITS")
    for wrong in ({**plain, "version": VERSION + 1}, {**plain, "parts": [1]}, {**plain, "text": 5}, [], {}):
        with pytest.raises(BadLookError):
            loads(json.dumps(wrong).encode())
    with pytest.raises(BadLookError):
        loads(QuickLook().dumps()[:-5])

"""The header that the page reads from a file, card for card the header that the client reads."""

import gzip
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from apps.bestrefs.pasted_header import read_header
from apps.rules.conditioning import condition_value
from tests.factories.header_files import write_asdf_files, write_fits_files, write_special_fits_files
from tests.needs import archives
from tests.roots import PROJECT
from tests.rules.oracle import ask_client, differences, load_context, our_answer
from tests.shared_data import sample_files
from tests.warm_python import warm_client

pytestmark = pytest.mark.needs("node")

THEIRS = """
import gc, json, sys, warnings
warnings.simplefilter("ignore")
gc.collect = lambda *_: 0  # The client collects garbage around each file.
from crds import data_file
from crds.core import log
log.THE_LOGGER.logger.handlers[:] = []
found = {}
for path in sys.argv[2:]:
    try:
        found[path] = data_file.get_conditioned_header(path, (), None, sys.argv[1])
    except Exception as exc:
        found[path] = str(exc)
json.dump(found, sys.stdout)
"""
OURS = """
import { openAsBlob } from "node:fs";
const found = {};
for (const path of process.argv.slice(2)) {
  try {
    found[path] = (await readHeader(await openAsBlob(path))).text;
  } catch (error) {
    found[path] = null;
  }
}
process.stdout.write(JSON.stringify(found));
"""


def read_by_client(paths: list[Path], observatory: str) -> dict[str, Any]:
    """Return the conditioned header that the client reads from each file, or the reason why it reads none."""
    environment = {
        "CRDS_SERVER_URL": f"https://{observatory}-serverless.invalid",
        "CRDS_OBSERVATORY": observatory,
        "HOME": str(paths[0].parent),
        "CRDS_PATH": str(paths[0].parent),
    }
    done = warm_client().run(["-c", THEIRS, observatory, *paths], env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    headers: dict[str, Any] = json.loads(done.stdout)
    return headers


def read_by_page(paths: list[Path], folder: Path) -> dict[str, str | None]:
    """Return the header that the script of the page reads from each file, or None if it cannot read it."""
    program = folder / "read.mjs"
    program.write_text((PROJECT / "static/js/fits_header.js").read_text() + OURS)
    done = subprocess.run(
        ["node", program, *map(str, paths)], capture_output=True, text=True, check=True, timeout=300
    )
    texts: dict[str, str | None] = json.loads(done.stdout)
    return texts


def unlike(theirs: dict[str, str], text: str) -> dict[str, tuple[str, str]]:
    """Return keyword to the value of the client and ours, where they differ.

    The client shows an undefined value as an address in memory. Commentary is not a parameter.
    """
    ours = {key: condition_value(value) for key, value in read_header(text).items()}
    wanted = {
        key: "UNDEFINED" if "UNDEFINED OBJECT AT" in value else value
        for key, value in theirs.items()
        if key not in ("COMMENT", "HISTORY", "FILE_FORMAT", "CONTINUE") and is_key(key)
    }
    return {
        key: (wanted.get(key, "-"), ours.get(key, "-"))
        for key in (*wanted, *ours)
        if wanted.get(key) != ours.get(key)
    }


def is_key(key: str) -> bool:
    """Return whether rules could ask for a keyword: their keywords hold no blanks."""
    return key.replace("_", "").replace("-", "").replace(".", "").isalnum() and key.isascii()


def require_equal(paths: list[Path], folder: Path, observatory: str) -> None:
    theirs, texts = read_by_client(paths, observatory), read_by_page(paths, folder)
    found = {}
    for path in map(str, paths):
        if isinstance(theirs[path], str):
            continue  # The client cannot read this file in any case.
        text = texts[path]
        assert text is not None, f"{path} could not be read by the page"
        if unequal := unlike(theirs[path], text):
            found[Path(path).name] = unequal
    assert found == {}
    assert sum(isinstance(each, dict) for each in theirs.values()) > len(paths) / 2


def test_a_file_for_each_odd_card_is_read_as_the_client_reads_it(tmp_path: Path) -> None:
    require_equal(write_special_fits_files(tmp_path), tmp_path, "hst")


@pytest.mark.parametrize("seed", range(2))
def test_files_with_odd_cards_and_extensions_are_read_as_the_client_reads_them(
    seed: int, tmp_path: Path
) -> None:
    require_equal(write_fits_files(tmp_path, seed=seed, count=60), tmp_path, "hst")


@pytest.mark.parametrize(("name", "observatory"), [("jwst", "jwst"), ("roman", "roman")])
def test_trees_of_asdf_files_are_read_as_the_client_reads_them(
    name: str, observatory: str, tmp_path: Path
) -> None:
    path = next(path for path in write_asdf_files(tmp_path) if path.stem == name)
    theirs, texts = read_by_client([path], observatory), read_by_page([path], tmp_path)
    told = theirs[str(path)]
    assert isinstance(told, dict), told
    # The client adds FITS keywords to paths, as the page does later, and names values that are not simple.
    in_tree = {key: value for key, value in told.items() if "." in key and key != "META.INSTRUMENT.TYPE"}
    simple = {key: value for key, value in in_tree.items() if not value.startswith("SUPRESSED")}
    assert unlike(simple, str(texts[str(path)])) == {}


def test_a_compressed_file_is_read_as_the_file_in_it(tmp_path: Path) -> None:
    plain = write_special_fits_files(tmp_path)
    packed = [tmp_path / f"{path.name}.gz" for path in plain]
    for path, copy in zip(plain, packed, strict=True):
        copy.write_bytes(gzip.compress(path.read_bytes()))
    texts = read_by_page([*plain, *packed], tmp_path)
    assert [texts[str(path)] for path in packed] == [texts[str(path)] for path in plain]


def test_a_compressed_image_has_the_axes_of_the_image(tmp_path: Path) -> None:
    path = tmp_path / "packed.fits"
    image = fits.CompImageHDU(np.arange(600, dtype="int16").reshape(20, 30))
    last = fits.ImageHDU(np.zeros((2, 2)), name="LAST")
    last.header["FILTER1"] = "F606W"
    fits.HDUList([fits.PrimaryHDU(), image, last]).writeto(path)
    theirs, texts = read_by_client([path], "hst"), read_by_page([path], tmp_path)
    ours = read_header(str(texts[str(path)]))
    wanted = {"NAXIS": "0", "NAXIS1": "30", "NAXIS2": "20", "FILTER1": "F606W"}
    assert {key: ours[key] for key in wanted} == wanted
    assert {key: theirs[str(path)][key] for key in wanted} == {
        key: condition_value(value) for key, value in wanted.items()
    }


@pytest.mark.needs("real-data")
@pytest.mark.parametrize("name", ["j8bt05njq_raw.fits", "j8bt06o6q_raw.fits", "s7g1700gl_dead.fits"])
def test_real_files_are_read_as_the_client_reads_them(name: str, tmp_path: Path) -> None:
    require_equal([Path(shutil.copy(sample_files() / "hst" / name, tmp_path))], tmp_path, "hst")


@pytest.mark.needs("real-data")
def test_answers_for_a_file_are_those_the_client_gives(tmp_path: Path) -> None:
    """Compare with real rules, and with the cases that once failed, if they are there."""
    cases = sorted((archives().parent / "cases" / "fits-headers").glob("*.fits"))
    paths = [*write_special_fits_files(tmp_path), *cases]
    theirs, texts = read_by_client(paths, "hst"), read_by_page(paths, tmp_path)
    read = [str(path) for path in paths if isinstance(theirs[str(path)], dict)]
    assert {str(path) for path in cases} <= set(read)
    headers = [theirs[path] for path in read]
    [outcome] = ask_client([{"name": "hst_0729.pmap", "headers": headers}], "hst")
    context = load_context("hst_0729.pmap")
    found = [
        (Path(path).name, line)
        for path, answer in zip(read, outcome["answers"], strict=True)
        for line in differences(answer, our_answer(context, read_header(str(texts[path]))))
        if "UNDEFINED OBJECT AT" not in line
    ]
    assert found == []

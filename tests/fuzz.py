"""Random inputs for the parsers of texts from outside: each answers or refuses, soon and as it should.

``python -m tests.fuzz --inputs 1000000 --seed 1`` mutates good inputs, and prints the counts.
"""

import argparse
import atexit
import contextlib
import io
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

import numpy as np  # noqa: E402
from astropy.io import fits  # noqa: E402
from django.core.exceptions import ImproperlyConfigured, ValidationError  # noqa: E402
from django.http import QueryDict  # noqa: E402
from django.http.multipartparser import MultiPartParserError  # noqa: E402
from pydantic import ValidationError as BadBodyError  # noqa: E402

from apps.api import schemas  # noqa: E402
from apps.bestrefs.pasted_header import read_header  # noqa: E402
from apps.certify.quick_looks.array_summary import ArraySummarizer  # noqa: E402
from apps.certify.quick_looks.errors import UnreadableFileError  # noqa: E402
from apps.certify.quick_looks.limits import MOST_PICTURES  # noqa: E402
from apps.certify.quick_looks.make import read as look  # noqa: E402
from apps.certify.table_reading.read import read as read_table  # noqa: E402
from apps.certify.trees import read_json, read_yaml  # noqa: E402
from apps.datasets import import_rows, readers  # noqa: E402
from apps.datasets.errors import BadRowError  # noqa: E402
from apps.observatories.forms import FORMS_BY_NAME  # noqa: E402
from apps.rpc import parsing  # noqa: E402
from apps.rules.errors import CrdsError  # noqa: E402
from apps.rules.naming.specifiers import parse_specifier  # noqa: E402
from apps.rules.observatories import get_observatory  # noqa: E402
from apps.rules.observatories.definition_reader import read_definition  # noqa: E402
from apps.rules.observatories.overlay import read_overlay  # noqa: E402
from apps.rules.text.parser import parse_mapping  # noqa: E402
from apps.submissions.uploads.handler import parse_range  # noqa: E402
from apps.submissions.uploads.multipart import MultipartReader  # noqa: E402
from apps.subscriptions.receivers import require_receiver  # noqa: E402
from apps.web.file_pages.table_views import wanted_part  # noqa: E402
from crds_server import env  # noqa: E402
from tests.factories.catalog import make_pmap, make_rmap  # noqa: E402
from tests.factories.definitions import KECKAO  # noqa: E402

SLOW = 20.0  # seconds of processor time; a busy machine takes several times as long for the same work
PIECES = [
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b"(",
        b")",
        b",",
        b":",
        b'"',
        b"'",
        b"\\",
        b"\0",
        b"\n",
        b"\r\n",
        b"=",
        b"#",
        b"*",
    ),
    *(
        b"\xff",
        b"\xc3\xbc",
        b"\\u0000",
        b"\\ud800",
        b"1e999",
        b"NaN",
        b"&a",
        b"*a",
        b"<<: *a",
        b"- ",
        b"---\n",
    ),
    *(b"--limit", b"--limit--", b"END", b"SIMPLE  =", b"CONTINUE  ", b"HIERARCH ", b"9" * 400, b"A" * 300),
]
DATASETS = (
    b'{"dataset_id": "jw00001001001_02101_00001:jw00001001001_02101_00001.mirimage", "prog_id": "00001", '
    b'"header": {"META.INSTRUMENT.NAME": "MIRI", "META.OBSERVATION.DATE": "2024-02-03", "A": [1, null]}}\n'
    b'{"header": {}, "dataset_id": null}\n[]\n'
)
OVERLAY = b"""observatory: jwst
version: 1.1
keywords:
  FILTER: [Z, Y]
every_reference:
  AUTHOR: {required: yes}
instruments:
  miri:
    dark:
      provisional: yes
      keywords: {META.INSTRUMENT.FILTER: [F999W]}
      constraints:
        EXPTIME: {required: warn, type: real, check: (float(EXPTIME) > 0)}
"""
FORM = b'--limit\r\nContent-Disposition: form-data; name="files"; filename="a.fits"\r\n\r\nx\r\n--limit--\r\n'


def _multipart(data: bytes) -> None:
    stream = io.BytesIO(data)
    for part in MultipartReader(stream.read, b"limit").parts():
        for _block in part.content:
            pass


def _dataset_lines(data: bytes) -> None:
    """Read rows as those who post them do, and check each as an import does."""
    _check(readers.read_lines(io.BytesIO(data)))


def _dataset_file(suffix: str) -> Callable[[bytes], object]:
    def parse(data: bytes) -> None:
        path = _folder() / f"datasets{suffix}"
        path.write_bytes(data)
        _check(readers.read(path))

    return parse


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, folder)
    return folder


def _check(rows: Any) -> None:
    make_row = import_rows.row_maker("jwst")
    for _number, raw in islice(rows, 1000):
        if isinstance(raw, BadRowError):
            continue
        with contextlib.suppress(CrdsError):
            make_row(raw)


def _parquet() -> bytes:
    from pyarrow import Table, parquet

    stream = io.BytesIO()
    columns = {"dataset_id": ["a", "b"], "META.INSTRUMENT.NAME": ["MIRI", None], "n": [1.5, 2.0]}
    parquet.write_table(Table.from_pydict(columns), stream)
    return stream.getvalue()


def _overlay(text: str) -> None:
    observatory = get_observatory("jwst")
    read_overlay(text, name=observatory.name, types=observatory.types)


def _definition_form(data: bytes) -> None:
    """Fill in a form of the page of the definition, and read the text that it makes."""
    text, sent = KECKAO, QueryDict(data)
    form = FORMS_BY_NAME.get(sent.get("what", ""), FORMS_BY_NAME["constraint"])(sent)
    if form.is_valid():
        read_definition(form.edited(text, read_definition(text)))


def _settings(data: bytes) -> None:
    """Read two settings of the view of an archive: the first line is the address, the others are columns."""
    address, _, columns = data.replace(b"\0", b"").partition(b"\n")
    given = {"ARCHIVE_DATABASE_URL": os.fsdecode(address), "ARCHIVE_VIEW_COLUMNS": os.fsdecode(columns)}
    with patch.dict(os.environ, given):
        env.database_address("ARCHIVE_DATABASE_URL")
        env.pairs("ARCHIVE_VIEW_COLUMNS", "", r"([A-Za-z_]\w*) *= *([A-Z][A-Z0-9._-]*)")


def _table(data: bytes) -> None:
    """Read a table whose header or content was changed."""
    path = _folder() / "table.fits"
    path.write_bytes(data)
    read_table(path, wanted_part(QueryDict("part=1&x=a&y=b")))


def _table_parameters(data: bytes) -> None:
    path = _folder() / "whole-table.fits"
    if not path.exists():
        path.write_bytes(_fits_table())
    read_table(path, wanted_part(QueryDict(data)))


def _look(data: bytes) -> None:
    """Look into a file; its arrays are measured and not drawn, which would take most of the time."""
    path = _folder() / "image.fits"
    path.write_bytes(data)
    with contextlib.suppress(UnreadableFileError):
        look(path, ArraySummarizer(_folder(), drawn=MOST_PICTURES), name=path.name)


@cache
def _fits_table() -> bytes:
    columns = [
        fits.Column("a", "E", array=[1, 2, 3], unit="um"),
        fits.Column("b", "J", array=[4, 5, 6], null=5),
        fits.Column("c", "3D", array=np.ones((3, 3))),
        fits.Column("d", "4A", array=["x", "y", "z"]),
    ]
    return _written(fits.BinTableHDU.from_columns(columns, name="SPEC"))


def _compressed_image(way: str) -> bytes:
    pixels = np.arange(400, dtype="i2").reshape(20, 20)
    return _written(fits.CompImageHDU(pixels, compression_type=way))


def _written(hdu: Any) -> bytes:
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    return stream.getvalue()


def _text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: parse(data.decode("utf-8", "replace"))


TARGETS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "mapping": (
        _text(lambda text: parse_mapping(text, "x.rmap")),
        [make_rmap().encode(), make_pmap().encode()],
    ),
    "json-rpc": (
        parsing.parse,
        [b'{"jsonrpc": "1.0", "method": "a", "params": [["b", {"c": 1.5}]], "id": "x"}'],
    ),
    "header": (
        _text(read_header),
        [b"INSTRUME= 'ACS     ' / who\nDATE-OBS= '2020-01-01'\nEND", b'{"A": {"B": 1}}', b"a: {b: [1, 2]}\n"],
    ),
    "yaml": (read_yaml, [b"a: &a {b: [1, 2], c: d}\ne: *a\n"]),
    "json": (read_json, [b'{"a": [1, {"b": null}]}']),
    "specifier": (
        _text(parse_specifier),
        [b"jwst-miri-dark-2020-01-01T00:00:00", b"jwst-edit", b"jwst_0001.pmap"],
    ),
    "range": (_text(parse_range), [b"bytes 0-9/10"]),
    "multipart": (_multipart, [FORM]),
    "dataset-lines": (_dataset_lines, [DATASETS, b'{"a:b": {"META.INSTRUMENT.NAME": "MIRI"}}\n']),
    "dataset-json": (_dataset_file(".json"), [DATASETS, b'{"a:b": {"A": "B"},\n "c:d": {"A": 1e3}}']),
    "dataset-csv": (
        _dataset_file(".csv"),
        [b'dataset_id,META.INSTRUMENT.NAME,A\na,MIRI,"1\n2"\nb,NIRCAM,\n'],
    ),
    "definition": (_text(read_definition), [KECKAO.encode()]),
    "overlay": (_text(_overlay), [OVERLAY]),
    "definition-form": (
        _definition_form,
        [
            b"what=constraint&keyword=EXPTIME&required=warn&when=(DETECTOR=='H4RG_B')&values=1,2&type=real",
            b"what=value&keyword=FILTER&values=Z,Y",
            b"what=instrument&instrument=nirc3&type=dark&text=Dark&match=A,B&select=Match&extension=.fits",
        ],
    ),
    "submission-body": (
        schemas.SubmissionOrder.model_validate_json,
        [b'{"kind": "delete", "instrument": "miri", "auto_rename": true, "names": ["a.fits"]}'],
    ),
    "question-body": (
        schemas.ExplanationQuestion.model_validate_json,
        [b'{"header": {"A": "B"}, "context": null, "types": ["dark"]}'],
    ),
    "web-hook": (
        _text(require_receiver),
        [b"https://example.org:8443/crds?a=b", b"https://[2001:db8::1]/x", b"https://10.0.0.1/"],
    ),
    "archive-view": (
        _settings,
        [
            b"postgresql://me:secret@db.example.org:5432/archive?sslmode=require\ninst=META.INSTRUMENT.NAME,d=A"
        ],
    ),
    "table": (_table, [_fits_table()]),
    "table-parameters": (_table_parameters, [b"part=1&row=2&column=1&x=a&y=b", b"x=c&y=d"]),
    "compressed-image": (_look, [_compressed_image(way) for way in ("RICE_1", "GZIP_1", "PLIO_1")]),
}
if find_spec("pyarrow"):
    TARGETS["dataset-parquet"] = (_dataset_file(".parquet"), [_parquet()])
REFUSALS = (CrdsError, MultiPartParserError, ValidationError, BadBodyError, ImproperlyConfigured)


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Return an input with a few random changes."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(found))
        match chance.randrange(4):
            case 0:
                found[at:at] = chance.choice(PIECES) * chance.choice((1, 1, 1, 2, 50))
            case 1:
                del found[at : at + chance.randint(1, 20)]
            case 2:
                found[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                piece = found[at : at + chance.randint(1, 40)]
                found[at:at] = piece * chance.choice((1, 2, 20))
    return bytes(found)


def run(inputs: int, seed: int, *, until: float = float("inf")) -> Counter[str]:
    """Return how many inputs each parser answered or refused; raise with the input of any other error."""
    chance, counts = random.Random(seed), Counter[str]()
    names = list(TARGETS)
    for parse, good in TARGETS.values():  # The first call imports a library, which takes time.
        with contextlib.suppress(*REFUSALS):
            parse(good[0])
    while counts.total() < inputs and time.monotonic() < until:
        name = names[counts.total() % len(names)]
        parse, good = TARGETS[name]
        data = mutated(chance, chance.choice(good))
        began, outcome = time.process_time(), "answered"
        try:
            parse(data)
        except REFUSALS:
            outcome = "refused"
        except Exception as exc:
            raise AssertionError(f"{name}: {type(exc).__name__}: {data[:1000]!r}") from exc
        assert time.process_time() - began < SLOW, f"{name} was slow: {data[:1000]!r}"
        counts[f"{name} {outcome}"] += 1
    return counts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    options = parser.parse_args()
    counts = run(options.inputs, options.seed, until=time.monotonic() + 60 * options.minutes)
    for name, count in sorted(counts.items()):
        sys.stdout.write(f"{name}: {count}\n")
    sys.stdout.write(f"seed {options.seed}: {counts.total()} inputs, no error and none slow.\n")


if __name__ == "__main__":
    main()

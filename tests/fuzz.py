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

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.http.multipartparser import MultiPartParserError  # noqa: E402

from apps.bestrefs.pasted_header import read_header  # noqa: E402
from apps.certify.trees import read_json, read_yaml  # noqa: E402
from apps.datasets import import_rows, readers  # noqa: E402
from apps.datasets.errors import BadRowError  # noqa: E402
from apps.rpc import parsing  # noqa: E402
from apps.rules.errors import CrdsError  # noqa: E402
from apps.rules.naming.specifiers import parse_specifier  # noqa: E402
from apps.rules.observatories.definition_reader import read_definition  # noqa: E402
from apps.rules.text.parser import parse_mapping  # noqa: E402
from apps.submissions.uploads.handler import parse_range  # noqa: E402
from apps.submissions.uploads.multipart import MultipartReader  # noqa: E402
from tests.factories.catalog import make_pmap, make_rmap  # noqa: E402
from tests.factories.definitions import KECKAO  # noqa: E402

SLOW = 1.0  # seconds of processor time
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
}
if find_spec("pyarrow"):
    TARGETS["dataset-parquet"] = (_dataset_file(".parquet"), [_parquet()])
REFUSALS = (CrdsError, MultiPartParserError)


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

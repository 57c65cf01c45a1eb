import json
import subprocess
import sys
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from apps.certify.headers import MOST_KEYWORDS, UnreadableHeaderError, read_header
from tests.certify.looking import asdf_text
from tests.shared_data import sample_files
from tests.warm_python import warm_client

pytestmark = pytest.mark.shared_data


def make_fits(folder: Path, *headers: dict, name: str = "data.fits") -> Path:
    """Write a file with an extension for each header; the first one is the primary."""
    extensions = fits.HDUList([fits.PrimaryHDU()] + [fits.ImageHDU(np.zeros((2, 2))) for _ in headers[1:]])
    for extension, header in zip(extensions, headers, strict=False):
        extension.header.update(header)
    extensions.writeto(folder / name)
    return folder / name


def make_asdf(folder: Path, tree: str, *, end: str = "...\n") -> Path:
    path = folder / "data.asdf"
    path.write_text(f"#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n%YAML 1.1\n--- !core/asdf-1.1.0\n{tree}\n{end}")
    return path


def test_of_a_keyword_in_several_extensions_the_first_counts(tmp_path: Path) -> None:
    found = read_header(
        make_fits(tmp_path, {"INSTRUME": "ACS"}, {"INSTRUME": "COS", "FILTER": "B"}, {"FILTER": "C"})
    )
    assert (found["INSTRUME"], found["FILTER"]) == ("ACS", "B")


def test_values_are_the_text_of_what_the_card_means(tmp_path: Path) -> None:
    found = read_header(
        make_fits(tmp_path, {"A": 1, "B": 2.5, "C": True, "D": "x ", "E": fits.card.Undefined()})
    )
    assert [found[key] for key in "ABCDE"] == ["1", "2.5", "True", "x", "UNDEFINED"]


def test_comments_are_joined(tmp_path: Path) -> None:
    path = make_fits(tmp_path, {"COMMENT": "one"})
    with fits.open(path, mode="update") as extensions:
        extensions[0].header.add_comment("two")
    assert read_header(path)["COMMENT"] == "one\ntwo"


@pytest.mark.parametrize(
    "name", ["hst/j8bt05njq_raw.fits", "hst/j8bt06o6q_raw.fits", "jwst/jwst_miri_ipc_0004.fits"]
)
def test_headers_are_those_the_client_reads(name: str) -> None:
    program = (
        "import json, sys; from crds import data_file\n"
        "print(json.dumps(data_file.get_free_header(sys.argv[1], (), None, sys.argv[2])))"
    )
    path = sample_files() / name
    done = warm_client().run(["-c", program, path, name.split("/")[0]])
    theirs = json.loads(done.stdout)
    ours = read_header(path)
    differing = {key for key in ours if ours[key] != theirs.get(key)}
    assert differing <= {key for key in ours if ours[key] == "UNDEFINED"} | {"COMMENT", "HISTORY"}


def test_the_tree_of_an_asdf_file_has_dotted_upper_case_keys(tmp_path: Path) -> None:
    values = "a: 1, b: 2.5, c: true, d: text, e: [1, 2], f: null, g: !time/time-1.1.0 2020-01-01T00:00:00.000"
    tree = f"roman:\n  meta: {{{values}}}"
    assert read_header(make_asdf(tmp_path, tree)) == {
        "ROMAN.META.A": "1",
        "ROMAN.META.B": "2.5",
        "ROMAN.META.C": "True",
        "ROMAN.META.D": "text",
        "ROMAN.META.G": "2020-01-01T00:00:00",
    }


def test_a_roman_file_is_read_without_its_data_models() -> None:
    found = read_header(sample_files() / "roman" / "roman_wfi16_f158_flat_small.asdf")
    assert found["ROMAN.META.INSTRUMENT.DETECTOR"] == "WFI16"
    assert found["ROMAN.META.TELESCOPE"] == "ROMAN"
    assert not any(key.startswith("ROMAN.DATA") and "SHAPE" in key for key in found)


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "data.fits"
    path.write_bytes((sample_files() / "jwst" / "valid.asdf").read_bytes())
    assert read_header(path)["META.INSTRUMENT.NAME"] == "NIRSPEC"


@pytest.mark.parametrize("size", [0, 9, 80, 2879, 2880, 5760, 20_000])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "data.fits"
    path.write_bytes((sample_files() / "hst" / "j8bt05njq_raw.fits").read_bytes()[:size])
    with pytest.raises(UnreadableHeaderError):
        read_header(path)


def test_a_file_whose_last_data_are_cut_off_is_refused(tmp_path: Path) -> None:
    path = make_fits(tmp_path, {}, {"FILTER": "B"})
    path.write_bytes(path.read_bytes()[:-2880])
    with pytest.raises(UnreadableHeaderError, match="cut off"):
        read_header(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"something else",
        b"\x1f\x8b" + b"\0" * 100,
        b"<html>",
        b"SIMPLE  =" + b"\xff\0" * 40_000,
        b"SIMPLE  =                    T".ljust(80) + b" " * 28_800,
        b"SIMPLE  =                    T".ljust(80) + b"BITPIX  = NONSENSE".ljust(80) + b"END".ljust(2720),
        b"#ASDF",
        b"#ASDF 1.0.0\n...\n",
        b"#ASDF\0\xff\n...\n",
    ],
)
def test_what_is_neither_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.fits"
    path.write_bytes(content)
    with pytest.raises(UnreadableHeaderError):
        read_header(path)


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ("a: " + "[" * 100_000, "nested deeper"),
        ("a: " + "{a: " * 100_000, "nested deeper"),
        ("- " * 100_000, "nested deeper"),
        ("a: &a {b: *a}", "recursive"),
        ("[1, 2]", "not a mapping"),
        ("a: *missing", "not YAML that can be read"),
        ("a: [", "not YAML that can be read"),
        (
            "a0: &a0 {}\n"
            + "\n".join(
                f"a{i}: &a{i} {{{', '.join(f'k{j}: *a{i - 1}' for j in range(9))}}}" for i in range(1, 20)
            ),
            "its aliases, written out",
        ),
        (
            "a: &a {k: 1}\n" + "".join(f"b{i}: {{<<: *a}}\n" for i in range(100_000)),
            "its aliases, written out",
        ),
        ("\n".join(f"k{number}: 1" for number in range(100_001)), "more than"),
    ],
)
def test_a_hostile_tree_is_refused(tmp_path: Path, tree: str, reason: str) -> None:
    with pytest.raises(UnreadableHeaderError, match=reason):
        read_header(make_asdf(tmp_path, tree))


def test_a_tree_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableHeaderError, match="does not end"):
        read_header(make_asdf(tmp_path, "a: 1", end=""))


def test_nothing_in_a_tree_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    call = f"['{mark}']"
    tree = (
        f"a: !!python/object/apply:os.mkdir {call}\nb: !<tag:yaml.org,2002:python/object/new:os.mkdir> {call}"
    )
    assert read_header(make_asdf(tmp_path, tree)) == {}
    assert not mark.exists()


def test_more_keywords_than_any_file_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.certify.headers.MOST_KEYWORDS", 10)
    assert MOST_KEYWORDS > 1000
    with pytest.raises(UnreadableHeaderError, match="more than 10 keywords"):
        read_header(make_fits(tmp_path, {f"KEY{number}": 1 for number in range(10)}))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableHeaderError, match="cannot be read"):
        read_header(tmp_path / "nothing.fits")


def test_no_warning_escapes(tmp_path: Path) -> None:
    path = make_fits(tmp_path, {"A": 1})
    path.write_bytes(path.read_bytes().replace(b"A       =", b"a       ="))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_header(path)["A"] == "1"


def test_the_start_and_the_web_process_do_without_the_science_stack() -> None:
    program = (
        "import sys, os; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'tests.settings')\n"
        "import django; django.setup()\n"
        "import crds_server.urls, apps.datasets.readers, apps.certify.headers\n"
        "import apps.core.management.commands.up, apps.demo.management.commands.seed_demo\n"
        "print(sorted({'astropy', 'asdf', 'numpy', 'crds'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


META = {
    "reftype": "distortion",
    "useafter": "2015-01-25T12:00:00",
    "pedigree": "GROUND",
    "author": "A. Uthor",
}
ASDF_START = (
    "#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n"
)
ENTRY = "  - !core/history_entry-1.0.0"
HISTORY = f"""history:
  entries:
{ENTRY} {{description: first made, time: 2020-01-02 03:04:05}}
{ENTRY} {{description: and again, time: 2020-01-03 03:04:05.25}}
...
"""
TOLD = ("USEAFTER", "PEDIGREE", "AUTHOR")
TREES = {
    "plain.json": json.dumps({"meta": META, "history": "made", "list": [1], "none": None}),
    "bare.json": json.dumps(META, indent=1).replace("\n", "\r\n"),
    "plain.yaml": "meta:\n" + "".join(f"  {key}: {value}\n" for key, value in META.items()),
    "windows.yaml": "".join(f"{key}: {value}\r\n" for key, value in META.items()),
    "json.yaml": json.dumps({"meta": META}),
    "history.asdf": ASDF_START + "".join(f"{key}: {value}\n" for key, value in META.items()) + HISTORY,
}


def test_trees_of_references_tell_what_they_tell_the_client(tmp_path: Path) -> None:
    for name, text in TREES.items():
        (tmp_path / name).write_bytes(text.encode())
    program = (
        "import json, sys; from crds import data_file\n"
        "files = {p: data_file.get_free_header(p, (), None, 'jwst') for p in sys.argv[1:]}\n"
        "json.dump(files, open('told', 'w'))"
    )
    warm_client().run(["-c", program, *TREES], cwd=tmp_path)
    for name, theirs in json.loads((tmp_path / "told").read_text()).items():
        ours = read_header(tmp_path / name)
        assert ours
        assert {key: theirs[key] for key in ours} == ours, name
        has_paths = "meta" in TREES[name]
        in_tree = {key for key in theirs if key.endswith(TOLD) and ("META." in key) == has_paths}
        assert in_tree <= ours.keys(), name
    first, _second = read_header(tmp_path / "history.asdf")["HISTORY"].splitlines()
    assert first == "2020-01-02 03:04:05 :: first made"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("asdf.json", b"meta: {useafter: 2020}"),
        ("fits.json", b""),
        ("list.json", b"[1]"),
        ("text.json", b'"USEAFTER"'),
        ("deep.json", b"[" * 100_000),
        ("cut.yaml", b"meta: {"),
        ("notes.txt", b'{"useafter": "2020-01-01"}'),
        ("UPPER.JSON", b'{"useafter": "2020-01-01"}'),
    ],
)
def test_files_that_are_not_what_their_name_says_have_no_header(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableHeaderError):
        read_header(tmp_path / name)


def test_a_name_tells_what_a_staged_file_is(tmp_path: Path) -> None:
    (tmp_path / "0001").write_bytes(b"\xef\xbb\xbf" + TREES["plain.json"].encode())
    assert read_header(tmp_path / "0001", "pars.json")["META.USEAFTER"] == META["useafter"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.asdf", asdf_text("a: [" + "1," * (2 << 20) + "1]"), "more than 200,000 keys, values and items"),
        ("a.asdf", asdf_text("\n".join(f"k{n}: 1" for n in range(250_000))), "more than 200,000 keys"),
        ("a.yaml", b"a: [" + b"[]," * (2 << 20) + b"1]\n", "more than 200,000 keys, values and items"),
        ("a.json", b'{"a": [' + b"[]," * (2 << 20) + b"1]}", "4,194,306 brackets and commas"),
    ],
    ids=["asdf list", "asdf keys", "yaml", "json"],
)
def test_a_large_tree_of_small_parts_is_refused_at_little_cost(
    tmp_path: Path, name: str, text: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(text)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableHeaderError, match=words):
            read_header(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 10 * len(text)
    finally:
        tracemalloc.stop()

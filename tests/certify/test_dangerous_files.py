import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from apps.certify.dangerous_files import find_fault
from apps.certify.runner import Runner
from tests.certify.looking import asdf_text, look, primary
from tests.factories.certify import errors, make_job, run_job, verdicts
from tests.patience import does_not_hang

PLAIN = primary("USEAFTER= '2020-01-01'")
LAUGHS = "a: &a [x, x]\n" + "\n".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]"
    for before, name in zip("abcdefghijkl", "bcdefghijklm", strict=True)
)
MERGES = "a: &a {k: 1}\n" + "\n".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}"
    for before, name in zip("abcdefghijkl", "bcdefghijklm", strict=True)
)


def written(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data.fits", content)
    return packed.getvalue()


@pytest.mark.parametrize("name", ["data.fits", "data.asdf", "data.json", "data.yaml", "data.txt"])
@pytest.mark.parametrize(
    ("pack", "remedy"),
    [
        (gzip.compress, "by gzip. Unpack it with gunzip"),
        (bz2.compress, "bunzip2"),
        (lzma.compress, "unxz"),
        (zipped, "unzip"),
    ],
)
def test_a_compressed_file_is_refused_with_the_remedy(
    name: str, pack: object, remedy: str, tmp_path: Path
) -> None:
    assert callable(pack)
    assert remedy in find_fault(str(written(tmp_path, name, pack(PLAIN))))


@pytest.mark.parametrize("tree", [LAUGHS, MERGES])
@pytest.mark.parametrize("name", ["data.asdf", "data.yaml"])
def test_nested_aliases_are_refused_at_once_by_their_name(name: str, tree: str, tmp_path: Path) -> None:
    content = asdf_text(tree) if name.endswith("asdf") else tree.encode()
    path = written(tmp_path, name, content)
    with does_not_hang():  # To follow them takes 9**12 steps.
        assert "aliases" in find_fault(str(path))
        if name.endswith("asdf"):
            assert "aliases" in look(path).failure


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.fits", PLAIN),
        ("data.fits", b""),
        ("data.json", b"{}"),
        ("data.yaml", b"a: ["),
        ("data.yaml", b"\xef\xbb\xbfa: &a {b: 1}\r\nc: *a\r\n"),
        ("data.asdf", b"#ASDF 1.0.0\n"),
        ("data.asdf", b"\x00\xff"),
        ("data.txt", b"PK is not an archive"),
    ],
)
def test_other_files_are_for_the_library_to_judge(name: str, content: bytes, tmp_path: Path) -> None:
    assert find_fault(str(written(tmp_path, name, content))) == ""


def test_certification_refuses_them_by_name(jwst: Runner, tmp_path: Path) -> None:
    packed = written(tmp_path, "packed.fits", gzip.compress(PLAIN))
    laughs = written(tmp_path, "laughs.asdf", asdf_text(LAUGHS))
    job = make_job(tmp_path / "job", packed, laughs, observatory="jwst", is_tried=False)
    events = run_job(jwst, job)
    assert {name: verdict.errors for name, verdict in verdicts(events).items()} == {
        "packed.fits": 1,
        "laughs.asdf": 1,
    }
    told = errors(events)
    assert "In 'packed.fits' : The file is compressed by gzip." in told
    assert "In 'laughs.asdf' : The tree cannot be read: its aliases" in told

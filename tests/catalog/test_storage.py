import io
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.catalog import storage
from apps.catalog.errors import BadNameError, DamagedFileError, NameTakenError
from tests.factories.catalog import sha1


def put(content: bytes, name: str = "jwst_0001.pmap", **options: Any) -> Path:
    path = storage.path_of(name)
    storage.put(io.BytesIO(content), path, **options)
    return path


def leftovers(path: Path) -> list[Path]:
    return [one for one in path.parent.iterdir() if one.name.endswith(".part")]


def test_stored_bytes_are_the_given_ones_and_nothing_else_is_left() -> None:
    path = put(b"text")
    assert path.read_bytes() == b"text"
    assert [one.name for one in path.parent.iterdir()] == ["jwst_0001.pmap"]


def test_the_layout_is_that_of_a_cache(data_root: Path) -> None:
    storage.prepare()
    assert storage.path_of("jwst_0001.pmap") == data_root / "store/mappings/jwst/jwst_0001.pmap"
    assert storage.path_of("a.fits") == data_root / "store/references/jwst/a.fits"
    assert (data_root / "store/config/jwst/ref_cache_subdir_mode").read_text().strip() == "flat"


def test_a_name_never_means_other_bytes() -> None:
    path = put(b"text")
    with pytest.raises(NameTakenError, match=r"jwst_0001\.pmap already exists"):
        put(b"other")
    assert path.read_bytes() == b"text"
    assert not leftovers(path)


def test_the_same_bytes_may_come_twice() -> None:
    put(b"text")
    assert put(b"text").read_bytes() == b"text"


@pytest.mark.parametrize(
    ("facts", "complaint"),
    [({"size": 5}, "4 bytes; 5 were expected"), ({"expected_sha1sum": "0" * 40}, "0{40} was expected")],
)
def test_damaged_bytes_get_no_name(facts: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DamagedFileError, match=rf"jwst_0001\.pmap has .*{complaint}"):
        put(b"text", **facts)
    path = storage.path_of("jwst_0001.pmap")
    assert not path.exists()
    assert not leftovers(path)


def test_bytes_that_read_back_differently_get_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "sha1sum", lambda path: "0" * 40)
    with pytest.raises(DamagedFileError, match="read back differently"):
        put(b"text")
    assert not storage.path_of("jwst_0001.pmap").exists()


def test_a_source_that_breaks_off_leaves_nothing() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        storage.put(Broken(b"text"), storage.path_of("jwst_0001.pmap"))
    assert not list(storage.path_of("jwst_0001.pmap").parent.iterdir())


@given(st.text(max_size=140))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    for place in (storage.mapping_path, storage.reference_path, storage.config_path):
        try:
            path = place(name)
        except BadNameError:
            continue
        assert path.parent == place("x").parent
        assert path.name == name
        assert not name.startswith(".")


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "/etc/passwd", "a\\b", "a\0b", "ü.fits", "a b"]
)
def test_hostile_names_are_refused(name: str) -> None:
    with pytest.raises(BadNameError):
        storage.path_of(name)


@given(st.binary(max_size=3000))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_any_bytes_survive(content: bytes) -> None:
    path = put(content, name=f"f{sha1(content)}.fits", size=len(content), expected_sha1sum=sha1(content))
    assert path.read_bytes() == content


def test_only_abandoned_parts_are_removed() -> None:
    folder = put(b"text").parent
    old, young = folder / ".aa.part", folder / ".bb.part"
    old.touch()
    young.touch()
    os.utime(old, (time.time() - 3700,) * 2)
    assert storage.remove_abandoned_parts() == 1
    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize(("age", "is_free"), [(3500, False), (3700, True)])
def test_an_unclaimed_name_is_freed_after_an_hour_and_its_bytes_kept(
    age: float, is_free: bool, data_root: Path
) -> None:
    path = put(b"text")
    os.utime(path, (time.time() - age,) * 2)
    storage.free_name(path, "")
    assert path.exists() != is_free
    kept = [one.read_bytes() for one in data_root.glob("unclaimed/*")]
    assert kept == ([b"text"] if is_free else [])


def test_a_name_is_not_freed_of_the_bytes_that_are_expected() -> None:
    path = put(b"text")
    os.utime(path, (0, 0))
    storage.free_name(path, sha1(b"text"))
    assert path.exists()

"""The reader of a client's cache, whole or damaged."""

from pathlib import Path
from pprint import pformat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.catalog import crds_cache
from apps.catalog.crds_cache import FileFacts, load_catalog, read_catalog, read_moment
from apps.catalog.errors import BadCacheError
from tests.factories.catalog import make_cache, make_config, packed, sha1

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["mappings", "bad_files_list", "download_metadata", "last_synced", "observatory"])


def write_config(root: Path, content: str | bytes) -> Path:
    path = root / "config/jwst/server_config"
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def test_a_catalog_tells_size_and_sum_of_every_file(tmp_path: Path) -> None:
    found = load_catalog(make_cache(tmp_path, bad_files_list=["x.fits"]), observatory="jwst")
    assert len(found.files) == 4
    assert found.files["jwst_miri_dark_0001.fits"].size == 31
    assert found.bad == {"x.fits"}
    assert str(found.as_of) == "2019-09-11 15:47:43.789608+00:00"
    assert found.complaints == ()


def test_mappings_without_metadata_are_catalogued_without_facts() -> None:
    assert read_catalog({"mappings": ["a.pmap"]}).files == {"a.pmap": FileFacts()}


def test_metadata_may_come_unpacked() -> None:
    entry = {"size": 4, "sha1sum": sha1(b"text").upper()}
    assert read_catalog({"download_metadata": {"a.fits": entry}}).files == {
        "a.fits": FileFacts(4, sha1(b"text"))
    }


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("../a.fits", {"size": "4", "sha1sum": "0" * 40}),
        ("a.fits", {"size": "-4", "sha1sum": "0" * 40}),
        ("a.fits", {"size": "4", "sha1sum": "none"}),
        ("a.fits", {"size": "٤", "sha1sum": "0" * 40}),
        ("a.fits", "text"),
        ("a.fits", None),
    ],
)
def test_an_entry_that_cannot_be_used_is_named_and_the_others_stay(name: str, entry: object) -> None:
    good = {"size": "4", "sha1sum": "0" * 40}
    found = read_catalog({"download_metadata": packed({name: entry, "good.fits": good})})
    assert list(found.files) == ["good.fits"]
    assert [complaint[0] for complaint in found.complaints] == [name]


def test_a_folder_that_is_no_cache_says_what_was_missing(tmp_path: Path) -> None:
    with pytest.raises(BadCacheError, match="neither mappings/jwst nor config/jwst"):
        load_catalog(tmp_path, observatory="jwst")


def test_a_cache_of_another_observatory_is_refused(tmp_path: Path) -> None:
    root = make_cache(tmp_path, observatory="hst")
    with pytest.raises(BadCacheError, match="is of observatory 'hst', not 'jwst'"):
        load_catalog(root, observatory="jwst")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{'a': 1",
        "{'a': null}",
        "[1, 2]",
        "{1: 2}",
        "__import__('os').system('true')",
        "{'a': open('/etc/passwd').read()}",
        "(" * 5000 + ")" * 5000,
        "-" * 100_000 + "1",
        "{'a': '\0'}",
        b"\xff\xfe",
        "{'mappings': 'text'}",
        "{'download_metadata': {'crds_encoded': '1.0'}}",
        "{'download_metadata': {'crds_encoded': '1.0', 'crds_payload': '!!!'}}",
        "{'download_metadata': {'crds_encoded': '1.0', 'crds_payload': 'AAAA'}}",
        "{'download_metadata': []}",
    ],
)
def test_a_damaged_config_is_refused_with_its_reason(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(BadCacheError, match="server_config"):
        load_catalog(write_config(tmp_path, content), observatory="jwst")


@pytest.mark.parametrize("cut", [1, 10, 100, 200])
def test_a_truncated_payload_is_refused(cut: int) -> None:
    whole = packed({f"{number}.fits": {"size": "1", "sha1sum": sha1(b"%d" % number)} for number in range(50)})
    whole["crds_payload"] = whole["crds_payload"][: -4 * cut]
    with pytest.raises(BadCacheError, match="download_metadata of server_config is damaged"):
        read_catalog({"download_metadata": whole})


def test_a_config_and_a_payload_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_cache(tmp_path)
    monkeypatch.setattr(crds_cache, "MAX_METADATA", 100)
    with pytest.raises(BadCacheError, match="unpacks to more than 100 bytes"):
        load_catalog(root, observatory="jwst")
    monkeypatch.setattr(crds_cache, "MAX_CONFIG", 100)
    with pytest.raises(BadCacheError, match="at most 100 are read"):
        load_catalog(root, observatory="jwst")


@given(st.dictionaries(KEYS, JSON, max_size=4))
def test_no_config_does_more_than_be_refused(damage: dict[str, Any]) -> None:
    try:
        found = read_catalog(make_config({"jwst_0001.pmap": b"text"}) | damage)
    except BadCacheError:
        return
    assert all(name == Path(name).name for name in found.files)


@given(st.binary(max_size=60), st.integers(0, 400))
def test_no_bytes_in_a_config_do_more_than_be_refused(
    tmp_path_factory: pytest.TempPathFactory, damage: bytes, place: int
) -> None:
    whole = pformat(make_config({"jwst_0001.pmap": b"text"})).encode()
    root = write_config(tmp_path_factory.mktemp("c"), whole[:place] + damage + whole[place + len(damage) :])
    try:
        load_catalog(root, observatory="jwst")
    except BadCacheError:
        return


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2019-09-09 16:09:51", "2019-09-09 16:09:51+00:00"),
        ("2012-09-06 00:00:00+00:00", "2012-09-06 00:00:00+00:00"),
        ("2020-11-06T16:42:44.900518", "2020-11-06 16:42:44.900518+00:00"),
        ("2020-01-01T02:00:00+02:00", "2020-01-01 00:00:00+00:00"),
        ("0001-01-01T00:00:00+02:00", "None"),
        ("yesterday", "None"),
        (None, "None"),
        (20190909, "None"),
    ],
)
def test_dates_of_servers_are_read_as_utc(text: object, moment: str) -> None:
    assert str(read_moment(text)) == moment

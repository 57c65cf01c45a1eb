"""The store in a bucket: here in memory, as another machine would see it, and once at a real S3 server."""

import io
import os
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.catalog import bucket_store, pending, reading, storage
from apps.catalog.backups import database
from apps.catalog.backups.layout import HeldFile
from apps.catalog.errors import DamagedFileError, NameTakenError
from apps.catalog.models import File
from apps.catalog.pipeline.sweep import sweep
from apps.catalog.pipeline.verify import verify
from apps.core import bucket
from apps.core.outages import BUCKET, find_outage
from apps.web import health
from tests.factories.catalog import make_file, sha1
from tests.factories.own_bucket import S3Server, s3_server, use_memory_bucket

FLAT = "jwst_miri_flat_0001.fits"
KEY = f"references/jwst/{FLAT}"
URL = f"/unchecked_get/{KEY}"

pytestmark = pytest.mark.django_db


@pytest.fixture
def memory(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the store of the test in a bucket that is in memory."""
    use_memory_bucket(settings, monkeypatch)


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture
def real(seaweed: S3Server, settings: Any) -> None:
    """Keep the store of the test in a bucket of a real S3 server."""
    for name, value in seaweed.settings().items():
        setattr(settings, name, value)


def put(content: bytes, name: str = FLAT) -> str:
    return storage.put(io.BytesIO(content), storage.path_of(name))


def move_to_another_machine(settings: Any, tmp_path: Path) -> None:
    """Go on with an empty disk and the same database and bucket."""
    settings.DATA_ROOT = tmp_path / "another"
    settings.STORE_ROOT = settings.DATA_ROOT / "store"


@pytest.mark.usefixtures("memory")
def test_a_name_never_means_other_bytes() -> None:
    assert put(b"text") == put(b"text") == sha1(b"text")
    with pytest.raises(NameTakenError, match="names are never reused"):
        put(b"other")
    assert bucket.load(KEY) == b"text"
    assert not list(bucket.listed(bucket.INCOMING))


@pytest.mark.usefixtures("memory")
def test_another_machine_reads_the_file(settings: Any, tmp_path: Path) -> None:
    file = make_file(FLAT, content=b"text")
    move_to_another_machine(settings, tmp_path)
    assert not storage.path_of(FLAT).exists()
    assert reading.checked_path(file).read_bytes() == b"text"
    storage.path_of(FLAT).write_bytes(b"tixt")  # The disk of this machine alters its copy.
    assert reading.load_bytes(file) == reading.checked_path(file).read_bytes() == b"text"


@pytest.mark.usefixtures("memory")
def test_bytes_that_changed_in_the_bucket_reach_nobody(settings: Any, tmp_path: Path) -> None:
    file = make_file(FLAT, content=b"text")
    move_to_another_machine(settings, tmp_path)
    bucket.write(KEY, b"tixt")
    with pytest.raises(DamagedFileError, match="was expected"):
        reading.checked_path(file)
    assert not storage.path_of(FLAT).exists()
    assert [finding.kind for finding in verify()] == ["changed"]
    bucket.delete(KEY)
    assert [finding.kind for finding in verify()] == ["missing"]
    with pytest.raises(DamagedFileError, match="is missing from the store"):
        reading.require_present(file)


@pytest.mark.usefixtures("memory")
def test_a_kill_after_any_step_lets_the_same_bytes_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(Exception):
        pass

    def kill(*_: Any) -> None:
        raise KilledError

    for step in ("upload", "write_new", "copy"):
        with monkeypatch.context() as broken:
            broken.setattr(bucket, step, kill)
            with pytest.raises(KilledError):
                make_file(FLAT, content=b"text")
        assert not File.objects.filter(name=FLAT).exists()
    make_file(FLAT, content=b"text")
    File.objects.update(held_at=None)
    assert sweep(user="tester").completed == (FLAT,)
    assert [str(finding) for finding in verify()] == []


@pytest.mark.usefixtures("memory")
def test_a_claim_without_a_row_ends_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    put(b"left by a kill")
    with pytest.raises(NameTakenError):
        make_file(FLAT, content=b"text")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3601)
    assert reading.load_bytes(make_file(FLAT, content=b"text")) == b"text"
    assert [bucket.load(each.key) for each in bucket.listed("unclaimed")] == [b"left by a kill"]


@pytest.mark.usefixtures("memory")
def test_pending_bytes_become_official_inside_the_bucket(tmp_path: Path) -> None:
    source = tmp_path / "flat.fits"
    source.write_bytes(b"text")
    put(b"left by a kill")
    storage.bring_near(source, FLAT, sha1(b"text"))
    storage.adopt(source, FLAT, sha1(b"text"))
    assert bucket.load(KEY) == b"text"
    storage.withdraw(source, FLAT, sha1(b"other"))
    assert bucket.load(KEY) == b"text"
    storage.withdraw(source, FLAT, sha1(b"text"))
    assert storage.find_size(FLAT) is None
    assert put(b"free again") == sha1(b"free again")


@pytest.mark.usefixtures("memory")
def test_pending_bytes_reach_another_machine_and_go_when_nobody_needs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, digest = tmp_path / "here", tmp_path / "there" / "x", sha1(b"text")
    here.write_bytes(b"text")
    pending.share(here, digest)
    pending.bring(there, digest)
    assert there.read_bytes() == b"text"
    there.write_bytes(b"an older upload of this name")
    pending.bring(there, digest)
    assert there.read_bytes() == b"text"
    real = time.time
    assert pending.remove_others(set()) == 0
    monkeypatch.setattr(time, "time", lambda: real() + pending.ABANDONED + 1)
    assert pending.remove_others({digest}) == 0
    assert pending.remove_others(set()) == 1


@pytest.mark.usefixtures("memory")
def test_the_cache_forgets_references_that_nobody_uses(settings: Any) -> None:
    settings.STORE_CACHE_BYTES = 10
    names = [f"jwst_miri_flat_000{number}.fits" for number in range(3)]
    for age, name in enumerate(names):
        put(b"6 byte", name)
        then = time.time() - 7200 + age
        os.utime(storage.path_of(name), (then, then))
    put(b"a mapping that stays", "jwst_0001.pmap")
    storage.bring(names[0])  # It is used again.
    assert bucket_store.trim() == 2
    assert [name for name in names if storage.path_of(name).exists()] == [names[0]]
    assert storage.path_of("jwst_0001.pmap").exists()


@pytest.mark.usefixtures("memory")
def test_commands_through_which_all_files_pass_keep_to_the_limit_of_the_cache(
    settings: Any, tmp_path: Path
) -> None:
    settings.STORE_CACHE_BYTES = 10
    names = [f"jwst_miri_flat_000{number}.fits" for number in range(5)]
    for number, name in enumerate(names):
        make_file(name, content=b"%d byte" % number)
    move_to_another_machine(settings, tmp_path)
    call_command("publish_snapshot", str(tmp_path / "tree"))
    published = tmp_path / "tree" / "references" / "jwst"
    assert [(published / name).read_bytes()[:1] for name in names] == [b"0", b"1", b"2", b"3", b"4"]
    assert sum(storage.path_of(name).exists() for name in names) == 1


@pytest.mark.usefixtures("memory")
def test_a_copy_that_was_let_go_stays_once_somebody_uses_it(settings: Any) -> None:
    settings.STORE_CACHE_BYTES = 10
    names = [f"jwst_miri_flat_000{number}.fits" for number in range(2)]
    for name in names:
        put(b"6 byte", name)
    storage.let_go(names[1])
    storage.bring(names[1])
    assert bucket_store.trim() == 0
    storage.let_go(names[1])
    assert [name for name in names if storage.path_of(name).exists()] == [names[0]]


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("command", ["backup", "publish_snapshot"])
def test_a_bucket_that_goes_away_ends_a_command_with_a_sentence(
    command: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_file(FLAT, content=b"text")
    move_to_another_machine(settings, tmp_path)

    def fail(*_: Any) -> str:
        raise bucket.BucketError("GenericError at references/jwst")

    monkeypatch.setattr(bucket, "download", fail)
    monkeypatch.setattr(database, "copy_to", lambda target: [HeldFile(FLAT, 4, sha1(b"text"))])
    with pytest.raises(CommandError, match="GenericError at references/jwst"):
        call_command(command, str(tmp_path / "target"))


@pytest.mark.usefixtures("memory")
def test_a_download_leads_to_the_bucket_or_passes_through(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_file(FLAT, content=b"text")
    move_to_another_machine(settings, tmp_path)
    settings.BUCKET_DOWNLOADS = "redirect"
    monkeypatch.setattr(bucket, "link_to", lambda key: f"https://bucket.example/{key}?signature=x")
    moved = Client().get(URL)
    assert (moved.status_code, moved["Location"]) == (302, f"https://bucket.example/{KEY}?signature=x")
    assert moved["Cache-Control"] == "no-store"
    assert Client().head(URL)["ETag"] == f'"{sha1(b"text")}"'
    assert Client().get(URL, headers={"If-None-Match": f'"{sha1(b"text")}"'}).status_code == 304
    assert not storage.path_of(FLAT).exists()
    settings.BUCKET_DOWNLOADS = "pass"
    passed = Client().get(URL)
    assert b"".join(passed.streaming_content) == b"text"


def test_a_bucket_that_does_not_answer_is_an_outage(settings: Any) -> None:
    settings.BUCKET, settings.BUCKET_ENDPOINT = "crds", "http://127.0.0.1:9"
    settings.BUCKET_KEY_ID, settings.BUCKET_SECRET = "a", "b"
    with pytest.raises(bucket.BucketError) as failed:
        bucket.find(KEY)
    assert find_outage(failed.value) is BUCKET
    store = next(check for check in health.run() if check.name == "store")
    assert not store.is_ok
    assert "does not answer" in store.text
    settings.BUCKET = ""
    make_file(FLAT, content=b"text")
    settings.BUCKET = "crds"
    away = Client().get(URL)
    assert (away.status_code, "The bucket that holds the files" in away.text) == (503, True)
    page = Client().get(f"/browse/{FLAT}")
    assert (page.status_code, "The bucket that holds the files" in page.text) == (200, True)


@pytest.mark.needs("weed")
@pytest.mark.usefixtures("real")
def test_of_many_writers_at_a_real_server_one_wins() -> None:
    won: list[bytes] = []
    start = threading.Barrier(8)

    def write(content: bytes) -> None:
        start.wait()
        try:
            with bucket.uploaded(sources[content], sha1(content)) as waiting:
                bucket_store.give_name(waiting, storage.path_of(FLAT), sha1(content))
            won.append(content)
        except NameTakenError:
            pass

    contents = [f"writer {number}".encode() for number in range(8)]
    sources = {content: storage.path_of(f"w{place}.fits") for place, content in enumerate(contents)}
    storage.prepare()
    for content, path in sources.items():
        path.write_bytes(content)
    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [bucket.load(KEY)] == won


@pytest.mark.needs("weed")
@pytest.mark.usefixtures("real")
def test_a_real_server_keeps_large_files_and_signs_addresses(settings: Any, tmp_path: Path) -> None:
    content = os.urandom(bucket.PIECE + 4321)  # It is sent in parts.
    file = make_file(FLAT, content=content)
    move_to_another_machine(settings, tmp_path)
    moved = Client().get(URL)
    asked = urllib.request.Request(moved["Location"], headers={"Range": "bytes=10-19"})
    with urllib.request.urlopen(asked) as part:
        assert (part.status, part.read()) == (206, content[10:20])
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(moved["Location"].partition("?")[0])
    refused.value.close()
    assert refused.value.code == 403
    assert reading.load_bytes(file) == content
    assert [str(finding) for finding in verify()] == []


@pytest.mark.needs("weed")
@pytest.mark.usefixtures("real")
def test_a_second_real_server_runs_beside_the_first(seaweed: S3Server, settings: Any, tmp_path: Path) -> None:
    bucket.write(KEY, b"first")
    with s3_server(tmp_path / "second") as second:
        assert second.endpoint != seaweed.endpoint
        assert bucket.load(KEY) == b"first"
        for name, value in second.settings().items():
            setattr(settings, name, value)
        bucket.write(KEY, b"second")
        assert bucket.load(KEY) == b"second"


@pytest.mark.usefixtures("memory")
def test_an_object_that_somebody_else_put_there_is_neither_taken_nor_removed() -> None:
    key = bucket_store.key_of(storage.path_of(FLAT))
    bucket.write(key, b"foreign")
    for _ in range(2):  # The first attempt must leave no claim that makes the second one right.
        with pytest.raises(NameTakenError):
            put(b"ours")
    bucket.write_new(f"names/{FLAT}", sha1(b"ours").encode())  # As after a kill between claim and comparison.
    with pytest.raises(NameTakenError):
        put(b"ours")
    bucket_store.withdraw(storage.path_of(FLAT), sha1(b"ours"))
    assert bucket.load(key) == b"foreign"
    assert bucket_store.claimed_sum(FLAT) == ""

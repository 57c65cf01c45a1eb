"""``manage.py import_cache`` on small caches: files imported, files refused, and nothing half done."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.catalog import queries as catalog
from apps.catalog import storage
from apps.catalog.models import AuditRecord, File
from apps.catalog.pipeline.verify import verify
from apps.catalog.reading import load_bytes
from apps.contexts import queries
from apps.contexts.models import ContextChange
from tests.factories.catalog import (
    CONTENT,
    make_cache,
    make_file,
    make_imap,
    make_pmap,
    make_rmap,
    sha1,
    small_context,
)
from tests.factories.contexts import make_change

pytestmark = pytest.mark.django_db


def texts() -> dict[str, bytes]:
    return {name: text.encode() for name, text in small_context().items()}


def run(capsys: pytest.CaptureFixture[str], root: Path, *options: str) -> str:
    """Import a cache and return what was printed."""
    call_command("import_cache", str(root), *options)
    return capsys.readouterr().out


def refused(printed: str) -> dict[str, str]:
    return dict(re.findall(r"^not taken: (\S+): (.*)$", printed, re.MULTILINE))


def state() -> object:
    """Return the rows that an import leaves, without their times."""
    columns = [
        field.name
        for field in File._meta.fields
        if field.name not in {"id", "held_at", "changed_at", "delivered_at", "registered_at"}
    ]
    return (
        sorted(File.objects.values_list(*columns)),
        sorted(name for name, held in File.objects.values_list("name", "held_at") if held),
        sorted(ContextChange.objects.values_list("pointer", "context", "started_at", "reason")),
        {name: storage.path_of(name).read_bytes() for name in storage.stored_names()},
    )


def test_a_whole_cache_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = run(capsys, make_cache(tmp_path))
    assert refused(printed) == {}
    assert "4 catalogued, 4 stored, 0 held before" in printed
    for name, text in texts().items():
        assert load_bytes(catalog.get_file(name)) == text
    assert queries.context_for("jwst-latest").reference_names() == ("jwst_miri_dark_0001.fits",)
    assert list(verify()) == []


def test_rows_tell_what_the_mappings_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = texts() | {"oddname_drk.fits": b"1", "geis.r0h": b"2", "geis.r0d": b"3", "orphan.fits": b"4"}
    files["jwst_miri_dark_0001.rmap"] = make_rmap(references=["oddname_drk.fits", "geis.r0h"]).encode()
    run(capsys, make_cache(tmp_path, files=files))
    odd, data, orphan = (catalog.get_file(name) for name in ("oddname_drk.fits", "geis.r0d", "orphan.fits"))
    assert (odd.instrument, odd.filekind, str(odd.useafter_at)) == (
        "miri",
        "dark",
        "2015-01-01 00:00:00+00:00",
    )
    assert (data.instrument, data.filekind, str(data.useafter_at)) == (
        "miri",
        "dark",
        "2015-01-02 00:00:00+00:00",
    )
    assert (orphan.instrument, orphan.activated_at) == ("", None)
    assert str(odd.activated_at) == str(odd.delivered_at) == "2016-01-01 00:00:00+00:00"
    assert str(orphan.delivered_at) == "2019-09-11 15:47:43.789608+00:00"
    assert catalog.get_file("jwst_miri_0001.imap").derived_from == "made by hand"


def test_references_may_lie_in_folders_of_instruments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_cache(tmp_path)
    folder = root / "references/jwst/miri"
    folder.mkdir()
    (root / "references/jwst/jwst_miri_dark_0001.fits").rename(folder / "jwst_miri_dark_0001.fits")
    run(capsys, root)
    assert catalog.get_file("jwst_miri_dark_0001.fits").is_held


def test_what_is_not_in_the_cache_is_catalogued_and_not_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_cache(tmp_path, absent=["jwst_miri_dark_0001.fits", "jwst_miri_dark_0001.rmap"])
    printed = run(capsys, root)
    file = catalog.get_file("jwst_miri_dark_0001.fits")
    assert not file.is_held
    assert file.sha1sum == sha1(CONTENT)
    assert refused(printed) == {"jwst_miri_dark_0001.rmap": "is catalogued, but the cache does not hold it."}
    assert "jwst_0001.pmap cannot be used, because it needs jwst_miri_dark_0001.rmap" in printed


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda text: b"", "has 0 bytes"),
        (lambda text: text[:-5], "bytes; "),
        (lambda text: text + b"\n", "bytes; "),
        (lambda text: text.replace(b"DARK", b"KRAD"), "was expected."),
    ],
)
def test_a_damaged_mapping_is_named_and_nothing_of_it_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Any, complaint: str
) -> None:
    name = "jwst_miri_0001.imap"
    printed = run(capsys, make_cache(tmp_path, extra={name: damage(texts()[name])}, files=texts()))
    assert list(refused(printed)) == [name]
    assert complaint in refused(printed)[name]
    assert not catalog.get_file(name).is_held
    assert not storage.path_of(name).exists()
    assert catalog.get_file("jwst_0001.pmap").is_held
    assert catalog.get_file(name).sha1sum == sha1(texts()[name])


def test_unknown_files_are_taken_only_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = make_rmap("jwst_nircam_flat_0009.rmap").encode()
    root = make_cache(tmp_path, extra={"jwst_nircam_flat_0009.rmap": stranger})
    assert "is unknown: no catalog lists it" in refused(run(capsys, root))["jwst_nircam_flat_0009.rmap"]
    assert catalog.find_file("jwst_nircam_flat_0009.rmap") is None
    assert refused(run(capsys, root, "--take-unknown")) == {}
    file = catalog.get_file("jwst_nircam_flat_0009.rmap")
    assert (file.instrument, file.filekind, file.sha1sum) == ("nircam", "flat", sha1(stranger))
    assert AuditRecord.objects.get(filename=file.name).action == "take unknown"


def test_asking_for_unknown_files_does_not_adopt_altered_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    altered = make_imap(rmaps={}).encode()
    root = make_cache(tmp_path, extra={"jwst_miri_0001.imap": altered})
    assert "jwst_miri_0001.imap" in refused(run(capsys, root, "--take-unknown"))
    for _ in range(2):
        assert refused(run(capsys, root, "--adopt", "jwst_miri_*.imap")) == {}
    file = catalog.get_file("jwst_miri_0001.imap")
    assert file.sha1sum == sha1(altered)
    record = AuditRecord.objects.get(filename=file.name)
    assert record.action == "adopt bytes"
    assert sha1(texts()["jwst_miri_0001.imap"]) in record.details


def test_a_held_file_is_never_overruled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, make_cache(tmp_path / "a"))
    other = make_imap(rmaps={}).encode()
    root = make_cache(tmp_path / "b", files=texts() | {"jwst_miri_0001.imap": other})
    printed = run(capsys, root, "--adopt", "*")
    assert "jwst_miri_0001.imap" in refused(printed)
    assert load_bytes(catalog.get_file("jwst_miri_0001.imap")) == texts()["jwst_miri_0001.imap"]


def test_files_no_client_downloads_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_cache(tmp_path, files=texts() | {"notes.txt": b"text"}, extra={"a b.fits": b""})
    os.mkfifo(root / "references/jwst/pipe.fits")
    printed = run(capsys, root, "--take-unknown")
    assert "not taken: a b.fits:" in printed
    assert "not the name of a mapping" in refused(printed)["notes.txt"]
    assert "not a regular file" in refused(printed)["pipe.fits"]
    assert not list(verify())


def test_bad_files_are_marked_and_what_names_bad_mappings_is_tainted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = ["jwst_miri_dark_0001.fits", "jwst_miri_dark_0001.rmap", "jwst_miri_dark_9999.fits"]
    root = make_cache(tmp_path, bad_files_list=bad)
    printed = run(capsys, root)
    assert catalog.bad_file_names() == bad[:2]
    assert list(refused(printed)) == bad[2:]
    flags = dict(File.objects.values_list("name", "blacklisted"))
    assert flags == {
        "jwst_0001.pmap": True,
        "jwst_miri_0001.imap": True,
        "jwst_miri_dark_0001.rmap": True,
        "jwst_miri_dark_0001.fits": False,
    }
    actions = AuditRecord.objects.filter(filename__gt="").exclude(action__startswith="set ")
    assert sorted(actions.values_list("action", flat=True)) == ["mark bad"] * 2 + ["taint"] * 2
    run(capsys, root)
    assert actions.count() == 4


def test_history_and_pointers_are_adopted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = [
        ["2018-01-01 00:00:00+00:00", "jwst_0001.pmap", "Back\r\nagain"],
        ["2017-01-01 00:00:00.5", "jwst_0002.pmap", None],
        ["2016-01-01 00:00:00", "jwst_0001.pmap", "First"],
        ["yesterday", "jwst_0001.pmap", "?"],
        "nonsense",
    ]
    root = make_cache(tmp_path, context_history=history, versions_context="jwst_0001.pmap")
    printed = run(capsys, root)
    assert [(era.context, era.reason) for era in queries.history()] == [
        ("jwst_0001.pmap", "Back\r\nagain"),
        ("jwst_0002.pmap", ""),
        ("jwst_0001.pmap", "First"),
    ]
    assert "not taken: context_history[3]" in printed
    assert "not taken: context_history[4]" in printed
    assert queries.find_pointed("edit") == queries.find_pointed("versions") == "jwst_0001.pmap"
    assert queries.find_pointed("build") is None


def test_a_latest_context_that_the_history_lacks_gets_an_era(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_cache(
        tmp_path, context_history=[], latest_context="jwst_0001.pmap", build_context="jwst_0001.pmap"
    )
    run(capsys, root)
    assert queries.find_pointed("latest") == queries.find_pointed("build") == "jwst_0001.pmap"


def test_a_pointer_we_moved_since_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_cache(tmp_path)
    run(capsys, root)
    changes = [make_change("jwst_0002.pmap", pointer=pointer) for pointer in ("edit", "latest")]
    for change in changes:
        change.started_at = "2020-01-01T00:00:00Z"
        change.save()
    run(capsys, root)
    assert queries.find_pointed("edit") == queries.find_pointed("latest") == "jwst_0002.pmap"


def test_a_second_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_cache(tmp_path, bad_files_list=["jwst_miri_dark_0001.fits"])
    run(capsys, root)
    before, records = state(), AuditRecord.objects.count()
    printed = run(capsys, root)
    assert state() == before
    assert AuditRecord.objects.count() == records + 1
    assert "0 catalogued, 0 stored, 4 held before, 0 marked bad, 0 refused; 0 eras" in printed


def test_a_later_cache_fills_what_an_earlier_one_left_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = texts() | {"odd_drk.fits": b"1"}
    run(capsys, make_cache(tmp_path / "a", files=files))
    assert catalog.get_file("odd_drk.fits").instrument == ""
    files["jwst_miri_dark_0002.rmap"] = make_rmap(
        "jwst_miri_dark_0002.rmap", references=["odd_drk.fits"]
    ).encode()
    run(capsys, make_cache(tmp_path / "b", files=files))
    assert catalog.get_file("odd_drk.fits").filekind == "dark"


def test_another_sha1sum_for_a_catalogued_name_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_file("jwst_miri_dark_0001.fits", sha1sum="0" * 40)
    printed = run(capsys, make_cache(tmp_path))
    assert "catalogued here with sha1sum 0000" in printed
    assert catalog.get_file("jwst_miri_dark_0001.fits").sha1sum == "0" * 40


@pytest.mark.parametrize("make_root", [lambda root: root, lambda root: root / "missing"])
def test_no_cache_at_all_is_an_error(tmp_path: Path, make_root: Any) -> None:
    with pytest.raises(CommandError, match="is not a CRDS cache of jwst"):
        call_command("import_cache", str(make_root(tmp_path)))


def test_a_cache_of_which_nothing_can_be_taken_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "mappings/jwst"
    folder.mkdir(parents=True)
    (folder / "jwst_0001.pmap").write_text(make_pmap())
    with pytest.raises(CommandError, match="Nothing could be taken"):
        call_command("import_cache", str(tmp_path))
    call_command("import_cache", str(tmp_path), "--take-unknown")


def test_a_full_disk_is_named_per_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> str:
        raise OSError(28, "No space left on device")

    root = make_cache(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(storage, "put", full)
        printed = run(capsys, root)
    assert refused(printed)["jwst_0001.pmap"] == "cannot be copied: No space left on device."
    assert refused(run(capsys, root)) == {}

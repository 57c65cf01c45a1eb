import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.catalog import queries as catalog
from apps.catalog import storage
from apps.contexts import memory, queries
from apps.contexts.errors import UnusableContextError
from apps.contexts.memory import Pool, pool
from tests.factories.catalog import make_rmap, small_context
from tests.factories.contexts import make_context
from tests.patience import HANG

pytestmark = pytest.mark.django_db


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the names of mappings compiled from text."""
    names: list[str] = []
    whole = memory.compile_mapping

    def collecting(text: str, *, name: str, **options: Any) -> Any:
        names.append(name)
        return whole(text, name=name, **options)

    monkeypatch.setattr(memory, "compile_mapping", collecting)
    return names


def fresh_pool(settings: Any) -> Pool:
    """Return the pool that a new process would have."""
    return Pool(settings.ARTIFACT_ROOT)


def artifact(name: str) -> Path:
    return pool().folder / f"{name}.bin"


def test_contexts_share_their_mappings() -> None:
    make_context()
    make_context("jwst_0002.pmap")
    first, second = (pool().members(name) for name in ("jwst_0001.pmap", "jwst_0002.pmap"))
    assert first["jwst_miri_0001.imap"].mapping is second["jwst_miri_0001.imap"].mapping
    assert queries.get_context("jwst_0001.pmap") is queries.get_context("jwst_0001.pmap")


def test_text_is_compiled_once_for_all_processes(settings: Any, compiled: list[str]) -> None:
    make_context()
    queries.get_context("jwst_0001.pmap")
    assert sorted(compiled) == sorted(small_context())
    context = fresh_pool(settings).context("jwst_0001.pmap")
    assert len(compiled) == 3
    assert context.reference_names() == ("jwst_miri_dark_0001.fits",)


@pytest.mark.parametrize(
    "damage", [lambda old: b"", lambda old: old[:50], lambda old: old[:-1], lambda old: b"0" * 40 + old[40:]]
)
def test_a_damaged_artifact_is_made_again(settings: Any, compiled: list[str], damage: Any) -> None:
    make_context()
    queries.get_context("jwst_0001.pmap")
    path = artifact("jwst_miri_dark_0001.rmap")
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    fresh_pool(settings).context("jwst_0001.pmap")
    assert compiled[3:] == ["jwst_miri_dark_0001.rmap"]
    assert path.read_bytes() == whole
    assert not list(path.parent.glob(".*"))


def test_an_artifact_of_other_bytes_is_made_again(settings: Any, compiled: list[str]) -> None:
    make_context()
    queries.get_context("jwst_0001.pmap")
    artifact("jwst_miri_0001.imap").write_bytes(artifact("jwst_0001.pmap").read_bytes())
    fresh_pool(settings).context("jwst_0001.pmap")
    assert compiled[3:] == ["jwst_miri_0001.imap"]


def test_artifacts_that_cannot_be_written_are_no_reason_not_to_answer(settings: Any) -> None:
    make_context()
    settings.ARTIFACT_ROOT.write_text("a file, not a folder")
    assert queries.get_context("jwst_0001.pmap").instruments()


def test_stored_bytes_are_compared_before_they_are_compiled(compiled: list[str]) -> None:
    make_context()
    path = storage.path_of("jwst_miri_dark_0001.rmap")
    path.write_bytes(path.read_bytes().replace(b"DET0", b"DET9"))
    with pytest.raises(UnusableContextError, match=r"jwst_miri_dark_0001\.rmap has sha1sum"):
        queries.get_context("jwst_0001.pmap")
    assert "jwst_miri_dark_0001.rmap" not in compiled


def test_a_mended_file_is_used_without_a_restart() -> None:
    make_context()
    path = storage.path_of("jwst_miri_dark_0001.rmap")
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(UnusableContextError, match="missing from the store"):
        queries.get_context("jwst_0001.pmap")
    path.write_bytes(content)
    assert queries.get_context("jwst_0001.pmap").instruments()


def test_a_wrong_sha1sum_inside_spoils_the_rules_but_not_the_names(settings: Any) -> None:
    wrong = make_rmap().replace("made by hand", "changed by hand")
    make_context(texts=small_context() | {"jwst_miri_dark_0001.rmap": wrong})
    for one in (pool(), fresh_pool(settings)):
        with pytest.raises(UnusableContextError, match=r"sha1sum mismatch in 'jwst_miri_dark_0001\.rmap'"):
            one.context("jwst_0001.pmap")
        assert one.members("jwst_0001.pmap")["jwst_miri_dark_0001.rmap"].mapping.references
    assert queries.reference_names("jwst_0001.pmap") == ("jwst_miri_dark_0001.fits",)


def test_a_cold_context_costs_a_query_for_each_level(
    settings: Any, django_assert_max_num_queries: Any
) -> None:
    make_context()
    queries.get_context("jwst_0001.pmap")
    with django_assert_max_num_queries(4):
        fresh_pool(settings).context("jwst_0001.pmap")


def test_the_least_used_contexts_are_forgotten(settings: Any) -> None:
    one, names = fresh_pool(settings), [make_context(f"jwst_000{number}.pmap") for number in (1, 2, 3)]
    one.context(names[0])
    one.context(names[1])
    settings.CONTEXT_MEMORY_BYTES = one.size  # There is room for these two.
    one.context(names[0])
    one.context(names[2])
    assert list(one._contexts) == [names[0], names[2]]
    assert one.size <= settings.CONTEXT_MEMORY_BYTES
    assert one.context(names[1]).mapping_names()[0] == names[1]


def test_mappings_are_kept_while_a_context_needs_them_and_then_freed(settings: Any) -> None:
    one, names = fresh_pool(settings), [make_context(f"jwst_000{number}.pmap") for number in (1, 2)]
    first = weakref.ref(one.context(names[0]))
    shared = one.members(names[0])["jwst_miri_0001.imap"].mapping
    settings.CONTEXT_MEMORY_BYTES = 1
    one.context(names[1])
    assert one.members(names[1])["jwst_miri_0001.imap"].mapping is shared
    assert set(one._loaded) == {names[1], "jwst_miri_0001.imap", "jwst_miri_dark_0001.rmap"}
    assert one.size == sum(loaded.size for loaded in one._loaded.values())
    assert first() is None


def test_the_use_of_a_mapping_that_failed_beside_others_is_noted(settings: Any) -> None:
    name = make_context()
    one = fresh_pool(settings)
    storage.mapping_path("jwst_miri_dark_0001.rmap").unlink()
    with pytest.raises(UnusableContextError):
        one.context(name)
    assert set(one._loaded) == set(one._users) == {name, "jwst_miri_0001.imap"}


@pytest.mark.django_db(transaction=True)
def test_threads_that_ask_at_once_get_one_context(settings: Any) -> None:
    make_context()
    one, found = fresh_pool(settings), []
    barrier = threading.Barrier(8)

    def ask() -> None:
        try:
            barrier.wait(HANG)
            found.append(one.context("jwst_0001.pmap"))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG)
    assert len(found) == 8
    assert len({id(context) for context in found}) == 1


def test_each_artifact_root_has_its_own_pool(settings: Any, tmp_path: Path) -> None:
    first = pool()
    assert pool() is first
    settings.ARTIFACT_ROOT = tmp_path / "other"
    assert pool() is not first
    assert catalog.find_file("jwst_0001.pmap") is None


class Knot:
    """An object that only the collector can remove."""

    def __init__(self) -> None:
        self.knot = self


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Switch off automatic collection, so that garbage stays until it is collected on request."""
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def test_garbage_is_gone_before_a_context_is_kept_for_good(no_collection: None) -> None:
    make_context()
    garbage = weakref.ref(Knot())
    assert garbage() is not None
    pool().context("jwst_0001.pmap")
    assert garbage() is None


def test_what_is_kept_for_good_does_not_grow_by_garbage(no_collection: None) -> None:
    for number in range(1, 4):
        make_context(f"jwst_{number:04}.pmap")
    pool().context("jwst_0001.pmap")
    grown = []
    for name, knots in (("jwst_0002.pmap", 0), ("jwst_0003.pmap", 20_000)):
        for _ in range(knots):
            Knot()
        before = gc.get_freeze_count()
        pool().context(name)
        grown.append(gc.get_freeze_count() - before)
    assert grown[1] < grown[0] + 10_000

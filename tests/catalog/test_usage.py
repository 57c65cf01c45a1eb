"""The noted contents of mappings, compared with the rules themselves."""

import posixpath
from collections.abc import Mapping

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.catalog import usage
from apps.catalog.mapping_text import look
from apps.catalog.models import File, MappingContents, ReferenceDifference
from apps.catalog.pipeline.contents import Notes, note, note_missing, note_stored
from apps.catalog.pipeline.sweep import sweep
from apps.catalog.storage import path_of
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.observatories import get_observatory
from tests.factories.catalog import make_file, make_imap, make_pmap, make_rmap
from tests.shared_data import data_root

pytestmark = pytest.mark.django_db

IMAP, PMAP = "jwst_miri_0001.imap", "jwst_0001.pmap"


def rmap_name(number: int) -> str:
    return f"jwst_miri_dark_{number:04}.rmap"


def reference_name(number: int) -> str:
    return f"jwst_miri_dark_{number:04}.fits"


def store(name: str, text: str) -> File:
    return make_file(name, content=text.encode())


def make_dark(number: int, *references: int, base: int | None = None) -> File:
    """Store an rmap with some references, made from an older one."""
    text = make_rmap(rmap_name(number), references=list(map(reference_name, references)))
    if base is not None:
        text = text.replace("made by hand", rmap_name(base))
    return store(rmap_name(number), text)


def naming(number: int) -> set[str]:
    return usage.rmaps_naming([reference_name(number)])


def test_a_reference_is_named_from_the_rmap_that_adds_it_to_the_one_that_drops_it() -> None:
    make_dark(1, 1, 2)
    make_dark(2, 1, 2, 3, base=1)
    make_dark(3, 1, 3, base=2)
    make_dark(4, 1, 2, 3, base=3)
    assert naming(1) == {rmap_name(number) for number in (1, 2, 3, 4)}
    assert naming(2) == {rmap_name(number) for number in (1, 2, 4)}
    assert naming(3) == {rmap_name(number) for number in (2, 3, 4)}
    assert naming(9) == set()
    assert usage.rmaps_naming([reference_name(2), reference_name(3)]) == naming(1)


def test_a_new_rmap_has_rows_for_its_differences_only() -> None:
    make_dark(1, *range(1, 10))
    before = ReferenceDifference.objects.count()
    make_dark(2, *range(2, 11), base=1)
    added = ReferenceDifference.objects.filter(rmap__file__name=rmap_name(2))
    assert (before, set(added.values_list("reference", "is_added"))) == (
        9,
        {(reference_name(1), False), (reference_name(10), True)},
    )


def test_two_rmaps_made_from_one_do_not_mix() -> None:
    make_dark(1, 1, 2)
    make_dark(2, 1, 2, 3, base=1)
    make_dark(3, 2, 4, base=1)
    assert [len(naming(number)) for number in (1, 2, 3, 4)] == [2, 3, 1, 1]


def test_an_rmap_whose_ancestor_is_not_here_is_noted_whole() -> None:
    make_dark(5, 1, 2, base=4)
    assert MappingContents.objects.get(file__name=rmap_name(5)).base is None
    assert naming(1) == {rmap_name(5)}


def test_mappings_are_found_above_a_file_level_by_level() -> None:
    make_dark(1, 1)
    store(IMAP, make_imap(IMAP, rmaps={"DARK": rmap_name(1), "FLAT": "N/A"}))
    store(PMAP, make_pmap(PMAP, imaps={"MIRI": IMAP}))
    assert usage.parents_of([rmap_name(1)]) == {IMAP}
    assert usage.above([rmap_name(1)]) == {IMAP, PMAP}
    assert usage.contexts_with([reference_name(1)]) == {rmap_name(1), IMAP, PMAP}
    assert usage.children_by_parent(usage.official()) == {IMAP: (rmap_name(1),), PMAP: (IMAP,)}
    assert usage.above([PMAP]) == set()


def test_what_is_not_confirmed_uses_nothing() -> None:
    make_dark(1, 1)
    store(IMAP, make_imap(IMAP, rmaps={"DARK": rmap_name(1)}))
    File.objects.update(state="uploaded")
    assert naming(1) == usage.above([rmap_name(1)]) == set()
    assert usage.children_by_parent(usage.official()) == {}


def test_a_mapping_that_cannot_be_read_is_named_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    text = make_imap(IMAP, rmaps={"DARK": rmap_name(1)})
    store(IMAP, text)
    MappingContents.objects.all().delete()
    path_of(IMAP).write_bytes(text.replace("DARK", "DORK").encode())
    assert note_missing() == [IMAP]
    assert f"The contents of {IMAP} could not be read: {IMAP} has sha1sum" in caplog.text
    assert usage.unread() == [IMAP]
    path_of(IMAP).write_bytes(text.encode())
    assert sweep(user="tester").unread == ()
    assert (usage.unread(), usage.parents_of([rmap_name(1)])) == ([], {IMAP})


def test_a_text_that_is_no_mapping_is_stored_and_unread() -> None:
    store(PMAP, "no mapping")
    assert usage.unread() == [PMAP]
    assert note_missing() == [PMAP]


def test_the_row_of_a_mapping_and_what_it_names_come_or_go_together() -> None:
    with transaction.atomic():
        make_dark(1, 1)
        assert MappingContents.objects.exists()
        transaction.set_rollback(True)
    assert not MappingContents.objects.exists()
    make_dark(1, 1)
    assert naming(1) == {rmap_name(1)}


def test_noting_again_changes_nothing() -> None:
    file = make_dark(1, 1, 2)
    before = list(ReferenceDifference.objects.values_list())
    assert note_stored([file]) == note_missing() == []
    assert list(ReferenceDifference.objects.values_list()) == before


NUMBERS = st.integers(0, 5)


class Histories(TestCase):
    """Random histories of rmaps that are made from each other."""

    @settings(max_examples=60)
    @given(
        steps=st.lists(
            st.tuples(st.sets(NUMBERS, min_size=1), st.none() | NUMBERS, st.booleans()),
            min_size=1,
            max_size=7,
        )
    )
    def test_every_history_gives_what_the_rules_name(
        self, steps: list[tuple[set[int], int | None, bool]]
    ) -> None:
        """Compare with the compiled rules; `steps` has references, base, and whether a run goes on."""
        texts: dict[str, str] = {}
        notes = Notes()
        for number, (references, base, is_same_run) in enumerate(steps):
            name = rmap_name(number)
            text = make_rmap(name, references=[reference_name(one) for one in sorted(references)])
            texts[name] = text.replace("made by hand", "" if base is None else rmap_name(base))
            make_file(name, held_at="2026-01-01T00:00:00Z")
            notes = notes if is_same_run else Notes()
            note({name: look(texts[name], is_rmap=True).named}, notes)
        require_same(texts, "jwst")


def require_same(texts: Mapping[str, str], observatory: str) -> None:
    """Require that the tables agree with the compiled rules about every mapping and every file."""
    compiled = {
        name: compile_mapping(
            text, name=name, observatory=get_observatory(observatory), verify_checksum=False
        )
        for name, text in texts.items()
    }
    by_reference: dict[str, set[str]] = {}
    by_child: dict[str, set[str]] = {}
    for name, mapping in compiled.items():
        for reference in mapping.references:
            by_reference.setdefault(posixpath.basename(reference), set()).add(name)
        for child in mapping.children:
            by_child.setdefault(posixpath.basename(child), set()).add(name)
        if name.endswith(".rmap"):
            found = usage.find_rmap(name)
            assert found is not None
            assert found[1] == {posixpath.basename(reference) for reference in mapping.references}
    for reference, names in by_reference.items():
        assert usage.rmaps_naming([reference]) == names
    for child, names in by_child.items():
        assert usage.parents_of([child]) == names
    assert usage.unread() == []


@pytest.mark.parametrize("observatory", ["hst", "jwst"])
def test_real_rules_are_noted_as_they_are_compiled(observatory: str) -> None:
    """Compare the last rmaps and contexts of each type: enough for differences, and few enough to compile."""
    paths = sorted((data_root() / "mappings" / observatory).glob("*map"))
    chosen = [path for path in paths if path.stat().st_size < 60_000][-250:]
    texts = {path.name: path.read_text() for path in chosen}
    for name in texts:
        make_file(name, held_at="2026-01-01T00:00:00Z")
    note({name: look(text, is_rmap=name.endswith(".rmap")).named for name, text in texts.items()})
    require_same(texts, observatory)

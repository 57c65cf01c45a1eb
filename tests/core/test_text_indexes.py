"""Text indexes: they follow every change of a row, and a search finds the same rows with and without them."""

import io
import json
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from apps.catalog.models import File
from apps.catalog.text_indexes import ALL, FILES
from apps.core.text_indexes import FEW, TextIndex, all_indexes, index, postgresql, sqlite
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.text_indexes import SUBMITTED
from apps.web.activity import COLUMNS
from apps.web.file_pages import browse
from tests.factories.catalog import make_file
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def without_cache() -> Iterator[None]:
    index._is_there.cache_clear()
    yield
    index._is_there.cache_clear()


def few(*words: str) -> set[str] | None:
    keys = FILES.few(words)
    return None if keys is None else set(File.objects.filter(pk__in=keys).values_list("name", flat=True))


def test_a_row_is_found_by_parts_of_its_texts_in_any_case_and_order() -> None:
    file = make_file("jwst_miri_flat_0001.fits", description="Sky flat of Cycle 3, 100% “new”")
    make_file("jwst_miri_dark_0001.fits", description="Dark")
    for words in (["iri_fla"], ["CYCLE"], ["cycle", "miri"], ["0001.fits", "Sky flat"], ["100%"], ["“new”"]):
        assert few(*words) == {file.name}, words
    assert few("cycle", "dark") == set()
    assert few('quo"te') == set()
    assert few("_miri_") == {file.name, "jwst_miri_dark_0001.fits"}


def test_the_index_follows_changes_and_removals() -> None:
    file = make_file("jwst_miri_flat_0002.fits", description="before")
    File.objects.filter(pk=file.pk).update(description="afterwards")
    assert (few("before"), few("afterwards")) == (set(), {file.name})
    file.description = "saved"
    File.objects.bulk_update([file], ["description"])
    assert (few("afterwards"), few("saved")) == (set(), {file.name})
    file.delete()
    assert few("saved") == set()


def test_short_words_and_common_words_do_not_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    make_file("jwst_miri_flat_0003.fits")
    make_file("jwst_miri_flat_0004.fits")
    assert few("mi") is None
    assert few("___") is None
    monkeypatch.setattr(index, "FEW", 1)
    assert few("flat") is None
    assert few("0004") == {"jwst_miri_flat_0004.fits"}
    rows = File.objects.all()
    assert FILES.narrowed(rows, ["flat"]) is rows
    assert FEW > 1


def test_owners_are_found_by_what_they_own_whether_few_or_many_have_the_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second, _none = make_submission(), make_submission(), make_submission()
    for submission in (first, second):
        SubmittedFile.objects.create(submission=submission, name=f"flat_{submission.pk}.fits")
    for most in (FEW, 0):
        monkeypatch.setattr(index, "FEW", most)
        for word, expected in (("flat", {first, second}), (f"t_{second.pk}.f", {second}), ("dark", set())):
            files = SubmittedFile.objects.filter(name__icontains=word)
            owned = SUBMITTED.owned(files, [word], owner="submission")
            assert set(Submission.objects.filter(owned)) == expected


def test_each_app_names_its_indexes() -> None:
    assert set(all_indexes()) == {*ALL, SUBMITTED}


def test_every_column_that_is_searched_is_in_its_index() -> None:
    for columns, text_index in zip((browse.columns(is_inside=True), COLUMNS), ALL, strict=True):
        searched = {column.search.removesuffix("__icontains") for column in columns if column.search}
        assert searched <= set(text_index.columns)


def test_doctor_finds_a_row_that_the_index_lacks() -> None:
    file = make_file("jwst_miri_flat_0005.fits")
    assert list(FILES.faults()) == []
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            remove = f"INSERT INTO {FILES.name}({FILES.name}, rowid, text) VALUES ('delete', %s, %s)"  # noqa: S608
            cursor.execute(remove, [file.pk, f"{file.name}   {file.change_level}"])
        assert f"does not find row {file.pk}" in " ".join(FILES.faults())


def test_migrate_makes_an_index_again_that_is_lost(without_cache: None) -> None:
    file = make_file("jwst_miri_flat_0006.fits")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # A migration that makes the table again loses its triggers.
            cursor.execute(f"DROP TRIGGER {FILES.name}_update")
        else:
            cursor.execute(f"DROP INDEX {FILES.name}")
    assert few("flat") is None
    assert "Run: manage.py migrate" in " ".join(FILES.faults())
    assert FILES.keep() == ""
    assert few("flat") == {file.name}


@pytest.mark.needs("postgresql")
def test_the_planner_expects_many_rows_of_a_frequent_word() -> None:
    files = [File(name=f"jwst_miri_flat_{n:04}.fits", description="of cycle 3") for n in range(1000)]
    File.objects.bulk_create(files)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_file")
    plan = File.objects.filter(description__icontains="cycle").explain(format="json")
    assert json.loads(plan)[0]["Plan"]["Plan Rows"] > 900


def test_migrate_says_plainly_that_an_index_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch, without_cache: None
) -> None:
    def refuse(definition: object) -> None:
        raise DatabaseError('permission denied to create extension "pg_trgm"')

    for way in (sqlite, postgresql):
        monkeypatch.setattr(way, "is_current", lambda definition: False)
        monkeypatch.setattr(way, "make", refuse)
    make_file("jwst_miri_flat_0007.fits")
    call_command("migrate", verbosity=0, stderr=(told := io.StringIO()))
    assert "searches in texts are slow: permission denied to create extension" in told.getvalue()
    assert few("flat") is None


def test_an_index_of_other_columns_is_out_of_date(without_cache: None) -> None:
    make_file("jwst_miri_flat_0008.fits", description="word")
    other = TextIndex(FILES.name, File, ("name",))
    assert list(other.faults())
    assert other.keep() == ""
    assert (other.few(["word"]), list(other.faults())) == ([], [])

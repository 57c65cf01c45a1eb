"""The numbers of files: right after every act that the ledger counts, and otherwise not counted again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.catalog.file_counts import FileCounts, file_counts
from tests.factories.catalog import make_file, make_pmap

pytestmark = pytest.mark.django_db


def test_files_are_counted_by_kind_after_each_change() -> None:
    assert file_counts() == FileCounts(contexts=0, mappings=0, references=0, held=0)
    make_file("jwst_0001.pmap", content=make_pmap().encode())
    make_file("jwst_miri_dark_0001.fits", content=b"dark")
    assert file_counts() == FileCounts(contexts=1, mappings=1, references=1, held=1)


def test_without_a_change_only_the_revision_is_read() -> None:
    make_file("jwst_miri_dark_0001.fits", content=b"dark")
    first = file_counts()
    with CaptureQueriesContext(connection) as asked:
        assert file_counts() == first
    assert [query["sql"] for query in asked if "COUNT" in query["sql"]] == []
    assert len(asked) == 1

"""Rows that are read by their columns, without Django's queries."""

import uuid
from typing import Any

import pytest

from apps.accounts.models import Grant, Token
from apps.catalog.models import AuditRecord
from apps.core.rows import distinct, find_row, rows_of
from apps.locks.models import Lock
from tests.factories.accounts import make_user
from tests.factories.locks import make_lock

pytestmark = pytest.mark.django_db


def test_a_row_is_what_a_query_returns() -> None:
    lock = make_lock()
    found = find_row(Lock, key=lock.key, instrument=lock.instrument)
    assert found == lock
    assert (found.key, found.expires_at) == (lock.key, lock.expires_at)


@pytest.mark.parametrize(
    "equal",
    [
        {"user": "nobody"},
        {"user": None},
        {"key": uuid.UUID(int=0)},
        {"user": "homer", "instrument": "nircam"},
    ],
)
def test_no_row_is_found_unless_all_columns_fit(equal: dict[str, Any]) -> None:
    make_lock(user="homer", instrument="miri")
    assert find_row(Lock, **equal) is None


def test_values_never_become_sql() -> None:
    make_lock(user="homer")
    assert find_row(Lock, user="' OR 1=1 --") is None
    assert find_row(Lock, user='%s" OR "x"="x') is None


def test_rows_of_one_owner_are_found_by_field_and_by_column() -> None:
    user, other = make_user("homer"), make_user("marge")
    expected = set(user.grants.all())
    assert expected
    assert set(rows_of(Grant, user=user.pk)) == set(rows_of(Grant, user_id=user.pk)) == expected
    assert not expected & set(rows_of(Grant, user=other.pk))


def test_one_query_reads_a_row(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert find_row(Token, sha256="0" * 64) is None


def test_different_values_are_found_once_and_sorted() -> None:
    assert distinct(AuditRecord, "filename") == []
    for name in ("b", "a", "", "b", "B", "a"):
        AuditRecord.objects.create(filename=name, action="rename", user="x")
    assert distinct(AuditRecord, "filename") == ["", "B", "a", "b"]

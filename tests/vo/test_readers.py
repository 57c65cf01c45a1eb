"""The third and fourth defence, with the first two switched off: SQL goes straight to the reader's connection."""

import itertools
import sqlite3
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.vo.database import postgresql_reader, rights, sqlite_reader
from apps.vo.database.reading import open_query
from apps.vo.database.running_query import BATCH, Clock
from apps.vo.errors import AbortedError, OutOfTimeError, VoError
from apps.vo.tables.tap_schema import all_tables
from tests.factories.accounts import make_user
from tests.factories.vo import FACTS
from tests.patience import HANG, does_not_hang

IS_SQLITE = connection.vendor == "sqlite"
ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    if not IS_SQLITE
    else "SELECT count(*) FROM (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10)) a, "
    + ", ".join(f"(VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10)) a{number}" for number in range(11))
)

ATTACKS = (
    "SELECT username, password FROM accounts_user",
    "SELECT deliverer_email FROM catalog_file",
    "SELECT count(*) FROM accounts_user",
    "SELECT * FROM accounts_token",
    "SELECT * FROM catalog_file",
    "DELETE FROM catalog_file",
    "INSERT INTO contexts_listedrule (context) VALUES ('a')",
    "UPDATE catalog_file SET state = 'latest'",
    "DROP TABLE catalog_file",
    "CREATE TABLE stolen (a integer)",
    "CREATE TABLE stolen AS SELECT name FROM catalog_file",
    "CREATE TEMPORARY TABLE stolen AS SELECT name FROM catalog_file",
    "ALTER TABLE catalog_file ADD COLUMN a integer",
)
SQLITE_ATTACKS = (
    "SELECT name FROM sqlite_master",
    "SELECT * FROM pragma_table_info('accounts_user')",
    "PRAGMA query_only=OFF",
    "PRAGMA writable_schema=ON",
    "ATTACH DATABASE '/tmp/x.sqlite3' AS y",
    "VACUUM INTO '/tmp/x.sqlite3'",
    "SELECT load_extension('x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT randomblob(1000000000)",
    "SELECT zeroblob(1000000000)",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    "SELECT rowid FROM accounts_user",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM accounts_user)",
    "REINDEX",
    "BEGIN IMMEDIATE",
)
POSTGRESQL_ATTACKS = (
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT set_config('role', 'none', false), password FROM accounts_user",
    "SELECT nextval('catalog_file_id_seq')",
    "COPY catalog_file TO '/tmp/x'",
    "COPY catalog_file TO PROGRAM 'true'",
    "SELECT 1; DELETE FROM catalog_file",
    "SELECT name FROM catalog_file FOR UPDATE",
    "DO $$ BEGIN DELETE FROM catalog_file; END $$",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user",
)


def read(sql: str, *, seconds: float = 10) -> list[Any]:
    cursor = open_query(sql, Clock(seconds))
    try:
        return [row for batch in cursor.batches() for row in batch]
    finally:
        cursor.close()


@pytest.fixture
def secret(tap_database: None) -> None:
    make_user("homer")


@pytest.mark.parametrize("sql", [*ATTACKS, *(SQLITE_ATTACKS if IS_SQLITE else POSTGRESQL_ATTACKS)])
def test_the_connection_alone_stops_an_attack(secret: None, sql: str) -> None:
    try:
        rows = read(sql)
    except VoError as exc:
        # The message names nothing of ours.
        assert "accounts_" not in str(exc)
        assert "catalog_" not in str(exc)
    else:
        assert rows == [], rows


def test_published_tables_can_be_read(secret: None) -> None:
    from string import Template

    facts = {**FACTS, "sees_all": "1"}
    for table in all_tables():
        read(Template(table.select(connection.vendor)).substitute(facts))


def test_the_columns_of_people_are_not_published() -> None:
    columns = {f"{table}.{column}" for table, names in rights.readable().items() for column in names}
    assert not [
        name for name in columns if "email" in name or name.startswith(("accounts", "jobs", "django"))
    ]
    assert "catalog_file.deliverer" in columns


def test_the_clock_ends_a_query(secret: None) -> None:
    with does_not_hang(), pytest.raises(OutOfTimeError):
        read(ENDLESS, seconds=0.5)


def test_a_switch_ends_a_query(secret: None) -> None:
    looks = itertools.count()  # The query runs when it is looked at for the third time.
    clock = Clock(3600, is_aborted=lambda: next(looks) >= 2)
    with does_not_hang(), pytest.raises(AbortedError):
        open_query(ENDLESS, clock)


def test_rows_are_read_in_batches_and_not_before_they_are_wanted(secret: None) -> None:
    """An ordinary cursor of PostgreSQL would fetch a hundred million rows into memory first."""
    values = "(VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10))"
    many = f"SELECT 1 FROM {', '.join(f'{values} AS v{number}' for number in range(8))}"
    cursor = open_query(many, Clock(HANG))
    try:
        assert len(next(cursor.batches())) == BATCH
    finally:
        cursor.close()


@pytest.mark.needs("postgresql")
def test_a_statement_cannot_stop_the_clock_of_postgresql(secret: None) -> None:
    with pytest.raises(VoError):
        read("SELECT set_config('statement_timeout', '0', false), pg_sleep(30)", seconds=0.5)


@pytest.mark.needs("postgresql")
def test_a_connection_comes_back_as_it_was(secret: None) -> None:
    for _ in range(2):
        read("SELECT set_config('search_path', 'pg_catalog', false)")
    opened = postgresql_reader.connect()
    try:
        found = [opened.execute(f"SHOW {name}").fetchone() for name in ("search_path", "role")]
        assert found == [("public, pg_temp",), (rights.role_name(),)]
        with pytest.raises(psycopg.Error):
            opened.execute("CREATE TABLE stolen (a integer)")
    finally:
        opened.close()


@pytest.mark.needs("sqlite")
def test_a_connection_of_sqlite_cannot_write(secret: None) -> None:
    opened = sqlite_reader.connect()
    try:
        opened.set_authorizer(None)  # The other defences of the connection hold alone, too.
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            opened.execute("DELETE FROM datasets_dataset")
    finally:
        opened.close()

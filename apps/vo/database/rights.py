"""The tables and columns of our apps that published tables are made from: nothing else may be read."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from string import Template
from typing import Any

import sqlglot
from django.db import connection
from sqlglot import exp

from apps.vo.tables.tap_schema import all_tables

logger = logging.getLogger(__name__)


@cache
def readable() -> Mapping[str, frozenset[str]]:
    """Return the columns that published tables read, by table of the database."""
    found: dict[str, set[str]] = defaultdict(set)
    for table in all_tables():
        text = Template(table.select("postgresql")).substitute(_ANY)
        tree = sqlglot.parse_one(text, read="postgres")
        names = {each.alias_or_name: each.name for each in tree.find_all(exp.Table)}
        for column in tree.find_all(exp.Column):
            if column.table in names:
                found[names[column.table]].add(column.name)
    return {name: frozenset(columns) for name, columns in found.items()}


_NAMED = (
    "reader",
    "observatory",
    "did",
    "links",
    "data",
    "mappings",
    "references_url",
    "latest",
    "edit",
    "builds",
)
_ANY = {**dict.fromkeys(_NAMED, "''"), "sees_all": "0"}


def role_name() -> str:
    """Return the PostgreSQL role that may read what is published, that of this database user."""
    return f"{connection.settings_dict['USER'] or 'crds'}_tap"


def statements() -> list[str]:
    """Return the statements that make the role and give it its rights; they may run twice."""
    role, user = _quoted(role_name()), _quoted(connection.settings_dict["USER"] or "crds")
    grants = [
        f"GRANT SELECT ({', '.join(map(_quoted, sorted(columns)))}) ON {_quoted(table)} TO {role}"
        for table, columns in sorted(readable().items())
    ]
    return [
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
        f"GRANT {role} TO {user}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        *grants,
    ]


def grant_rights(**_: Any) -> None:
    """Give the reader of published tables its rights; Django calls this after each migration.

    A database user that may not make roles gets a line in the log, and queries answer that the service is not
    ready. `docs/guide/vo.md` shows what an administrator of the database does then.
    """
    if connection.vendor != "postgresql":
        return
    try:
        with connection.cursor() as cursor:
            for statement in _missing(cursor):
                cursor.execute(statement)
    except Exception as exc:
        logger.error("the role %s cannot be prepared: %s", role_name(), str(exc).splitlines()[0])


def _missing(cursor: Any) -> list[str]:
    """Return the statements to run, none if the role has all rights already."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role_name()])
    if cursor.fetchone() is None:
        return statements()
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.column_privileges "
        "WHERE grantee = %s AND privilege_type = 'SELECT' AND table_schema = current_schema()",
        [role_name()],
    )
    has = set(cursor.fetchall())
    wanted = {(table, column) for table, columns in readable().items() for column in columns}
    return [] if wanted <= has else statements()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""The first two defences: what is not ADQL, or not published, is refused before a database sees it."""

import pytest

from apps.vo.adql import dialect, translate
from apps.vo.adql.allowed import require_adql
from apps.vo.adql.dialect import parse
from apps.vo.adql.translate import Statement
from apps.vo.errors import UsageError
from tests.factories.vo import FACTS

ACCEPTED = """\
SELECT TOP 5 name, file_size FROM crds.files AS f WHERE name LIKE 'jwst!_%' ESCAPE '!' ORDER BY name DESC OFFSET 3
SELECT DISTINCT instrument FROM crds.files
SELECT ALL instrument FROM crds.files -- a comment
SELECT COUNT(DISTINCT instrument), COUNT(*) n FROM crds.files
SELECT a.name FROM crds.files a LEFT OUTER JOIN crds.rules r ON r.reference = a.name
SELECT a.name FROM crds.files a RIGHT JOIN crds.rules r ON r.reference = a.name
SELECT context FROM crds.rules FULL JOIN crds.contexts USING (context)
SELECT context FROM crds.rules NATURAL JOIN crds.contexts
SELECT a.name FROM crds.files a, crds.files b WHERE a.name = b.replaced_by
SELECT name FROM crds.files WHERE EXISTS (SELECT 1 FROM crds.rules WHERE reference = name)
SELECT name FROM crds.files WHERE name NOT IN ('a', 'b') AND file_size BETWEEN 1 AND 9 OR comment IS NOT NULL
SELECT name FROM crds.files WHERE name ILIKE 'JWST%'
WITH x AS (SELECT name AS n FROM crds.files) SELECT n FROM x UNION ALL SELECT context FROM crds.contexts
SELECT name FROM crds.files EXCEPT SELECT reference FROM crds.rules
SELECT name FROM crds.files INTERSECT SELECT reference FROM crds.rules ORDER BY 1
SELECT CASE WHEN rejected = 1 THEN 'bad' ELSE 'good' END, COALESCE(comment, name), 'a' || name FROM crds.files
SELECT CAST(file_size AS VARCHAR(10)), CAST(file_size AS DOUBLE PRECISION) FROM crds.files
SELECT instrument, SUM(file_size), AVG(file_size), MIN(name), MAX(name) FROM crds.files GROUP BY instrument HAVING COUNT(*) > 1
SELECT ABS(-1), CEILING(1.5), DEGREES(1), EXP(1), FLOOR(1.5), LOG(2), LOG10(2), MOD(7, 2), PI(), POWER(2, 3) FROM crds.files
SELECT RADIANS(1), RAND(), RAND(3), ROUND(1.55, 1), ROUND(1.5), SQRT(4), TRUNCATE(1.55, 1), TRUNCATE(1.5) FROM crds.files
SELECT ACOS(1), ASIN(1), ATAN(1), ATAN2(1, 2), COS(1), COT(1), SIN(1), TAN(1), LOWER('A'), UPPER('a') FROM crds.files
SELECT q.n FROM (SELECT name n FROM crds.files) AS q LIMIT 3
SELECT "size", column_name FROM TAP_SCHEMA.columns
SELECT f.* FROM Crds.Files f WHERE F.NAME <> 'a' AND f.name != 'b'
"""

# Each with a word of the message that tells what is wrong.
REFUSED = {
    "SELECT name INTO stolen FROM crds.files": "INTO",
    "SELECT name FROM crds.files FOR UPDATE": "LOCKS",
    "SELECT $1 FROM crds.files": "$1",
    "SELECT ? FROM crds.files": "PLACEHOLDER",
    "SELECT :x FROM crds.files": "PLACEHOLDER",
    "SELECT @x FROM crds.files": "PARAMETER",
    "PRAGMA table_info(auth)": "PRAGMA",
    "SHOW TABLES": "SHOW",
    "EXPLAIN SELECT 1": "EXPLAIN",
    "DELETE FROM crds.files": "DELETE",
    "INSERT INTO crds.files VALUES (1)": "INSERT",
    "UPDATE crds.files SET name = 'a'": "UPDATE",
    "DROP TABLE catalog_file": "DROP",
    "CREATE TABLE x (a int)": "CREATE",
    "ALTER TABLE catalog_file ADD COLUMN a int": "ALTER",
    "GRANT SELECT ON catalog_file TO public": "GRANT",
    "VACUUM": "VACUUM",
    "COPY crds.files TO '/tmp/x'": "COPY",
    "ATTACH DATABASE 'x' AS y": "syntax",
    "SET ROLE postgres": "SET",
    "BEGIN": "TRANSACTION",
    "VALUES (1)": "VALUES",
    "SELECT name FROM crds.files; DROP TABLE catalog_file": "2 statements",
    "SELECT name FROM crds.files; SELECT 1": "2 statements",
    "SELECT * FROM generate_series(1, 5)": "named",
    "SELECT * FROM pg_read_file('/etc/passwd')": "named",
    "SELECT pg_read_file('/etc/passwd') FROM crds.files": "pg_read_file",
    "SELECT load_extension('x') FROM crds.files": "load_extension",
    "SELECT readfile('/etc/passwd') FROM crds.files": "readfile",
    "SELECT pg_sleep(100) FROM crds.files": "pg_sleep",
    "SELECT set_config('role', 'postgres', false) FROM crds.files": "set_config",
    "SELECT lo_import('/etc/passwd') FROM crds.files": "lo_import",
    "SELECT SUBSTRING(name, 1, 2) FROM crds.files": "SUBSTRING",
    "SELECT CURRENT_USER FROM crds.files": "CURRENT_USER",
    "SELECT row_number() OVER (ORDER BY name) FROM crds.files": "WINDOW",
    "SELECT name FROM crds.files TABLESAMPLE (10)": "SAMPLE",
    "SELECT * FROM crds.files, LATERAL (SELECT 1) x": "LATERAL",
    "WITH RECURSIVE x AS (SELECT 1 AS a FROM crds.files UNION ALL SELECT a + 1 FROM x) SELECT * FROM x": "RECURSIVE",
    "SELECT 0x1F FROM crds.files": "0x1F",
    "SELECT DISTINCT ON (name) name FROM crds.files": "DISTINCT",
    "SELECT name FROM crds.files LIMIT (SELECT 5)": "whole number",
    "SELECT ARRAY[1, 2] FROM crds.files": "ARRAY",
    "SELECT {'a': 1} FROM crds.files": "STRUCT",
    "SELECT CAST(name AS DATE) FROM crds.files": "DATE",
    "SELECT name FROM crds.files QUALIFY name > 'a'": "QUALIFY",
    "SELECT name FROM main.crds.files": "CATALOG",
    "SELECT name FROM catalog_file": "catalog_file",
    "SELECT password FROM accounts_user": "accounts_user",
    "SELECT name FROM sqlite_master": "sqlite_master",
    "SELECT rolname FROM pg_catalog.pg_authid": "pg_authid",
    "SELECT deliverer_email FROM crds.files": "deliverer_email",
    "SELECT f.deliverer_email FROM crds.files f": "deliverer_email",
    "SELECT rowid FROM crds.files": "rowid",
    "SELECT ctid FROM crds.files": "ctid",
    "SELECT name FROM (SELECT name FROM crds.files) q WHERE q.file_size > 1": "file_size",
    "SELECT x.name FROM crds.files f": "x",
    "SELECT name FROM files": "crds.files",
    "SELECT nme FROM crds.files": "name",
    "SELECT sqr(2) FROM crds.files": "SQRT",
    "SELECT LOG(2, 3) FROM crds.files": "LOG",
    "SELECT name FROM crds.files WHERE": "line 1",
    "SELECT FROM WHERE": "line 1",
    "": "empty",
    "-- nothing": "empty",
    "SELECT 'never closed": "read",
    "SELECT /* never closed": "",
}


def translated(query: str, vendor: str = "postgresql") -> Statement:
    return translate.translate(query, vendor=vendor, facts=FACTS, limit=11)


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
@pytest.mark.parametrize("query", ACCEPTED.splitlines())
def test_adql_is_accepted_and_stops_by_itself(query: str, vendor: str) -> None:
    statement = translated(query, vendor)
    assert "LIMIT" in statement.sql
    assert len({column.name for column in statement.columns}) == len(statement.columns) > 0


@pytest.mark.parametrize("query", REFUSED)
def test_everything_else_is_refused_with_its_name(query: str) -> None:
    with pytest.raises(UsageError, match=r"^UsageFault: ") as caught:
        translated(query)
    assert REFUSED[query].lower() in str(caught.value).lower()


@pytest.mark.parametrize("query", list(REFUSED)[:46])
def test_the_allow_list_alone_refuses_what_is_not_adql(query: str) -> None:
    """Without the look-up of names; `$1` is a name to the parser, and belongs to the second defence."""
    if query == "SELECT $1 FROM crds.files":
        return
    with pytest.raises(UsageError):
        require_adql(parse(query))


@pytest.mark.parametrize("query", list(REFUSED)[46:56])
def test_the_look_up_of_names_alone_refuses_what_is_not_published(
    query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translate, "require_adql", lambda tree: None)
    with pytest.raises(UsageError):
        translated(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT " + "(" * 10_000 + "1" + ")" * 10_000 + " FROM crds.files",
        "SELECT " + "(" * 10_000,
        "SELECT name FROM crds.files WHERE " + "NOT " * 5_000 + "1 = 1",
        "SELECT " + "- " * 5_000 + "1 FROM crds.files",
        "SELECT " + "+".join(["1"] * 3_000) + " FROM crds.files",
        "SELECT " + "||".join(["name"] * 3_000) + " FROM crds.files",
        "SELECT " + "CASE WHEN 1=1 THEN " * 1_000 + "1",
        "SELECT name FROM crds.files" + " UNION SELECT name FROM crds.files" * 2_000,
        "SELECT name FROM " + "(SELECT name FROM " * 500 + "crds.files" + ") q" * 500,
        "SELECT " + ", ".join(["name"] * 30_000) + " FROM crds.files",
        "SELECT '" + "a" * dialect.MAX_LENGTH + "' FROM crds.files",
        "SELECT name FROM crds.files WHERE " + " AND ".join(["name = 'a'"] * 3_000),
    ],
    ids=lambda query: query[:40],
)
def test_a_query_that_is_too_long_or_too_deep_is_refused(query: str) -> None:
    with pytest.raises(UsageError):
        translated(query)


def test_sixty_levels_are_read() -> None:
    assert translated("SELECT " + "(" * 55 + "1" + ")" * 55 + " FROM crds.files").sql


def test_messages_name_the_place_in_the_query() -> None:
    with pytest.raises(UsageError, match=r"'nme' at line 2, column 3; did you mean name\?"):
        translated("SELECT\n  nme\nFROM crds.files")


def test_columns_keep_their_description_through_aliases_and_subqueries() -> None:
    query = "SELECT q.n AS big, q.m FROM (SELECT file_size AS n, MAX(name) AS m FROM crds.files GROUP BY n) q"
    big, name = translated(query).columns
    assert (big.name, big.facts.kind.datatype, big.facts.unit, big.facts.ucd) == (
        "big", "long", "byte", "phys.size;meta.file",
    )  # fmt: skip
    assert (name.name, name.facts.kind.datatype, name.facts.ucd) == ("m", "char", "")


def test_expressions_have_types() -> None:
    query = (
        "SELECT COUNT(*), file_size / 2, file_size * 0.5, SQRT(file_size), comment || 'a', name || 'a', "
        "CASE WHEN 1=1 THEN 1 ELSE 2.5 END, COALESCE(NULL, useafter_date), 7, 7000000000, SUM(file_size) "
        "FROM crds.files GROUP BY file_size, comment, name, useafter_date"
    )
    found = [column.facts.kind.datatype for column in translated(query).columns]
    assert found == [
        "long", "long", "double", "double", "unicodeChar", "char", "double", "char", "int", "long", "long",
    ]  # fmt: skip


def test_a_with_clause_may_shadow_a_published_name_and_reaches_no_other() -> None:
    assert translated("WITH files AS (SELECT 1 AS a FROM crds.rules) SELECT a FROM files").sql
    with pytest.raises(UsageError, match="accounts_user"):
        translated("WITH q AS (SELECT 1 AS a FROM crds.rules) SELECT a FROM q, accounts_user")


def test_a_hostile_literal_stays_a_literal() -> None:
    query = "SELECT name FROM crds.files WHERE name = 'x'' OR 1=1; DROP TABLE catalog_file; --'"
    for vendor in ("sqlite", "postgresql"):
        assert "= 'x'' OR 1=1; DROP TABLE catalog_file; --'" in translated(query, vendor).sql

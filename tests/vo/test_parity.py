"""The same query gives the same rows on both databases: these are the rows, whichever database runs the suite."""

import pytest

from apps.catalog.models import File
from tests.vo.conftest import Ask

NAMES = ("Beta.fits", "alpha.fits", "_x.fits", "a%b.fits", "a_b.fits", "aXb.fits", "back\\slash.fits")


@pytest.fixture
def files(tap_database: None) -> None:
    for number, name in enumerate(NAMES):
        size = None if name == "_x.fits" else number
        File.objects.create(
            name=name,
            kind="reference",
            size=size,
            instrument="miri" if number % 2 else "",
            description="Überblick — naïve",
        )
    File.objects.filter(name="alpha.fits").update(useafter_at="2024-01-31T12:30:00.123456Z", rejected=True)


# Query to the rows, in TSV.
SAME = {
    "SELECT name FROM crds.files ORDER BY name": [
        "Beta.fits", "_x.fits", "a%b.fits", "aXb.fits", "a_b.fits", "alpha.fits", "back\\slash.fits",
    ],
    "SELECT name FROM crds.files WHERE name < 'a' ORDER BY name": ["Beta.fits", "_x.fits"],
    "SELECT name FROM crds.files WHERE name LIKE 'a%' ORDER BY name": [
        "a%b.fits", "aXb.fits", "a_b.fits", "alpha.fits",
    ],
    "SELECT name FROM crds.files WHERE name LIKE 'A%'": [],
    "SELECT name FROM crds.files WHERE name ILIKE 'A_PHA%'": ["alpha.fits"],
    "SELECT name FROM crds.files WHERE name LIKE 'a!_b%' ESCAPE '!'": ["a_b.fits"],
    "SELECT name FROM crds.files WHERE name LIKE 'back\\slash%'": ["back\\slash.fits"],
    "SELECT name FROM crds.files WHERE name NOT LIKE '%b%' ORDER BY name DESC": ["alpha.fits", "_x.fits", "Beta.fits"],
    "SELECT file_size FROM crds.files ORDER BY file_size": ["", "0", "1", "3", "4", "5", "6"],
    "SELECT file_size FROM crds.files ORDER BY file_size DESC": ["6", "5", "4", "3", "1", "0", ""],
    "SELECT TOP 1 7/2, 7/2.0, MOD(7, 2), -7/2, 2*3.5 FROM crds.files": ["3\t3.5\t1\t-3\t7.0"],
    "SELECT TOP 1 ROUND(LOG(10), 6), LOG10(1000), ROUND(EXP(1), 6), SQRT(16), POWER(2, 10) FROM crds.files": [
        "2.302585\t3.0\t2.718282\t4.0\t1024.0",
    ],
    "SELECT TOP 1 ROUND(2.567, 2), ROUND(2.5), TRUNCATE(2.567, 2), TRUNCATE(-2.5), FLOOR(-1.5), CEILING(1.2) FROM crds.files": [
        "2.57\t3.0\t2.56\t-2.0\t-2.0\t2.0",
    ],
    "SELECT TOP 1 ROUND(COT(1), 6), ROUND(ATAN2(1, 2), 6), ROUND(PI(), 6), ROUND(DEGREES(1), 4), ROUND(RADIANS(180), 6) FROM crds.files": [
        "0.642093\t0.463648\t3.141593\t57.2958\t3.141593",
    ],
    "SELECT TOP 1 ROUND(ACOS(1), 1), ROUND(ASIN(1), 6), ROUND(ATAN(1), 6), COS(0), SIN(0), TAN(0), ABS(-3) FROM crds.files": [
        "0.0\t1.570796\t0.785398\t1.0\t0.0\t0.0\t3",
    ],
    "SELECT COUNT(*) FROM crds.files WHERE RAND() >= 0 AND RAND() < 1": ["7"],
    "SELECT TOP 1 CAST(2.6 AS INTEGER), CAST('12' AS INTEGER), CAST(12 AS VARCHAR(5)), CAST('abcdef' AS CHAR(3)) FROM crds.files": [
        "3\t12\t12\tabc",
    ],
    "SELECT TOP 1 LOWER('ÄB'), UPPER('äb'), 'a' || 'b' || 'c' FROM crds.files": ["Äb\täB\tabc"],
    "SELECT useafter_date FROM crds.files WHERE useafter_date > '2024-01-31T00:00:00'": ["2024-01-31T12:30:00"],
    "SELECT instrument, COUNT(*) AS n, SUM(file_size) AS s, AVG(file_size) AS a FROM crds.files GROUP BY instrument ORDER BY n": [
        "miri\t3\t9\t3.0", "\t4\t10\t3.3333333333333335",
    ],
    "SELECT instrument, COUNT(*) FROM crds.files GROUP BY instrument HAVING COUNT(*) > 3": ["\t4"],
    "SELECT DISTINCT rejected FROM crds.files ORDER BY rejected": ["0", "1"],
    "SELECT name FROM crds.files WHERE rejected = 1": ["alpha.fits"],
    "SELECT name FROM crds.files EXCEPT SELECT name FROM crds.files WHERE file_size > 0 ORDER BY name": ["Beta.fits", "_x.fits"],
    "SELECT name FROM crds.files WHERE file_size = 1 UNION SELECT 'z' FROM crds.files ORDER BY 1": ["alpha.fits", "z"],
    "SELECT name FROM crds.files INTERSECT SELECT 'alpha.fits' FROM crds.files": ["alpha.fits"],
    "WITH big AS (SELECT name, file_size FROM crds.files WHERE file_size > 4) SELECT COUNT(*) FROM big": ["2"],
    "SELECT a.name FROM crds.files a LEFT JOIN crds.files b ON b.file_size = a.file_size + 1 WHERE b.name IS NULL ORDER BY 1": [
        "_x.fits", "alpha.fits", "back\\slash.fits",
    ],
    "SELECT COUNT(*) FROM crds.files a FULL JOIN crds.contexts c ON c.context = a.name": ["7"],
    "SELECT COUNT(*) FROM crds.files a NATURAL JOIN crds.files b": ["0"],
    "SELECT name FROM crds.files WHERE EXISTS (SELECT 1 FROM crds.files b WHERE b.name = crds.files.name AND b.file_size = 3)": [
        "a%b.fits",
    ],
    "SELECT COALESCE(file_size, -1) AS s FROM crds.files ORDER BY s OFFSET 5": ["5", "6"],
    "SELECT CASE WHEN file_size > 3 THEN 'big' WHEN file_size IS NULL THEN 'unknown' ELSE 'small' END AS c, COUNT(*) AS n FROM crds.files GROUP BY c ORDER BY c": [
        "big\t3", "small\t3", "unknown\t1",
    ],
    "SELECT TOP 1 description FROM crds.files": ["Überblick — naïve"],
    "SELECT TOP 1 'it''s' AS q, '\\' AS b, '%' AS p FROM crds.files": ["it's\t\\\t%"],
    "SELECT COUNT(*) FROM TAP_SCHEMA.tables t JOIN TAP_SCHEMA.columns c ON c.table_name = t.table_name": None,
}  # fmt: skip


def test_the_rows_are_the_same_on_both_databases(ask: Ask, files: None) -> None:
    wrong = {}
    for query, expected in SAME.items():
        answer = ask(query)
        found = answer.text.splitlines()[1:] if answer.status == 200 else [answer.text]
        if expected is not None and found != expected:
            wrong[query] = (found, expected)
    assert not wrong

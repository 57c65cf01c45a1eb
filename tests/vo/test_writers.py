"""Documents that we write are read back by the usual library, whatever the values are."""

import csv
import io
import math
from typing import Any

from astropy.io.votable import parse_single_table
from hypothesis import given
from hypothesis import strategies as st

from apps.vo.adql.result_columns import ResultColumn
from apps.vo.tables.columns import FieldFacts, ValueKind
from apps.vo.writers import separated_values, votable

COLUMNS = [
    ResultColumn("text", FieldFacts(ValueKind.TEXT, "A text", "meta.id", "", "a:b")),
    ResultColumn("unicode", FieldFacts(ValueKind.UNICODE)),
    ResultColumn("long", FieldFacts(ValueKind.LONG, unit="byte")),
    ResultColumn("double", FieldFacts(ValueKind.DOUBLE)),
    ResultColumn("short", FieldFacts(ValueKind.SHORT)),
]
ROWS = st.lists(
    st.tuples(
        st.none() | st.text(),
        st.none() | st.text(),
        st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
        st.none() | st.floats(allow_nan=True),
        st.sampled_from([None, 0, 1, True, False]),
    ),
    max_size=20,
)


def as_xml(text: str | None, *, is_ascii: bool) -> str:
    """Return a text as a reader of XML gets it."""
    shown = "".join(
        each if each in "\t\n\r" or (each >= " " and not "\ud800" <= each <= "\udfff" and each not in "\ufffe\uffff")
        else "\ufffd"
        for each in text or ""
    )  # fmt: skip
    return "".join(each if each.isascii() else "?" for each in text or "") if is_ascii else shown


@given(ROWS)
def test_any_rows_come_back(rows: list[tuple[Any, ...]]) -> None:
    document = "".join(votable.write(COLUMNS, [rows] if rows else []))
    table = parse_single_table(io.BytesIO(document.encode("utf-8", "strict")))
    assert len(table.array) == len(rows)
    for read, written in zip(table.array, rows, strict=True):
        assert without_blanks(str(read["unicode"])) == without_blanks(as_xml(written[1], is_ascii=False))
        assert str(read["text"]).isascii() or "\ufffd" in str(read["text"])
        for name, value in (("long", written[2]), ("short", written[4])):
            assert (read[name] is not None and int(read[name]) == int(value)) if value is not None else True
        if written[3] is not None and not math.isnan(written[3]):
            assert float(read["double"]) == written[3]


def without_blanks(text: str) -> str:
    """The reader of the library strips blanks at the ends."""
    return "".join(text.split())


@given(ROWS)
def test_csv_comes_back(rows: list[tuple[Any, ...]]) -> None:
    text = "".join(separated_values.write_csv(COLUMNS, [rows] if rows else []))
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == [column.name for column in COLUMNS]
    assert len(read) == len(rows) + 1


@given(ROWS)
def test_tsv_has_one_line_for_each_row(rows: list[tuple[Any, ...]]) -> None:
    text = "".join(separated_values.write_tsv(COLUMNS, [rows] if rows else []))
    lines = text.split("\n")
    assert len(lines) == len(rows) + 2
    assert all(line.count("\t") == len(COLUMNS) - 1 for line in lines[:-1])


def test_names_of_columns_become_unique_ids() -> None:
    names = ["a", "a b", "a_b", "1", "", "ä", "a"]
    ids = votable.ids_of(names)
    assert len(set(ids)) == len(names)
    assert all(id.isascii() and id[0].isalpha() for id in ids)


def test_an_error_is_escaped() -> None:
    document = votable.error_document('UsageFault: a < b & "c" \x00')
    assert "UsageFault: a &lt; b &amp;" in document
    assert "\ufffd" in document

import json
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.datasets import readers
from apps.datasets.errors import BadRowError, UnreadableSourceError
from apps.datasets.import_rows import Raw
from apps.datasets.readers import LONGEST_LINE, read
from tests.factories.datasets import make_file, make_line


def rows_of(path: Path, **options: Any) -> list[tuple[int, Any]]:
    """Return number and id, or number and reason, of all rows of a file."""
    return [
        (number, str(item) if isinstance(item, BadRowError) else item.dataset_id)
        for number, item in read(path, **options)
    ]


def test_json_lines_are_numbered_by_line(tmp_path: Path) -> None:
    path = make_file(tmp_path, make_line("A", prog_id="1"), "", make_line("B"))
    rows = list(read(path))
    assert [number for number, _ in rows] == [1, 3]
    assert rows[0][1] == Raw(json.loads(make_line())["header"], "A", "1")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "the line is not a JSON object"),
        ("null", "the line is not a JSON object"),
        ("[" * 200_000, "the JSON is nested too deeply"),
        ('{"a":' * 200_000, "the JSON is nested too deeply"),
        ("x" * (LONGEST_LINE + 10), f"the line is longer than {LONGEST_LINE} bytes"),
        ("1" * 5000, "not JSON"),
    ],
)
def test_a_bad_line_is_reported_and_the_next_one_read(tmp_path: Path, line: str, reason: str) -> None:
    path = make_file(tmp_path, make_line("A"), line, make_line("B"))
    rows = rows_of(path)
    assert [number for number, _ in rows] == [1, 2, 3]
    assert rows[1][1].startswith(reason)
    assert rows[2] == (3, "B")


def test_a_bad_first_line_does_not_hide_the_others(tmp_path: Path) -> None:
    for line in (make_line("A")[:-5], "x" * (LONGEST_LINE + 10), '{"dataset_id": ' + " " * LONGEST_LINE, "{"):
        rows = rows_of(make_file(tmp_path, line, make_line("B"), name="datasets.json"))
        assert rows[-1] == (2, "B")
        assert rows[0][0] == 1


def test_bytes_that_are_not_utf8_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "datasets.jsonl"
    path.write_bytes(make_line("A").encode() + b'\n{"\xff": 1}\n' + make_line("B").encode())
    assert rows_of(path) == [(1, "A"), (2, "not UTF-8: byte 2 is 0xff"), (3, "B")]


@pytest.mark.parametrize("indent", [None, 1, "\t"])
def test_one_object_may_span_the_file(tmp_path: Path, indent: Any) -> None:
    text = json.dumps({"A:B": {"INSTRUME": "COS"}, "C:D": {"INSTRUME": "ACS"}}, indent=indent)
    path = make_file(tmp_path, text, name="datasets.json")
    rows = list(read(path))
    assert [item.dataset_id for _, item in rows] == ["A:B", "C:D"]
    assert rows[1][1].header == {"INSTRUME": "ACS"}


def test_the_form_of_the_client_may_have_an_object_on_each_line(tmp_path: Path) -> None:
    path = make_file(tmp_path, '{"A:B": {}}', '{"C:D": {}, "E:F": {}}', name="datasets.json")
    assert rows_of(path) == [(1, "A:B"), (2, "C:D"), (2, "E:F")]
    assert rows_of(path, after=1) == [(2, "C:D"), (2, "E:F")]


def test_an_object_larger_than_any_line_is_read_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "LONGEST_LINE", 2000)
    monkeypatch.setattr(readers, "_BLOCK", 7)
    document = {f"A{number}": {"KEY": "x" * (number % 50), "NUMBER": number} for number in range(500)}
    path = make_file(tmp_path, json.dumps(document), name="datasets.json")
    rows = list(read(path))
    assert {item.dataset_id: item.header for _, item in rows} == document
    assert rows_of(path, after=498) == [(499, "A498"), (500, "A499")]


@pytest.mark.parametrize(
    "tail",
    ["", '"B"', '"B": ', '"B": {', '"B": {}', '"B": ' + "[" * 100_000, '"B": "' + "x" * 3_000_000],
)
def test_entries_before_the_break_in_an_object_are_read(tmp_path: Path, tail: str) -> None:
    path = make_file(tmp_path, '{\n"A": {"INSTRUME": "COS"},\n' + tail, name="datasets.json")
    rows = read(path)
    assert next(rows)[1].dataset_id == "A"
    with pytest.raises(UnreadableSourceError):
        list(rows)


def test_empty_files_hold_nothing(tmp_path: Path) -> None:
    assert rows_of(make_file(tmp_path)) == []
    assert rows_of(make_file(tmp_path, "{}", name="datasets.json")) == []
    assert rows_of(make_file(tmp_path, "{", "}", name="datasets.json")) == []


def test_csv_has_a_column_for_each_keyword(tmp_path: Path) -> None:
    lines = ("Dataset_ID,INSTRUME,prog_id,DETECTOR", 'A:B,COS,17,"F,UV"', "C:D,ACS,,")
    rows = list(read(make_file(tmp_path, *lines, name="datasets.csv")))
    assert rows[0] == (2, Raw({"INSTRUME": "COS", "DETECTOR": "F,UV"}, "A:B", "17"))
    assert rows[1] == (3, Raw({"INSTRUME": "ACS"}, "C:D", None))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A:B", "1 cells were found; there are 2 columns"),
        ("A,B,C", "3 cells were found; there are 2 columns"),
        (f"A,{'x' * 200_000}", "not CSV: field larger than field limit (131072)"),
    ],
)
def test_a_bad_record_is_reported_and_the_next_one_read(tmp_path: Path, line: str, reason: str) -> None:
    path = make_file(tmp_path, "dataset_id,INSTRUME", line, "A:B,COS", name="datasets.csv")
    assert rows_of(path) == [(2, reason), (3, "A:B")]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), "the file is empty"),
        (("INSTRUME,DETECTOR",), "No column is called dataset_id; the first line names 'INSTRUME, DETECTOR'"),
        (("dataset_id,A,A",), "Two columns are called 'A'"),
        (("dataset_id," + "x" * 200_000,), "field larger than field limit"),
        (("dataset_id," + ",".join(f"K{n}" for n in range(60_000)),), "names 60001 columns; at most 2000"),
        (("dataset_id," + "A," * 60_000,), "names 60002 columns; at most 2000"),
    ],
)
def test_csv_without_sound_columns_is_refused_as_a_whole(tmp_path: Path, lines: Any, reason: str) -> None:
    with pytest.raises(UnreadableSourceError, match=reason.replace("(", r"\(")):
        rows_of(
            make_file(tmp_path, *lines, "A:B,COS", name="datasets.csv")
            if lines
            else make_file(tmp_path, name="d.csv")
        )


@pytest.mark.parametrize("name", ["datasets.pkl", "datasets", "datasets.json.gz"])
def test_unknown_forms_are_refused_and_the_known_ones_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        UnreadableSourceError, match=r"known are \.asdf, \.csv, \.fits, \.json, \.jsonl, \.ndjson"
    ):
        rows_of(make_file(tmp_path, name=name))


def test_a_missing_file_differs_from_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSourceError, match="cannot be read"):
        rows_of(tmp_path / "nothing.csv")


def test_an_open_quote_ends_the_reading_of_csv(tmp_path: Path) -> None:
    lines = ["dataset_id,INSTRUME", "A:B,COS", 'C:D,"COS', *["E:F,STIS"] * 100_000]
    rows = read(make_file(tmp_path, *lines, name="datasets.csv"))
    assert [type(next(rows)[1]) for _ in range(2)] == [Raw, BadRowError]
    with pytest.raises(UnreadableSourceError, match="after line 2: a quote in line 3 is not closed"):
        next(rows)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NaN", "nan"),
        ("123456789012345678901234", "123456789012345678901234"),
        ("1.5", "1.5"),
        ("1e400", "inf"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\ud800"', "\ud800"),
    ],
)
def test_a_line_is_read_as_the_client_reads_it(tmp_path: Path, text: str, value: str) -> None:
    """The fast reader refuses some of these values and rounds others."""
    path = make_file(tmp_path, f'{{"dataset_id": "A:B", "header": {{"KEY": {text}}}}}')
    [(_, raw)] = read(path)
    assert isinstance(raw, Raw)
    assert str(raw.header["KEY"]) == value


def test_without_its_library_parquet_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UnreadableSourceError, match="pip install pyarrow"):
        list(read(make_file(tmp_path, "x", name="datasets.parquet")))


@pytest.mark.needs("pyarrow")
def test_dates_and_decimals_of_parquet_become_texts(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet as parquet

    start = datetime(2010, 5, 6, 12)  # noqa: DTZ001 (the column has no zone)
    columns = {
        "dataset_id": ["A:B"],
        "DATE-OBS": [start.date()],
        "TIME-OBS": [start.time()],
        "START": [start],
        "END": [start.replace(tzinfo=timezone(timedelta(hours=2)))],
        "EXPTIME": [Decimal("1.50")],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "typed.parquet")
    texts = {
        "DATE-OBS": "2010-05-06",
        "TIME-OBS": "12:00:00",
        "START": "2010-05-06T12:00:00",
        "END": "2010-05-06T10:00:00",
        "EXPTIME": "1.50",
    }
    assert list(read(tmp_path / "typed.parquet")) == [(1, Raw(texts, "A:B", None))]
    header = pyarrow.array([{name: values[0] for name, values in columns.items() if name != "dataset_id"}])
    parquet.write_table(pyarrow.table({"dataset_id": ["A:B"], "header": header}), tmp_path / "header.parquet")
    assert list(read(tmp_path / "header.parquet")) == [(1, Raw(texts, "A:B", None))]


@pytest.mark.needs("pyarrow")
def test_parquet_has_a_column_for_each_keyword_or_for_the_header(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet as parquet

    columns = {
        "dataset_id": ["A:B", "C:D"],
        "prog_id": ["17", None],
        "INSTRUME": ["COS", "ACS"],
        "N": [1, None],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "columns.parquet")
    assert list(read(tmp_path / "columns.parquet")) == [
        (1, Raw({"INSTRUME": "COS", "N": 1}, "A:B", "17")),
        (2, Raw({"INSTRUME": "ACS"}, "C:D", None)),
    ]
    assert rows_of(tmp_path / "columns.parquet", after=1) == [(2, "C:D")]
    for header in (
        pyarrow.array([[("INSTRUME", "COS")], None], pyarrow.map_(pyarrow.string(), pyarrow.string())),
        pyarrow.array([{"INSTRUME": "COS", "N": None}, None]),
        pyarrow.array(['{"INSTRUME": "COS"}', None]),
    ):
        path = tmp_path / "header.parquet"
        parquet.write_table(pyarrow.table({"dataset_id": ["A:B", "C:D"], "header": header}), path)
        first, second = read(path)
        assert first == (1, Raw({"INSTRUME": "COS"}, "A:B", None))
        assert isinstance(second[1], Raw)
        assert second[1].header is None
    parquet.write_table(pyarrow.table({"id": ["A:B"]}), tmp_path / "no_id.parquet")
    with pytest.raises(UnreadableSourceError, match="No column is called dataset_id"):
        list(read(tmp_path / "no_id.parquet"))
    with pytest.raises(UnreadableSourceError, match="Nothing can be read after row 0"):
        list(read(make_file(tmp_path, "x", name="broken.parquet")))


@pytest.mark.parametrize("digits", [18, 19, 20, 400])
@pytest.mark.parametrize("sign", ["", "-"])
def test_no_digit_of_a_whole_number_is_lost(tmp_path: Path, digits: int, sign: str) -> None:
    text = sign + "9876543210"[: digits % 10] + "9876543210" * (digits // 10)
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"dataset_id": "A:B", "header": {{"KEY": {text}}}}}')
    ((_number, row),) = read(path)
    assert isinstance(row, Raw)
    assert str(row.header["KEY"]) == text

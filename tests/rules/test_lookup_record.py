import json

from apps.rules.lookup.lookup_record import DateTrace, Trace
from tests.rules.factories import make_context, make_header, make_rmap


def traced(header: dict[str, object], **fields: object) -> dict[str, object]:
    trace = Trace()
    context = make_context(make_rmap(**fields))
    answers = context.best_references(header, trace=trace)
    assert answers == context.best_references(header)
    record = trace.as_dict()
    assert json.loads(json.dumps(record)) is not None
    assert (record["context"], record["instrument"]) == ("hst_0001.pmap", "stis")
    (entry,) = record["reftypes"]
    assert entry["answer"] == answers.get("darkfile")
    return dict(entry)


def test_the_way_to_a_reference_is_recorded() -> None:
    (entry,) = traced(make_header())["attempts"]
    assert entry["parkeys"] == {"DETECTOR": "CCD", "FILTER": "A"}
    assert entry["candidates"] == [
        [{"DETECTOR": "CCD", "FILTER": "A"}],
        [{"DETECTOR": "CCD", "FILTER": "N/A"}],
    ]
    assert [case["weight"] for case in entry["cases"]] == [2, 1, 0]
    mismatches = entry["cases"][2]["ruled_out_by"]
    assert mismatches[0] == {"parkey": "DETECTOR", "wanted": "MAMA", "found": "CCD"}
    (dates,) = entry["dates"]
    assert (dates["observed"], dates["chosen"]) == ("2001-02-03 04:05:06", "2000-01-01 00:00:00")
    assert (dates["reference"], dates["count"]) == ("a1.fits", 2)
    assert dates["rows"] == (("2000-01-01 00:00:00", "a1.fits"), ("2005-01-01 00:00:00", "a2.fits"))


def test_the_nearest_case_of_a_failure_is_recorded() -> None:
    entry = traced(make_header(DETECTOR="MAMA", FILTER="A"))
    assert entry["answer"] == "NOT FOUND No match found."
    (attempt,) = entry["attempts"]
    assert attempt["candidates"] == []
    assert attempt["cases"][0]["key"] == {"DETECTOR": "CCD", "FILTER": "A"}
    assert attempt["mismatches"] == {1: 3}
    assert attempt["ruled_out_by"] == {"DETECTOR": 2, "FILTER": 1}


def test_a_value_that_no_case_takes_leaves_a_record_of_all_cases() -> None:
    (attempt,) = traced(make_header(DETECTOR="NONE"))["attempts"]
    assert attempt["complaint"] == " parameter='DETECTOR' value='NONE' is not in ['CCD', 'MAMA']"
    assert len(attempt["cases"]) == attempt["case_count"] == 3


def test_dates_know_their_neighbours() -> None:
    rows = (("2000", "a"), ("2001", "b"), ("2002", "c"))
    found = DateTrace("2001-05", "2001", "b", "2000", "2002", 3, rows)
    assert (found.before, found.after) == (rows[0], rows[2])
    first = DateTrace("2000-05", "2000", "a", "2000", "2002", 3, rows)
    assert (first.before, first.after) == (None, rows[1])
    none = DateTrace("1999", None, None, "2000", "2002", 3, rows)
    assert (none.before, none.after) == (None, rows[0])


def test_falling_through_is_recorded() -> None:
    entry = traced(make_header(DATE_OBS="1995-01-01"))
    (attempt,) = entry["attempts"]
    assert [date["reference"] for date in attempt["dates"]] == [None, "any.fits"]


def test_conditions_are_recorded() -> None:
    entry = traced(make_header(), rmap_relevance='(DETECTOR != "CCD")')
    assert entry["answer"] == "NOT FOUND n/a"
    assert entry["notes"] == ['Does not apply, because not (DETECTOR != "CCD").']

import json

from apps.rules.trace import Trace
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
    entry = traced(make_header())
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
    assert entry["nearest"] is None


def test_the_nearest_case_of_a_failure_is_recorded() -> None:
    entry = traced(make_header(DETECTOR="MAMA", FILTER="A"))
    assert entry["answer"] == "NOT FOUND No match found."
    assert entry["candidates"] == []
    assert entry["nearest"]["key"] == {"DETECTOR": "CCD", "FILTER": "A"}


def test_falling_through_is_recorded() -> None:
    entry = traced(make_header(DATE_OBS="1995-01-01"))
    assert [date["reference"] for date in entry["dates"]] == [None, "any.fits"]


def test_conditions_are_recorded() -> None:
    entry = traced(make_header(), rmap_relevance='(DETECTOR != "CCD")')
    assert entry["answer"] == "NOT FOUND n/a"
    assert entry["notes"] == ['Does not apply, because not (DETECTOR != "CCD").']

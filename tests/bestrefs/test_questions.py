from typing import Any

import pytest
from django.db import DatabaseError

from apps.bestrefs import questions
from apps.bestrefs.errors import (
    ArchiveUnreachableError,
    InstrumentNotInContextError,
    NoInstrumentError,
    OtherObservatoryError,
    UnknownDatasetError,
)
from apps.bestrefs.queries import best_references
from apps.contexts.errors import UnknownContextError
from tests.factories.contexts import make_change, make_whole_context
from tests.factories.datasets import CONTEXT, make_dataset, make_header, publish_context

pytestmark = pytest.mark.django_db


@pytest.fixture
def context(hubble: None) -> str:
    return publish_context()


class Unreachable:
    """An archive whose database cannot be reached."""

    def headers(self, wanted: Any, *, since: Any = None) -> Any:
        raise DatabaseError("connection refused by archive.internal")


def test_a_question_keeps_only_parameters_that_the_rules_look_at(context: str) -> None:
    question = questions.of_header(CONTEXT, {**make_header(), "TARGNAME": "NGC104", "RA_TARG": "6.02"})
    assert question.header == make_header()
    assert question.parameters[-2:] == [("DATE-OBS", "2010-05-06"), ("TIME-OBS", "12:00:00")]
    names = [name for name, _value in question.parameters[:-2]]
    assert names == sorted(names)


def test_a_missing_parameter_is_undefined(context: str) -> None:
    question = questions.of_header(CONTEXT, make_header(DEADCORR=None))
    assert dict(question.parameters)["DEADCORR"] == "UNDEFINED"
    assert "DEADCORR" not in question.query


def test_the_address_of_a_question_asks_the_same(context: str) -> None:
    make_dataset()
    by_header = questions.of_header(CONTEXT, make_header(DETECTOR="N&V=<b>"), name="a.fits")
    (by_id,) = questions.of_dataset(CONTEXT, "lb4q04abq")
    for question in (by_header, by_id):
        assert questions.of_address(question.sent) == [question]
    assert by_id.dataset == "LB4Q04010:LB4Q04ABQ"


@pytest.mark.parametrize(
    "changes", [{}, {"DETECTOR": "NUV"}, {"DEADCORR": "OMIT"}, {"DATE_OBS": "1990-01-01"}, {"TIME_OBS": None}]
)
def test_a_reduced_header_has_the_references_of_the_whole_one(context: str, changes: dict[str, Any]) -> None:
    whole = {**make_header(**changes), "TARGNAME": "NGC104", "instrume": "cos", "EXTEND": "T"}
    question = questions.of_header(CONTEXT, whole)
    assert question.rules.best_references(question.header) == best_references(CONTEXT, whole)


def test_keywords_and_paths_mean_the_same(settings: Any) -> None:
    settings.OBSERVATORY = "jwst"
    name = make_whole_context()
    keywords = {"INSTRUME": "MIRI", "DETECTOR": "DET0", "DATE-OBS": "2022-06-30", "TIME-OBS": "12:00:00"}
    paths = {
        "meta.instrument.name": "MIRI",
        "META.INSTRUMENT.DETECTOR": "DET0",
        "meta.observation.date": "2022-06-30",
        "meta.observation.time": "12:00:00",
    }
    one, other = questions.of_header(name, keywords), questions.of_header(name, paths)
    assert one == other
    assert one.rules.best_references(one.header) == {"dark": "jwst_miri_dark_0001.fits"}


def test_the_error_for_a_header_without_instrument_names_the_keyword(context: str) -> None:
    with pytest.raises(NoInstrumentError, match="INSTRUME is missing among its 1 keywords"):
        questions.of_header(CONTEXT, {"DETECTOR": "FUV"})
    with pytest.raises(NoInstrumentError, match="There is no header"):
        questions.of_header(CONTEXT, {})


def test_a_header_of_another_observatory_is_named(context: str) -> None:
    with pytest.raises(OtherObservatoryError, match="of MIRI, an instrument of JWST; this server serves HST"):
        questions.of_header(CONTEXT, {"INSTRUME": "MIRI"})


def test_an_instrument_without_rules_is_refused_with_those_that_have(context: str) -> None:
    for name in ("ACS", "FOO"):
        with pytest.raises(InstrumentNotInContextError, match=f"no rules for '{name}'; it knows COS"):
            questions.of_header(CONTEXT, make_header(INSTRUME=name))


def test_an_unknown_id_is_refused_in_the_documented_words(context: str) -> None:
    with pytest.raises(UnknownDatasetError) as caught:
        questions.of_dataset(CONTEXT, "LB4Q04ABX")
    assert str(caught.value) == "NOT FOUND dataset ID does not exist 'LB4Q04ABX'"
    with pytest.raises(UnknownDatasetError, match="looks like one of JWST MIRI"):
        questions.of_dataset(CONTEXT, "JW94015004002_02109_00001.MIRIMAGE")


def test_a_product_is_a_question_for_each_exposure(context: str) -> None:
    make_dataset("LB4Q04010:LB4Q04ABQ")
    make_dataset("LB4Q04010:LB4Q04ACQ", header=make_header(DETECTOR="NUV"))
    found = questions.of_dataset(CONTEXT, "LB4Q04010")
    assert [(one.label, one.header["DETECTOR"]) for one in found] == [
        ("LB4Q04010:LB4Q04ABQ", "FUV"),
        ("LB4Q04010:LB4Q04ACQ", "NUV"),
    ]


def test_an_unreachable_archive_differs_from_an_unknown_dataset(context: str, settings: Any) -> None:
    settings.ARCHIVE = f"{__name__}.Unreachable"
    with pytest.raises(ArchiveUnreachableError, match="give the header of the file") as caught:
        questions.of_dataset(CONTEXT, "LB4Q04ABQ")
    assert "archive.internal" not in str(caught.value)


def test_an_address_with_an_unknown_context_is_refused(context: str) -> None:
    with pytest.raises(UnknownContextError):
        questions.of_address({"context": "hst_0999.pmap", **make_header()})
    make_change(CONTEXT)
    assert questions.of_address({"context": "hst-latest", **make_header()})[0].context == CONTEXT

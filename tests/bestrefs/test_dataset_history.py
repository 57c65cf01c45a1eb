"""The history of the references of one dataset, against the answers under each context."""

from typing import Any

import pytest
from django.test import Client

from apps.bestrefs.dataset_history import dataset_history
from apps.bestrefs.errors import NoSuchExposureError
from apps.bestrefs.queries import best_references
from tests.factories.datasets import make_dataset, make_header
from tests.factories.reprocessing import DEADTAB, NEW, OLD, move, publish, publish_both

pytestmark = pytest.mark.django_db

ID = "LB4Q04010:LB4Q04ABQ"


@pytest.fixture(autouse=True)
def dataset() -> None:
    make_dataset(ID)


def test_each_era_tells_the_answers_that_changed() -> None:
    publish_both()
    move(NEW)
    found = dataset_history(ID.lower(), "hst")
    assert [era.context for era in found.eras] == [OLD, NEW]
    assert {(change.reftype, change.was, change.is_now) for change in found.eras[0].changes} == {
        ("brftab", None, "brf.fits"),
        ("deadtab", None, "fuv.fits"),
    }
    assert [(change.reftype, change.was, change.is_now) for change in found.eras[1].changes] == [
        ("deadtab", "fuv.fits", "fuv_2010.fits")
    ]


def test_the_answers_of_the_last_era_are_those_of_a_single_lookup() -> None:
    publish_both()
    for context in (NEW, OLD, NEW):
        move(context)
    found = dataset_history(ID, "hst")
    assert found.references == best_references(NEW, make_header())
    assert [era.context for era in found.changed_eras] == [NEW, OLD, NEW, OLD]


def test_an_era_without_rules_for_the_instrument_has_a_reason_and_keeps_what_was_known() -> None:
    publish_both()
    other = publish(3, {"biasfile": DEADTAB}, instrument="acs")
    move(other)
    move(NEW)
    eras = dataset_history(ID, "hst").eras
    assert eras[1].problem == "hst_0003.pmap has no rules for COS."
    assert [change.reftype for change in eras[2].changes] == ["deadtab"]


def test_old_answers_are_not_shown_as_those_of_a_last_era_without_answers(client: Client) -> None:
    publish_both()
    move(publish(3, {"biasfile": DEADTAB}, instrument="acs"))
    answer = client.get(f"/dataset/{ID}/?format=json").json()
    assert (answer["references"], answer["problem"]) == ({}, "hst_0003.pmap has no rules for COS.")
    page = client.get(f"/dataset/{ID}/").text
    today = page[page.index("References today") : page.index("<h2>Changes")]
    assert "There are no answers under hst_0003.pmap: hst_0003.pmap has no rules for COS." in today
    assert "fuv.fits" not in today


def test_an_unknown_id_and_an_id_of_several_exposures_are_refused() -> None:
    make_dataset("LB4Q04010:LB4Q04ACQ")
    with pytest.raises(NoSuchExposureError, match="No dataset with the id 'nothing' is known"):
        dataset_history("nothing", "hst")
    with pytest.raises(
        NoSuchExposureError,
        match=r"names 2 exposures\. Ask for one: LB4Q04010:LB4Q04A",
    ):
        dataset_history("lb4q04010", "hst")


def test_the_page_and_its_json_tell_the_changes(client: Client) -> None:
    publish_both()
    move(NEW)
    page = client.get(f"/dataset/{ID}/")
    assert page.status_code == 200
    assert "fuv_2010.fits" in page.text
    answer: dict[str, Any] = client.get(f"/dataset/{ID}/?format=json").json()
    assert answer["references"]["deadtab"] == "fuv_2010.fits"
    assert [era["context"] for era in answer["history"]] == [OLD, NEW]


@pytest.mark.parametrize("name", ["nothing", "<script>alert(1)</script>", "%00", "a" * 5000])
def test_an_unknown_dataset_is_a_404_without_markup(client: Client, name: str) -> None:
    answer = client.get(f"/dataset/{name}/")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_the_page_of_a_dataset_before_the_first_context(client: Client) -> None:
    page = client.get(f"/dataset/{ID}/")
    assert page.status_code == 200
    assert "No context was ever the latest one" in page.text


def test_a_type_that_does_not_apply_is_no_change() -> None:
    publish(1, {"deadtab": DEADTAB}, kept={"brftab": "N/A"})
    publish(2, {"deadtab": DEADTAB}, kept={"flatfile": "N/A"})
    for context in (OLD, NEW):
        move(context)
    first, second = dataset_history(ID, "hst").eras
    assert [change.reftype for change in first.changes] == ["deadtab"]
    assert second.changes == ()

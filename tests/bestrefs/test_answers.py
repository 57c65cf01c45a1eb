import pytest

from apps.bestrefs.answers import commands, rows_of
from apps.bestrefs.questions import of_dataset, of_header
from apps.catalog.models import File
from tests.factories.catalog import make_file
from tests.factories.datasets import CONTEXT, make_dataset, make_header, publish_context

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def context(hubble: None) -> str:
    return publish_context()


def test_every_type_has_a_row_sorted_by_name() -> None:
    make_file("s7g1700gl_dead.fits")
    brf, dead = rows_of(of_header(CONTEXT, make_header()))
    assert (brf.title, brf.text, brf.look, brf.file) == ("BRFTAB", "s7g1700el_brf.fits", "reference", None)
    assert (dead.title, dead.page) == ("DEADTAB", "/browse/s7g1700gl_dead.fits")
    assert dead.download == "/unchecked_get/references/hst/s7g1700gl_dead.fits"
    assert dead.file == File.objects.get(name="s7g1700gl_dead.fits")


def test_types_without_reference_have_no_addresses() -> None:
    brf, dead = rows_of(of_header(CONTEXT, make_header(DETECTOR="NUV", DEADCORR="OMIT")))
    assert (dead.look, dead.text, dead.page, dead.download) == ("na", "n/a", "", "")
    assert brf.look == "failure"
    assert brf.text == "parameter='DETECTOR' value='NUV' is not in ['FUV']"


def test_bad_references_are_reported() -> None:
    make_file("s7g1700gl_dead.fits", rejected=True)
    brf, dead = rows_of(of_header(CONTEXT, make_header()))
    assert (brf.is_bad, dead.is_bad) == (False, True)


@pytest.mark.parametrize("name", ["x; rm -rf ~.fits", "-x.fits", "$(id).fits", "notes.txt", ""])
def test_no_command_holds_a_name_that_a_shell_could_misread(name: str) -> None:
    question = of_header(CONTEXT, make_header(), name=name)
    assert commands(question, []) == []


def test_commands_ask_and_fetch_the_same() -> None:
    make_dataset()
    (by_id,) = of_dataset(CONTEXT, "LB4Q04ABQ")
    by_file = of_header(CONTEXT, make_header(), name="lb4q04abq_raw.fits")
    found = dict(commands(by_id, rows_of(by_id)))
    assert found["Fetch these references"] == "crds sync --files s7g1700el_brf.fits s7g1700gl_dead.fits"
    assert "--datasets LB4Q04010:LB4Q04ABQ" in found["Ask the same from the command line"]
    assert "--files lb4q04abq_raw.fits" in commands(by_file, [])[0][1]

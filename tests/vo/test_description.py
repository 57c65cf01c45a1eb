"""The self-description, the examples and the page: all from one description in code."""

import re
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from apps.bestrefs.models import BestReference, KeptDataset
from apps.bestrefs.pipeline import follow, keep, stale
from apps.contexts.listings import keep_listings
from apps.contexts.models import ListedRule
from apps.contexts.queries import get_context
from apps.datasets.models import Dataset
from apps.jobs import pipeline as jobs
from apps.jobs.models import Job
from apps.vo.tables.tap_schema import all_tables
from apps.vo.tap import description_views
from apps.vo.tap.examples import EXAMPLES
from tests.factories import sites
from tests.factories.datasets import make_dataset
from tests.vo.conftest import HEADER, Ask

XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"


def xml(path: str) -> ElementTree.Element:
    answer = Client().get(path)
    assert answer.status_code == 200
    return ElementTree.fromstring(answer.content)


def test_every_table_and_column_is_described() -> None:
    for table in all_tables():
        assert table.description
        for column in table.columns:
            assert column.facts.description.isascii()
            assert column.facts.ucd or table.is_standard, (table.shown, column.name)
            assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)


def test_tap_schema_the_list_and_the_fields_say_the_same(ask: Ask) -> None:
    listed = {
        (table.findtext("name"), (column.findtext("name") or "").strip('"')): column.findtext("dataType")
        for table in xml("/tap/tables").iter("table")
        for column in table.iter("column")
    }
    told = ask("SELECT table_name, column_name, datatype FROM TAP_SCHEMA.columns").rows
    assert {(table, column.strip('"')): kind for table, column, kind in told} == listed
    assert len(listed) > 100
    for table in all_tables():
        text = ask(f"SELECT * FROM {table.shown}", RESPONSEFORMAT=None, MAXREC="0").text
        fields = dict(re.findall(r'<FIELD ID="\w+" name="(\w+)" datatype="(\w+)"', text))
        assert fields == {column: kind for (name, column), kind in listed.items() if name == table.shown}


def test_tap_schema_has_its_own_keys(ask: Ask) -> None:
    own = ask("SELECT from_table, target_table FROM TAP_SCHEMA.keys WHERE from_table LIKE 'TAP_SCHEMA%'").rows
    assert len(own) == 5
    ours = ask("SELECT COUNT(*) FROM TAP_SCHEMA.keys WHERE from_table LIKE 'crds.%'").rows
    assert ours == [["5"]]
    assert ask("SELECT column_name FROM TAP_SCHEMA.columns WHERE column_name LIKE '%size%' AND std = 1").rows == [
        ["arraysize"], ['"size"'],
    ]  # fmt: skip


def test_one_table_and_the_brief_list(tap_database: None) -> None:
    assert xml("/tap/tables/crds.files").findtext("name") == "crds.files"
    assert list(xml("/tap/tables?DETAIL=min").iter("column")) == []
    assert Client().get("/tap/tables?detail=most").status_code == 400


def test_capabilities_name_everything_with_full_addresses(tap_database: None) -> None:
    document = xml("/tap/capabilities")
    ids = [each.attrib["standardID"] for each in document]
    assert ids[0] == "ivo://ivoa.net/std/TAP"
    assert document[0].attrib[XSI] == "tr:TableAccess"
    assert {"ivo://ivoa.net/std/DataLink#links-1.1", "ivo://ivoa.net/std/DALI#examples"} <= set(ids)
    assert all((each.text or "").startswith("http://testserver/") for each in document.iter("accessURL"))
    assert b"securityMethod" not in Client().get("/tap/capabilities").content
    assert Client().head("/tap/capabilities").status_code == 200


def test_availability_is_false_when_the_store_cannot_be_read(
    tap_database: None, monkeypatch: pytest.MonkeyPatch, data_root: Path
) -> None:
    from apps.core import readiness

    good = [readiness.Part("store", True, "fine")]
    monkeypatch.setattr(readiness, "parts", lambda _program: good)
    description_views._remembered.clear()
    assert b"<vosi:available>true<" in Client().get("/tap/availability").content
    bad = [readiness.Part("store", False, "gone: /secret/path")]
    monkeypatch.setattr(readiness, "parts", lambda _program: bad)
    description_views._remembered.clear()
    content = Client().get("/tap/availability").content
    description_views._remembered.clear()
    assert b"<vosi:available>false<" in content
    assert b"/secret/path" not in content


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.key)
def test_every_example_runs_and_the_page_shows_its_rows(site: str, ask: Ask, example: object) -> None:
    query = example.query  # type: ignore[attr-defined]
    answer = ask(query)
    assert answer.status == 200
    page = Client().get("/tap", {"query": query}).content.decode()
    assert 'aria-label="Answer"' in page
    assert 'role="alert"' not in page


def test_the_document_of_examples_is_xhtml(tap_database: None) -> None:
    document = xml("/tap/examples")
    found = [each for each in document.iter() if each.attrib.get("typeof") == "example"]
    assert len(found) == len(EXAMPLES) >= 5


def test_the_page_says_what_is_wrong_and_escapes_it(site: str) -> None:
    page = Client().get("/tap", {"query": "SELECT <script> FROM crds.files"}).content.decode()
    assert 'role="alert"' in page
    assert "<script>" not in page.partition("<main")[2]
    assert "There is no table" in Client().get("/tap", {"query": "SELECT a FROM b"}).content.decode()


def test_bestrefs_follow_contexts_and_datasets(site: str) -> None:
    assert not follow()
    rows = BestReference.objects.values_list("dataset__product", "filekind", "status", "reference")
    assert set(rows) == {
        ("JW00001001001_02101_00001.MIRIMAGE", "flat", "found", "jwst_miri_flat_0001.fits"),
        ("JW00001001001_02101_00001.MIRIMAGE", "gain", "found", "jwst_miri_gain_0001.fits"),
        ("JW00001001001_02101_00002.MIRIMAGE", "flat", "found", "jwst_miri_flat_0001.fits"),
        ("JW00001001001_02101_00002.MIRIMAGE", "gain", "found", "jwst_miri_gain_0001.fits"),
        ("JW00002001001_02101_00001.NRCA1", "flat", "error", ""),
    }
    dataset = Dataset.objects.first()
    assert dataset is not None
    dataset.header = HEADER | {"META.INSTRUMENT.FILTER": "F999W"}
    dataset.save()
    assert [each.pk for each in stale(site)] == [dataset.pk]
    assert follow()
    assert not follow()  # One job is enough.
    jobs.execute(Job.objects.get(kind="bestrefs").pk)
    assert BestReference.objects.get(dataset=dataset, filekind="flat").status == "error"
    assert KeptDataset.objects.filter(context=site).count() == 3
    assert keep() == 0


def test_rules_are_listed_once_for_each_context_in_use(site: str) -> None:
    assert keep_listings() == 0
    rows = ListedRule.objects.filter(context=site)
    assert rows.count() == len(sites.RULES)
    rule = rows.get(filekind="gain")
    assert (rule.reference, rule.useafter) == ("jwst_miri_gain_0001.fits", "2021-08-01T00:00:00")
    assert '"META.INSTRUMENT.DETECTOR": "MIRIMAGE"' in rule.match_params


def test_bestrefs_kept_by_modes_equal_those_of_the_header(site: str, ask: Ask) -> None:
    header = HEADER | {"META.OBSERVATION.DATE": "2024-07-08"}
    make_dataset(
        "JW7:JW7", instrument="miri", header=header, observed_at=datetime(2024, 7, 8, 12, tzinfo=UTC)
    )
    keep()
    assert not BestReference.objects.filter(dataset__product="JW7").exists()
    query = "SELECT filekind, reference, status, context FROM crds.bestrefs WHERE dataset_id = 'JW7:JW7'"
    found = {(kind, reference) for kind, reference, status, _ in ask(query).rows if status == "found"}
    answers = get_context(site).best_references(header)
    assert found == {(kind, name) for kind, name in answers.items() if not name.startswith("NOT FOUND")}
    assert len(found) == 2
    rows = ask(f"SELECT dataset_id FROM crds.bestrefs WHERE reference = '{answers['flat']}'").rows
    assert ["JW7:JW7"] in rows
    assert {row[3] for row in ask(query).rows} == {site}

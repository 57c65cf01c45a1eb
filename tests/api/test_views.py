"""REST: answers have the form that the description promises, pages are complete, errors are problems."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.api import schemas
from apps.catalog.models import Action, AuditRecord, File
from apps.jobs.models import Channel
from tests.factories.datasets import make_dataset
from tests.factories.sites import make_site

pytestmark = pytest.mark.django_db
DATASET = "JW00001001001_02101_00001.MIRIMAGE:JW00001001001_02101_00001.MIRIMAGE"


@pytest.fixture
def context() -> str:
    make_dataset(DATASET, instrument="miri", header={"META.INSTRUMENT.NAME": "MIRI"}, observed_at=None)
    return make_site()


def get(path: str, status: int = 200, **query: Any) -> Any:
    answer = Client().get(f"/api/v1/{path}", query)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_every_answer_has_its_promised_form(context: str) -> None:
    name = File.objects.filter(kind="reference").latest("pk").name
    key = Channel.objects.create(user="homer").key
    for path, schema in (
        ("server", schemas.ServerFacts),
        ("files", schemas.FilePage),
        (f"files/{name}", schemas.FileFactsOut),
        (f"contexts/{context}", schemas.ContextFacts),
        (f"mappings/{context}", schemas.MappingFactsOut),
        (f"datasets/{DATASET}/best-references", schemas.DatasetReferences),
        ("changes", schemas.ChangePage),
        (f"jobs/{key}", schemas.JobFacts),
    ):
        value = get(path)
        found = schema.model_validate(value)
        assert set(type(found).model_fields) == set(value), path
    assert [schemas.Era.model_validate(era).context for era in get("contexts")]


def test_the_pages_of_files_are_complete_and_without_repeats(context: str) -> None:
    expected = sorted(File.objects.exclude(state="uploaded").values_list("name", flat=True))
    found, cursor = [], ""
    while cursor is not None:
        page = get("files", limit=3, cursor=cursor)
        assert len(page["items"]) <= 3
        found += [item["name"] for item in page["items"]]
        cursor = page["next"]
    assert found == expected


def test_files_are_filtered(context: str) -> None:
    items = get("files", kind="mapping", name="*.pmap")["items"]
    assert [item["name"] for item in items if not item["name"].endswith(".pmap")] == []
    assert context in {item["name"] for item in items}
    assert get("files", instrument="nobody")["items"] == []


def test_an_unchanged_answer_is_304_and_a_named_context_is_kept_forever(context: str) -> None:
    first = Client().get("/api/v1/server")
    again = Client().get("/api/v1/server", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in Client().get(f"/api/v1/contexts/{context}")["Cache-Control"]
    pointed = Client().get(f"/api/v1/contexts/{settings.OBSERVATORY}-latest")
    assert pointed.json()["name"] == context
    assert pointed["Cache-Control"] == "no-cache"


def test_best_references_of_a_header_are_those_of_json_rpc(context: str) -> None:
    header = {"META.INSTRUMENT.NAME": "MIRI", "META.INSTRUMENT.DETECTOR": "MIRIMAGE"}
    asked = Client().post(
        "/api/v1/best-references",
        json.dumps({"header": header, "types": ["flat"]}),
        content_type="application/json",
    )
    call = {"method": "get_best_references", "params": [context, header, ["flat"]]}
    rpc = Client().post("/json/", json.dumps(call), content_type="application/json").json()
    assert asked.json() == {"context": context, "references": rpc["result"]}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("files/nope.fits", 404, "unknown_file"),
        ("contexts/jwst_9999.pmap", 404, None),
        ("contexts/x%00y", 404, "not_found"),
        ("jobs/nope", 404, None),
        ("files?limit=0", 422, "invalid_input"),
        ("files?limit=abc", 422, "invalid_input"),
        ("changes?after=-1", 422, "invalid_input"),
        ("nothing", 404, None),
    ],
)
def test_errors_are_problems(path: str, status: int, code: str | None, context: str) -> None:
    answer = Client().get(f"/api/v1/{path}")
    assert answer.status_code in (status, 400), answer.content
    if path != "nothing":
        assert answer["Content-Type"] == "application/problem+json"
        problem = schemas.Problem.model_validate(answer.json())
        assert problem.status == answer.status_code
        assert code in (None, problem.code)


def test_a_body_that_is_no_question_is_refused(context: str) -> None:
    for body in (b"", b"[]", b'{"header": 7}', b'{"header": {"a": {}}}', b"\xff"):
        answer = Client().post("/api/v1/best-references", body, content_type="application/json")
        assert answer.status_code in (400, 422), body
        assert b"Traceback" not in answer.content


@pytest.mark.parametrize("character", ["\0", "\ud800"])
@pytest.mark.parametrize("place", ["context", "types", "key", "value"])
def test_a_question_with_what_no_database_stores_is_refused(place: str, character: str) -> None:
    question: dict[str, Any] = {"header": {}}
    if place in ("key", "value"):
        question["header"] = {character: "a"} if place == "key" else {"A": character}
    else:
        question[place] = character if place == "context" else [character]
    answer = Client().post("/api/v1/best-references", json.dumps(question), content_type="application/json")
    assert answer.status_code == 404
    assert "surrogate" in answer.json()["detail"]


def test_the_question_for_best_references_is_answered_during_maintenance(context: str, settings: Any) -> None:
    settings.MAINTENANCE = "Moving to a new disk."
    question = {"header": {"META.INSTRUMENT.NAME": "MIRI"}, "types": ["flat"]}
    assert Client().post("/api/v1/best-references", question, "application/json").status_code == 200


def test_the_public_sees_no_acts_on_accounts(context: str) -> None:
    AuditRecord.objects.create(action=Action.CREATE_ACCOUNT, user="admin", details="account bart")
    AuditRecord.objects.create(action=Action.MARK_BAD, user="lisa@example.org", filename="a.fits")
    page = get("changes", limit=1000)
    assert page["items"][-1]["file"] == "a.fits"
    assert "bart" not in json.dumps(page)
    assert "lisa" not in json.dumps(page)


def test_the_description_is_openapi_3_1_and_names_every_path() -> None:
    description = get("openapi.json")
    assert description["openapi"].startswith("3.1")
    assert {
        "/api/v1/server",
        "/api/v1/files",
        "/api/v1/files/{name}",
        "/api/v1/contexts",
        "/api/v1/contexts/{context}",
        "/api/v1/mappings/{name}",
        "/api/v1/best-references",
        "/api/v1/datasets/{dataset_id}/best-references",
        "/api/v1/changes",
        "/api/v1/jobs/{key}",
        "/api/v1/explanations",
        "/api/v1/submissions",
        "/api/v1/submissions/{key}",
        "/api/v1/submissions/{key}/confirm",
        "/api/v1/submissions/{key}/force",
        "/api/v1/submissions/{key}/cancel",
    } == set(description["paths"])


def test_nothing_is_changed_by_other_methods(context: str) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(Client(), method)("/api/v1/files").status_code == 405

"""Deliveries by REST: who may, the same checks as the forms, and the whole way to official files."""

import json
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.api import schemas
from apps.catalog.models import File
from apps.locks.models import Lock
from apps.submissions.models import Submission
from tests.factories.accounts import logged_in, make_token, make_user
from tests.factories.sites import make_content, make_site, process, upload
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db

PATH = "/api/v1/submissions"


def caller(user: User | None = None, **token: Any) -> Client:
    """Return a program with a token, where CSRF is enforced."""
    _, text = make_token(user, **token)
    return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {text}"})


def order(client: Client, path: str = PATH, status: int = 201, **body: Any) -> Any:
    answer = client.post(path, json.dumps(body), content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_delivery_by_token_becomes_official() -> None:
    make_site()
    user = make_user()
    client = caller(user)
    upload(user, {"flat.fits": make_content()})
    started = order(client, kind="batch", instrument="miri", description="Better corners.", creator="Homer")
    assert schemas.SubmissionOut.model_validate(started).status == "started"
    assert Lock.objects.get().instrument == "miri"
    process(Submission.objects.get(key=started["key"]))
    ready = client.get(f"{PATH}/{started['key']}").json()
    assert (ready["status"], ready["reason"]) == ("ready", "")
    confirmed = order(client, f"{PATH}/{started['key']}/confirm", 200)
    assert (confirmed["status"], confirmed["new_context"]) == ("confirmed", "jwst_0002.pmap")
    [reference] = [file["official_name"] for file in confirmed["files"] if file["name"] == "flat.fits"]
    assert File.objects.get(name=reference).kind == "reference"
    assert not Lock.objects.exists()
    # Confirming again changes nothing, and a caller who knows the present state is not refused.
    tag = client.get(f"{PATH}/{started['key']}")["ETag"]
    assert client.post(f"{PATH}/{started['key']}/confirm", headers={"If-None-Match": tag}).status_code == 200
    assert order(client, f"{PATH}/{started['key']}/confirm", 200) == confirmed


def test_the_forms_decide_what_is_accepted() -> None:
    make_site()
    client = caller()
    problem = order(client, status=400, kind="batch", instrument="miri", description="<script>", creator="H")
    assert "Description" in problem["detail"]
    problem = order(client, status=400, kind="delete", instrument="miri", description="Old.", names=["../x"])
    assert "not file names" in problem["detail"]
    order(client, status=422, kind="rename", instrument="miri")
    order(client, status=422, kind="batch", names=[7])
    problem = order(client, status=400, kind="batch", instrument="miri", description="None.", creator="H")
    assert not Submission.objects.exists()


def test_the_lock_of_somebody_else_is_respected() -> None:
    make_site()
    logged_in(make_user("marge"), instrument="miri")
    client = caller()
    problem = order(
        client, status=409, kind="delete", instrument="miri", description="Old.", names=["a.fits"]
    )
    assert "locked by marge" in problem["detail"]


def test_a_start_that_fails_changes_no_lock() -> None:
    make_site()
    user = make_user()
    client = caller(user)
    facts = {"kind": "batch", "description": "None.", "creator": "H"}
    order(client, status=400, instrument="miri", **facts)
    assert not Lock.objects.exists()
    logged_in(user, instrument="nircam")
    problem = order(client, status=409, instrument="miri", **facts)
    assert "You hold the lock of nircam" in problem["detail"]
    before = Lock.objects.get()
    order(client, status=400, instrument="nircam", **facts)
    assert (Lock.objects.get().instrument, Lock.objects.get().tenure) == ("nircam", before.tenure)


def test_only_a_token_of_a_submitter_counts() -> None:
    submission = make_submission(status="ready")
    verbs = [f"{PATH}/{submission.key}/{verb}" for verb in ("confirm", "force", "cancel")]
    by_cookie = logged_in(make_user("lisa"))
    for path in (PATH, *verbs):
        for client in (Client(), by_cookie):
            answer = client.post(path, b"{}", content_type="application/json")
            assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer"), path
    elsewhere = caller(make_user("other", instruments=["nircam"]))
    for path in verbs:
        assert order(elsewhere, path, 403)["code"]
    assert Client().get(f"{PATH}/{submission.key}").status_code == 401
    submission.refresh_from_db()
    assert submission.status == "ready"


def test_submissions_are_listed_by_pages() -> None:
    keys = [str(make_submission(status="failed", instrument="").key) for _ in range(3)]
    client = caller()
    first = client.get(PATH, {"limit": 2}).json()
    rest = client.get(PATH, {"limit": 2, "before": first["next"]}).json()
    assert [item["key"] for item in first["items"] + rest["items"]] == keys[::-1]
    assert rest["next"] is None
    assert client.get(PATH, {"status": "ready"}).json()["items"] == []
    assert client.get(f"{PATH}/{'0' * 32}").status_code == 404
    assert client.get(f"{PATH}/%3Cb%3E").status_code == 404


def test_an_explanation_is_that_of_the_page() -> None:
    context = make_site()
    header = {"META.INSTRUMENT.NAME": "MIRI", "META.INSTRUMENT.DETECTOR": "MIRIMAGE"}
    found = order(Client(), "/api/v1/explanations", 200, header=header, types=["flat"])
    page = (
        Client()
        .get("/bestrefs/explain/", header | {"context": context, "type": "flat", "format": "json"})
        .json()
    )
    assert found["types"] == page["types"]
    assert found["context"] == context

"""The call that adds or corrects datasets."""

from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from apps.catalog.models import AuditRecord
from apps.datasets import operations
from apps.datasets.models import Dataset
from apps.datasets.upsert import StoredRows
from tests.factories.accounts import make_token, make_user
from tests.factories.datasets import make_header, make_line

pytestmark = pytest.mark.django_db


def send(*lines: str, role: str = "operator", kind: str = "application/x-ndjson") -> Any:
    _, secret = make_token(make_user("archivist", role=role))
    client = Client(enforce_csrf_checks=True)
    body = "".join(f"{line}\n" for line in lines)
    return client.post("/datasets/", body, content_type=kind, headers={"Authorization": f"Bearer {secret}"})


def test_lines_of_one_dataset_are_counted_once_and_the_last_one_counts() -> None:
    answer = send(
        make_line("L1:L1", make_header(DATE_OBS=None)),
        make_line("L1:L1", make_header(DETECTOR="NUV")),
        make_line("L1:L1", make_header(DETECTOR="ELSE")),
        make_line("L2:L2", make_header(DATE_OBS=None)),
    )
    assert (answer.status_code, answer.json()) == (
        200,
        {"lines": 4, "datasets": 2, "undated": 1, "refused": 0, "reasons": []},
    )
    assert Dataset.objects.get(product="L1").header["DETECTOR"] == "ELSE"
    record = AuditRecord.objects.get(action="add datasets")
    numbers = "2 added, 0 corrected, 0 unchanged"
    assert (record.user, record.details) == ("archivist", f"datasets from L1:L1 on: {numbers}")


def test_a_repeated_call_changes_nothing() -> None:
    lines = [make_line(f"L{number}:L{number}") for number in range(3)]
    first = send(*lines).json()
    before = list(Dataset.objects.order_by("pk").values())
    assert send_again(*lines) == first
    assert list(Dataset.objects.order_by("pk").values()) == before
    assert details()[1:] == ["datasets from L0:L0 on: 0 added, 0 corrected, 3 unchanged"]


def test_the_record_tells_new_datasets_from_corrected_ones() -> None:
    send(*(make_line(f"L{number}:L{number}") for number in range(3)))
    send_again(make_line("L0:L0"), make_line("L1:L1", make_header(DETECTOR="NUV")), make_line("L3:L3"))
    assert details()[1:] == ["datasets from L0:L0 on: 1 added, 1 corrected, 1 unchanged"]


def details() -> list[str]:
    """Return the details of all records of calls, the oldest first."""
    records = AuditRecord.objects.filter(action="add datasets").order_by("pk")
    return list(records.values_list("details", flat=True))


def send_again(*lines: str) -> Any:
    _, secret = make_token(make_user("second", role="operator"))
    body = "\n".join(lines)
    answer = Client().post(
        "/datasets", body, content_type="text/plain", headers={"Authorization": f"Bearer {secret}"}
    )
    return answer.json()


def test_refused_lines_are_named_and_the_others_stored() -> None:
    answer = send("{", make_line("L1:L1"), make_line("L2", {"INSTRUME": "X"})).json()
    assert (answer["lines"], answer["datasets"], answer["refused"]) == (3, 1, 2)
    assert [each["line"] for each in answer["reasons"]] == [1, 3]
    assert "unknown instrument 'x'" in answer["reasons"][1]["reason"]


def test_a_call_has_a_limit(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(operations, "LINES_PER_CALL", 2)
    answer = send(*(make_line(f"L{number}:L{number}") for number in range(3)))
    assert answer.status_code == 413
    assert answer.json()["datasets"] == 2
    assert "Send the others in another call" in answer.json()["error"]
    settings.DATASETS_BODY_LIMIT = 5
    answer = Client().post("/datasets/", "x" * 9, content_type="text/plain")
    assert answer.status_code == 401


def send_chunked(body: bytes) -> Any:
    _, secret = make_token(make_user("archivist", role="operator"))
    as_our_server: dict[str, Any] = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True}
    headers = {"Authorization": f"Bearer {secret}", "Transfer-Encoding": "chunked"}
    kind = "application/x-ndjson"
    return Client().generic("POST", "/datasets/", b"", kind, headers=headers, **as_our_server)


@pytest.mark.parametrize(("excess", "status"), [(0, 200), (1, 413)])
def test_a_body_of_unknown_length_has_the_same_limit(excess: int, status: int, settings: Any) -> None:
    body = b"".join(f"{make_line(f'L{number}:L{number}')}\n".encode() for number in range(3))
    settings.DATASETS_BODY_LIMIT = len(body) - excess
    answer = send_chunked(body)
    assert answer.status_code == status
    if status == 413:
        assert f"at most {len(body) - 1:,} bytes" in answer.json()["error"]


def test_a_call_of_many_batches_has_a_record_of_the_first_one_and_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "LINES_AT_ONCE", 2)
    send("{", "{", *(make_line(f"L{number}:L{number}") for number in range(5)))
    assert Dataset.objects.count() == 5
    assert details() == [
        "datasets from L0:L0 on: 2 added, 0 corrected, 0 unchanged",
        "all datasets of the call from L0:L0 on: 5 added, 0 corrected, 0 unchanged",
    ]


def test_a_dataset_in_several_batches_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "LINES_AT_ONCE", 2)
    late = make_line("L0:L0", make_header(DETECTOR="NUV"))
    answer = send(make_line("L0:L0"), make_line("L1:L1"), late, make_line("L2:L2"), late, late).json()
    assert answer["datasets"] == Dataset.objects.count() == 3
    assert Dataset.objects.get(product="L0").header["DETECTOR"] == "NUV"
    assert details()[-1] == "all datasets of the call from L0:L0 on: 3 added, 0 corrected, 0 unchanged"


def test_few_lines_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def upsert(rows: list[Any]) -> StoredRows:
        sizes.append(len(rows))
        return StoredRows()

    monkeypatch.setattr(operations, "upsert", upsert)
    send(*(make_line(f"L{number}:L{number}") for number in range(401)))
    assert sizes == [200, 200, 1]


def test_only_operators_may_call() -> None:
    assert send(make_line(), role="submitter").status_code == 403
    assert not Dataset.objects.exists()


def test_the_content_type_of_a_form_does_not_matter() -> None:
    assert send(make_line(), kind="application/x-www-form-urlencoded").json()["datasets"] == 1

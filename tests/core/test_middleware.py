import pytest
from django.test import Client


@pytest.mark.django_db
def test_leading_slashes_are_collapsed(client: Client) -> None:
    # The path is given apart: the test client takes what follows two slashes for a host.
    doubled = client.get("/", PATH_INFO="//readyz")
    assert doubled.json()["checks"][0]["name"] == "database"


def test_every_answer_carries_an_id_of_its_own(client: Client) -> None:
    first, second = (client.get("/nothing-here")["X-Request-Id"] for _ in range(2))
    assert first != second
    assert len(first) == 16

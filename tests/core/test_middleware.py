import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from apps.core import middleware


@pytest.mark.django_db
def test_leading_slashes_are_collapsed(client: Client) -> None:
    # The path is given apart: the test client takes what follows two slashes for a host.
    doubled = client.get("/", PATH_INFO="//readyz")
    assert doubled.json()["checks"][0]["name"] == "database"


def test_every_answer_carries_an_id_of_its_own(client: Client) -> None:
    first, second = (client.get("/nothing-here")["X-Request-Id"] for _ in range(2))
    assert first != second
    assert len(first) == 16


@pytest.mark.django_db
def test_a_view_may_send_a_policy_of_its_own_and_errors_have_the_usual_one(client: Client) -> None:
    assert client.get("/nothing-here").headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    own = middleware.content_security_policy(
        lambda _request: HttpResponse(headers={"Content-Security-Policy": "sandbox"})
    )
    assert own(HttpRequest()).headers["Content-Security-Policy"] == "sandbox"

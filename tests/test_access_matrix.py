"""Every address and method by every role, from the URL table, compared with a table that people have read.

A new address fails here until its line is in ``access_matrix.txt``. To write the table again::

    WRITE_ACCESS_MATRIX=1 python -m pytest tests/test_access_matrix.py

Then read what changed, because each letter is a decision: ``.`` is an answer, ``L`` a request to log in, and
``D`` a refusal. The columns are nobody, an account without a role, a submitter, an operator and an admin.
Where nobody is answered, everybody is. Methods that an address does not have are left out.
"""

import os
from collections.abc import Mapping
from functools import partial
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from django.test import Client

from tests.factories.accounts import logged_in, make_user
from tests.factories.world import World, make_world
from tests.taken_back import close, taken_back
from tests.url_table import Address, every_address

TABLE = Path(__file__).parent / "access_matrix.txt"
ROLES = ("", "none", "submitter", "operator", "admin")
METHODS = ("GET", "POST")
ANSWERED, NO_SUCH_METHOD = ".", "-"


def visitor(role: str) -> Client:
    """Return a browser of somebody with a role, who has nothing of their own; empty: nobody is logged in."""
    if not role:
        return Client()
    user = make_user(f"the_{role}", role="submitter" if role == "none" else role)
    if role == "none":
        user.grants.all().delete()
    return logged_in(user)


def letter(client: Client, cookies: Mapping[str, str], method: str, address: Address, world: World) -> str:
    """Return how a request is answered; what it changes in the database is taken back."""
    client.cookies = SimpleCookie(cookies)
    token = cookies.get("csrftoken", "")
    form = {**world.form, "csrfmiddlewaretoken": token} if method == "POST" else {}
    with taken_back():
        answer = getattr(client, method.lower())(
            address.path, form, headers={"Sec-Fetch-Site": "same-origin"}
        )
        close(answer)
    if answer.status_code == 405:
        return NO_SUCH_METHOD
    if answer.status_code == 401 or "/login/?next=" in answer.headers.get("Location", ""):
        return "L"
    return "D" if answer.status_code == 403 else ANSWERED


def matrix(world: World) -> dict[str, str]:
    """Return method and route of each address, with a letter for each role."""
    visitors = [visitor(role) for role in ROLES]
    kept = [{name: morsel.value for name, morsel in client.cookies.items()} for client in visitors]
    found: dict[str, str] = {}
    for address in every_address(world.values):
        for method in METHODS:
            asked = [
                partial(letter, client, cookies, method, address, world)
                for client, cookies in zip(visitors, kept, strict=True)
            ]
            first = asked[0]()
            if first != NO_SUCH_METHOD:
                is_public = first == ANSWERED
                letters = first + (ANSWERED * 4 if is_public else "".join(ask() for ask in asked[1:]))
                found[f"{method:<4} {address.route}"] = letters
    return found


@pytest.mark.django_db
def test_every_address_is_answered_for_those_who_may() -> None:
    lines = [f"{letters} {key}" for key, letters in sorted(matrix(make_world()).items(), key=_by_route)]
    if os.environ.get("WRITE_ACCESS_MATRIX"):
        TABLE.write_text("\n".join(lines) + "\n")
    assert lines == TABLE.read_text().splitlines()


def _by_route(item: tuple[str, str]) -> tuple[str, str]:
    method, _, route = item[0].partition(" ")
    return route.strip(), method

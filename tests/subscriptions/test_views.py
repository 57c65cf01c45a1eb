"""The page of a person's subscriptions and web hooks."""

import pytest
from django.test import Client

from apps.subscriptions.models import Subscription, WebHook
from apps.subscriptions.signature import secret_of
from tests.factories.accounts import logged_in, make_token, make_user, post
from tests.factories.web_hooks import make_hook

pytestmark = pytest.mark.django_db

PAGE = "/subscriptions/"


def test_somebody_without_a_role_subscribes_and_removes_it_again() -> None:
    user = make_user(email="homer@example.org")
    user.grants.all().delete()
    browser = logged_in(user)
    assert "Web hooks" not in browser.get(PAGE).content.decode()
    post(browser, f"{PAGE}add/", PAGE, subject="miri/flat", period="weekly")
    assert "miri flat" in browser.get(PAGE).content.decode()
    post(browser, f"{PAGE}{Subscription.objects.get().pk}/remove/", PAGE)
    assert not Subscription.objects.exists()


def test_the_page_shows_the_secret_to_its_owner_alone() -> None:
    hook = make_hook(make_user("marge"))
    assert secret_of(hook.nonce) in logged_in(hook.user).get(PAGE).content.decode()
    assert secret_of(hook.nonce) not in logged_in(make_user()).get(PAGE).content.decode()
    _, text = make_token(hook.user)
    assert (
        secret_of(hook.nonce)
        not in Client(headers={"Authorization": f"Bearer {text}"}).get(PAGE).content.decode()
    )


def test_an_address_inside_the_network_is_refused_and_stays_typed() -> None:
    browser = logged_in()
    sent = {"address": 'https://10.0.0.1/"><script>', "types": "context.changed"}
    answer = post(browser, f"{PAGE}hooks/add/", PAGE, **sent).content.decode()
    assert "not a public address" in answer
    assert "https://10.0.0.1/&quot;&gt;&lt;script&gt;" in answer
    assert not WebHook.objects.exists()


def test_a_web_hook_of_somebody_else_does_not_exist() -> None:
    hook = make_hook(make_user("marge"))
    browser = logged_in()
    for act in ("remove", "test"):
        assert post(browser, f"{PAGE}hooks/{hook.pk}/{act}/", PAGE).status_code == 404
    assert WebHook.objects.exists()


def test_a_wish_from_the_list_of_new_references_is_chosen() -> None:
    assert (
        '<option value="miri/flat" selected>'
        in logged_in().get(f"{PAGE}?instrument=miri&type=flat").content.decode()
    )

"""The server workflow: the present state of each step."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.catalog.states import DeliveryStatus
from apps.contexts.models import RemotePipeline
from apps.reprocessing.operations import notice_changes
from apps.submissions.states import Status
from tests.factories.accounts import logged_in, make_user
from tests.factories.contexts import make_change, make_context
from tests.factories.deliveries import make_delivery
from tests.factories.locks import make_lock
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db

PATH = "/server_workflow/"


def shown(client: Client) -> str:
    answer = client.get(PATH)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_it_needs_the_role_and_has_both_addresses(client: Client) -> None:
    assert client.get(PATH)["Location"] == "/login/?next=%2Fserver_workflow%2F"
    browser = logged_in()
    assert browser.get(PATH.rstrip("/")).status_code == 200
    assert browser.post(PATH).status_code in (403, 405)
    stranger = make_user("moe")
    stranger.grants.all().delete()
    client.force_login(stranger)
    assert client.get(PATH).status_code == 403


def test_a_server_without_anything_says_so() -> None:
    page = shown(logged_in())
    for text in (
        "No submission is under way.",
        "The archive has every delivery.",
        "there is nothing to test",
        "No pipeline tells this server",
        "No instrument is locked.",
    ):
        assert text in page


def test_it_shows_the_state_of_each_step() -> None:
    make_change(make_context("jwst_0001.pmap"), pointer="latest")
    make_change(make_context("jwst_0002.pmap"), pointer="edit")
    ready = make_submission(status=Status.READY)
    make_submission(status=Status.FAILED, instrument="fgs")
    make_delivery(status=DeliveryStatus.FAILED)
    make_lock("nircam", user="<b>marge</b>")
    RemotePipeline.objects.create(name="ops", key_sha256="a" * 64, context="jwst_0001.pmap")
    RemotePipeline.objects.create(name="<i>test</i>", key_sha256="b" * 64, context="jwst_0002.pmap")
    RemotePipeline.objects.create(name="new", key_sha256="c" * 64)
    page = shown(logged_in())
    assert f'href="/display_result/{ready.key}"' in page
    assert "for fgs" not in page
    assert "<strong>jwst_0002.pmap</strong> is ahead of jwst_0001.pmap" in page
    assert "/difference/?file1=jwst_0001.pmap&amp;file2=jwst_0002.pmap" in page
    assert '<span class="badge bad">failed</span> <a href="/delivery_status/?text=jwst_1.cat">' in page
    assert "nircam by &lt;b&gt;marge&lt;/b&gt;" in page
    assert '<span class="badge good">has latest</span> ops' in page
    assert '<span class="badge warn">has another one</span> &lt;i&gt;test' in page
    assert '<span class="badge plain">silent</span> new' in page


def test_it_links_to_the_searches_for_affected_datasets() -> None:
    make_change("jwst_0001.pmap")
    make_change("jwst_0002.pmap")
    notice_changes()
    assert (
        '<span class="badge calm">pending</span> <a href="/reprocessing/jwst_0001.pmap/jwst_0002.pmap/">'
        in shown(logged_in())
    )


def test_only_operators_get_the_link_to_set_context() -> None:
    assert 'href="/set_context' not in shown(logged_in())
    assert 'href="/set_context' in shown(logged_in(make_user("marge", role="operator")))


def test_many_deliveries_take_no_more_queries(django_assert_max_num_queries: Callable[..., Any]) -> None:
    for number in range(30):
        make_delivery([f"jwst_miri_flat_{number:04}.fits"])
        make_submission(status=Status.READY, instrument="", user=f"u{number}")
    browser = logged_in()
    # Session, account, grants and lock; three pointers, two lists with a count, locks, pipelines,
    # searches, and the sign of the workers.
    with django_assert_max_num_queries(13):
        page = shown(browser)
    assert page.count('href="/delivery_status/?text=') == 20

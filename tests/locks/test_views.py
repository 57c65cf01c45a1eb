import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.catalog.models import AuditRecord
from apps.locks.models import Lock
from tests.factories.accounts import logged_in, make_user, post
from tests.factories.locks import make_lock
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db

KEYS = {"name", "type", "user", "created_on", "time_remaining", "is_expired", "status"}


def status_of(path: str) -> dict[str, object]:
    response = Client().get(path)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    answer: dict[str, object] = json.loads(response.content)
    assert set(answer) == KEYS
    return answer


def test_status_of_a_held_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    lock = make_lock("miri", user="homer", left=timedelta(hours=3, minutes=57, seconds=58.9))
    assert status_of("/lock_status/homer/") == {
        "name": "miri",
        "type": "instrument",
        "user": "homer",
        "created_on": f"{lock.created_at:%Y-%m-%d %H:%M:%S}",
        "time_remaining": "3:57:58",
        "is_expired": False,
        "status": "ok",
    }


@pytest.mark.parametrize(
    ("path", "user"),
    [
        ("/lock_status/nobody/", "nobody"),
        ("/lock_status/nobody", "nobody"),
        ("/lock_status/homer@mail.springfield.org/", "homer@mail.springfield.org"),
        ("/lock_status/homer%40x.org/", "homer@x.org"),
        ("/lock_status/%3Cb%3E%00/", "<b>\0"),
        ("/lock_status/" + "x" * 5000 + "/", "x" * 5000),
        ("/lock_status/%F0%9F%98%80/", "\U0001f600"),
    ],
)
def test_status_without_lock_has_every_key(path: str, user: str) -> None:
    assert status_of(path) == {
        "name": "",
        "type": "instrument",
        "user": user,
        "created_on": "",
        "time_remaining": "0:00:00",
        "is_expired": True,
        "status": "none",
    }


def test_status_of_an_expired_lock() -> None:
    make_lock("miri", left=timedelta(seconds=-1))
    answer = status_of("/lock_status/homer/")
    assert (answer["name"], answer["is_expired"], answer["status"]) == ("miri", True, "expired")
    assert answer["time_remaining"] == "0:00:00"


def test_status_is_never_cached_nor_written_to() -> None:
    assert "no-store" in Client().get("/lock_status/homer/")["Cache-Control"]
    assert Client().post("/lock_status/homer/").status_code == 405


def _shorten() -> Lock:
    Lock.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    return Lock.objects.get()


@pytest.mark.parametrize("path", ["/", "/locks/", "/accounts/tokens/"])
def test_each_action_resets_the_countdown(path: str) -> None:
    client = logged_in(instrument="miri")
    _shorten()
    client.get(path)
    assert Lock.objects.get().time_left > timedelta(hours=3)


@pytest.mark.parametrize("path", ["/lock_status/homer/", "/healthz", "/static/css/site.css", "/json/"])
def test_polling_is_no_action(path: str) -> None:
    client = logged_in(instrument="miri")
    before = _shorten().expires_at
    client.get(path)
    assert Lock.objects.get().expires_at == before


def test_the_session_that_was_stolen_from_neither_prolongs_nor_shows_the_lock() -> None:
    user = make_user()
    first, second = logged_in(user, instrument="miri"), logged_in(user, instrument="miri")
    before = _shorten().expires_at
    assert "time_remaining" not in first.get("/").content.decode()
    assert Lock.objects.get().expires_at == before
    assert "time_remaining" in second.get("/").content.decode()
    assert Lock.objects.get().expires_at > before


def test_the_table_shows_who_holds_what() -> None:
    make_lock("miri", user="marge", left=timedelta(hours=1, seconds=30))
    make_lock("nircam", user="bart", left=timedelta(hours=-1))
    page = logged_in().get("/locks/").content.decode()
    assert "<td>miri</td><td>marge</td>" in page
    assert '<td class="number">1:00:' in page
    assert "expired" in page
    assert "Free: fgs, niriss, nirspec" in page
    assert "Break the lock" not in page


def test_the_table_needs_a_login() -> None:
    assert Client().get("/locks/")["Location"] == "/login/?next=%2Flocks%2F"


def test_an_admin_breaks_a_lock() -> None:
    lock = make_lock("miri", user="marge")
    client = logged_in(make_user(role="admin"))
    assert "Break the lock of miri" in client.get("/locks/").content.decode()
    response = post(client, "/locks/miri/break/", form="/locks/", key=str(lock.key))
    assert response["Location"] == "/locks/?broken=miri"
    assert not Lock.objects.exists()
    assert "The lock of miri is broken" in client.get(response["Location"]).content.decode()
    assert "is broken" not in client.get("/locks/?broken=<b>").content.decode()


def test_before_a_break_the_admin_sees_what_loses_its_protection() -> None:
    lock = make_lock("miri", user="marge")
    client = logged_in(make_user(role="admin"))
    assert "No submission is under way" in client.get("/locks/miri/break/").content.decode()
    ready = make_submission(status="ready", ready_at=timezone.now(), user="marge", lock_tenure=lock.tenure)
    page = client.get("/locks/miri/break/").content.decode()
    assert f'href="{ready.get_absolute_url()}"' in page
    assert "marge has held it since" in page
    assert "fgs is not locked." in client.get("/locks/fgs/break/").content.decode()
    post(client, "/locks/miri/break/", key=str(lock.key), reason="She is away")
    assert AuditRecord.objects.get(action="break lock").why == "She is away"


@pytest.mark.parametrize("role", ["submitter", "operator"])
def test_nobody_else_breaks_a_lock(role: str) -> None:
    lock = make_lock("miri", user="marge")
    response = post(logged_in(make_user(role=role)), "/locks/miri/break/", form="/locks/", key=str(lock.key))
    assert response.status_code == 403
    assert "needs the role admin" in response.content.decode()
    assert Lock.objects.exists()


def test_breaking_needs_a_login_the_csrf_token_and_a_post() -> None:
    lock = make_lock("miri", user="marge")
    address, values = "/locks/miri/break/", {"key": str(lock.key)}
    assert Client(enforce_csrf_checks=True).post(address, values).status_code == 403
    assert Client().post(address, values).status_code == 401
    admin = logged_in(make_user(role="admin"))
    assert admin.post(address, values).status_code == 403
    assert logged_in(make_user("sam")).get(address).status_code == 403
    assert Lock.objects.exists()


def test_a_lock_that_changed_hands_is_not_broken_by_an_old_page() -> None:
    lock = make_lock("miri", user="marge")
    client = logged_in(make_user(role="admin"))
    for key in ("", "x", "00000000-0000-0000-0000-000000000000"):
        response = post(client, "/locks/miri/break/", form="/locks/", key=key)
        assert response.status_code == 200
        assert "autofocus>The lock of miri has changed" in response.content.decode()
    assert Lock.objects.get() == lock


@pytest.mark.parametrize("name", ["hubble", "%00", "%3Cb%3E"])
def test_breaking_what_is_no_instrument_is_not_found(name: str) -> None:
    client = logged_in(make_user(role="admin"))
    assert post(client, f"/locks/{name}/break/", form="/locks/", key="x").status_code == 404


def test_one_press_gives_a_lock_its_full_time_and_goes_back() -> None:
    client = logged_in(instrument="miri")
    _shorten()
    response = post(client, "/locks/extend/", form="/locks/", next="/upload/?a=1")
    assert (response.status_code, response["Location"]) == (303, "/upload/?a=1")
    assert Lock.objects.get().time_left > timedelta(hours=3)
    assert '<form id="lock_extend" method="post" action="/locks/extend/">' in client.get("/").content.decode()


@pytest.mark.parametrize(
    "wanted", ["//evil.example/", "https://evil.example/", "upload", "javascript:alert(1)", ""]
)
def test_nobody_is_sent_to_another_site_after_extending(wanted: str) -> None:
    response = post(logged_in(instrument="miri"), "/locks/extend", form="/locks/", next=wanted)
    assert response["Location"] == "/"


def test_the_script_of_the_page_hears_how_much_is_left() -> None:
    client = logged_in(instrument="miri")
    _shorten()
    token = client.get("/locks/").cookies["csrftoken"].value
    json_only = {"Accept": "application/json"}
    answer = client.post("/locks/extend/", {"csrfmiddlewaretoken": token}, headers=json_only)
    assert answer.json()["seconds"] > 3 * 3600
    Lock.objects.all().delete()
    answer = client.post("/locks/extend/", {"csrfmiddlewaretoken": token}, headers=json_only)
    assert (answer.status_code, "no longer holds a lock" in answer.json()["error"]) == (409, True)


def test_who_has_no_lock_to_extend_is_asked_to_log_in() -> None:
    response = post(logged_in(), "/locks/extend/", form="/locks/", next="/upload/?a=1&b=2")
    assert response["Location"] == "/login/?next=%2Fupload%2F%3Fa%3D1%26b%3D2"


def test_extending_needs_a_login_the_csrf_token_and_a_post() -> None:
    assert Client().post("/locks/extend/").status_code == 401
    client = logged_in(instrument="miri")
    before = _shorten().expires_at
    assert Client().get("/locks/extend/").status_code == 405
    assert Lock.objects.get().expires_at == before
    assert client.post("/locks/extend/").status_code == 403


def test_the_table_is_sorted_searched_and_exported() -> None:
    make_lock("miri", user="marge")
    make_lock("nircam", user="<b>bart</b>", left=timedelta(hours=-1))
    client = logged_in()
    page = client.get("/locks/?sort=-instrument").content.decode()
    assert page.index("<td>nircam</td>") < page.index("<td>miri</td>")
    assert "<b>bart" not in page
    assert "<td>nircam</td>" not in client.get("/locks/?search=MARGE").content.decode()
    rows = b"".join(client.get("/locks/?format=csv&sort=instrument").streaming_content)  # type: ignore[attr-defined]
    assert rows.decode().splitlines()[1].startswith("miri,marge,20")


def test_a_lost_lock_is_taken_again_with_one_click_from_any_page() -> None:
    browser = logged_in(make_user("homer", instruments=["miri"]), instrument="miri")
    assert "Lock miri again" not in Client().get("/").content.decode()
    Lock.objects.all().delete()
    assert "Lock miri again" in browser.get("/").content.decode()
    answer = post(browser, "/locks/take/", "/locks/", instrument="miri", next="/upload/")
    assert (answer.status_code, answer.url) == (303, "/upload/")
    assert b'id="lock_extend"' in browser.get("/").content, "the session keeps the lock"


def test_a_lock_of_somebody_else_or_of_another_team_is_not_taken() -> None:
    browser = logged_in(make_user("homer", instruments=["miri"]))
    make_lock("miri", user="marge")
    told = post(browser, "/locks/take/", "/locks/", instrument="miri").content.decode()
    assert '<div id="error_message" role="alert" tabindex="-1" autofocus>miri is locked by marge' in told
    assert post(browser, "/locks/take/", "/locks/", instrument="nircam").status_code == 403
    assert "has no instrument" in post(browser, "/locks/take/", "/locks/", instrument="none").content.decode()
    assert Lock.objects.get().user == "marge"
    assert browser.post("/locks/take/", {"instrument": "nircam"}).status_code == 403, "without its token"

"""The extended form, filled in from YAML of the client or from an earlier submission."""

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.core.errors import InvalidInputError
from apps.submissions.forms import ExtendedForm, prefilled
from apps.submissions.states import Kind
from tests.factories.accounts import logged_in, make_user, post
from tests.factories.contexts import make_change, make_context
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db

FORM = "/submission_form/redcat_submit/"
LOAD, SAVE = "/submission_form/load/", "/submission_form/save/"
ANSWERS = {
    "deliverer": "Homer: Simpson",
    "instrument": "miri",
    "file_type": "dark",
    "history_updated": True,
    "useafter_matches": "No",
    "calpipe_version": "1.20",
    "table_rows_changed": "one\ntwo ü 🔭",
    "description": "New darks, better",
    "change_level": "MODERATE",
}


def as_bytes(text: str) -> bytes:
    return text.encode()


def load(browser: Client, content: bytes) -> str:
    token = browser.get(FORM).cookies["csrftoken"].value
    sent = {"csrfmiddlewaretoken": token, "yaml": SimpleUploadedFile("a.yml", content)}
    answer = browser.post(LOAD, sent)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture
def browser() -> Client:
    make_change(make_context(), pointer="edit")
    return logged_in()


def test_what_the_client_writes_fills_the_form_in(browser: Client) -> None:
    page = load(browser, as_bytes(yaml.safe_dump(ANSWERS)))
    assert 'value="Homer: Simpson"' in page
    assert '<option value="miri" selected>' in page
    assert '<option value="MODERATE" selected>' in page
    assert '<option value="No" selected>' in page
    assert 'value="1.20"' in page, "a version is not a number"
    assert "one\ntwo ü 🔭</textarea>" in page
    assert "Filled in 9 answers from your file." in page
    assert "error_message" not in page
    assert f'action="{FORM.rstrip("/")}"' in page


def test_a_saved_form_is_what_the_client_reads_and_loads_again(browser: Client) -> None:
    sent = {name: str(value) for name, value in ANSWERS.items()}
    answer = post(browser, SAVE, form=FORM, **sent)
    assert answer["Content-Disposition"] == 'attachment; filename="submission.yml"'
    found = yaml.safe_load(answer.content)
    assert found.items() >= ANSWERS.items()
    assert list(found) == [*(key for key in found if key not in prefilled.SHARED), *prefilled.SHARED]
    assert set(found) == {question.key for question in ExtendedForm().questions}
    assert found["ingest_files"] is False
    assert 'value="Homer: Simpson"' in load(browser, answer.content)


def test_a_form_that_is_wrong_is_saved_as_it_stands(browser: Client) -> None:
    answer = post(
        browser, SAVE, form=FORM, instrument="<nosuch>", history_updated="perhaps", description="a;b\0"
    )
    found = yaml.safe_load(answer.content)
    assert (found["instrument"], found["history_updated"]) == ("<nosuch>", False)
    assert found["description"].startswith("a;b")


def test_unknown_keys_and_refused_answers_are_named(browser: Client) -> None:
    page = load(browser, b"instrument: <b>\nhistory_updated: perhaps\n<i>x: 1\nfile_type:\n")
    assert "The form does not ask for &#x27;&lt;i&gt;x&#x27;. They were left out." in page
    assert "Instrument: &#x27;&lt;b&gt;&#x27; is not one of" in page
    assert "is not True or False" in page
    assert "<b>" not in page.replace("<body>", "").split("<main")[1].split("log-")[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a: &x [1]\nb: *x", "&#x27;a&#x27; is a list or mapping"),
        (b"a: &x y\nb: *x", "the anchor &amp;x"),
        (b"a: 1\nb: *x", "&#x27;b&#x27; is an alias"),
        (b"deliverer: !!python/object/apply:os.system ['id']", "&#x27;deliverer&#x27; is a list"),
        (b"deliverer: !!python/name:os.system x", "the tag tag:yaml.org,2002:python"),
        (b"!!python/object:x\na: b", "the tag tag:yaml.org"),
        (b"&a\na: b", "the anchor &amp;a"),
        (b"[1, 2]", "must be one YAML mapping"),
        (b"", "must be one YAML mapping"),
        (b"just text", "must be one YAML mapping"),
        (b"? [a]\n: b", "each key must be text"),
        (b"a: {b: c}", "&#x27;a&#x27; is a list or mapping"),
        (b"a: b\n---\nc: d", "must be one YAML document"),
        (b"a: " + b"[" * 60_000, "&#x27;a&#x27; is a list or mapping"),
        (b"a: 'open", "is not YAML: "),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"a: \x00", "is not YAML"),
        (b"a: " + b"x" * prefilled.LARGEST, "has more than 65536 bytes"),
        (b"\n".join(b"k%d: 1" % number for number in range(200)), "more than 100 keys"),
    ],
)
def test_hostile_and_broken_files_are_refused(content: bytes, reason: str, browser: Client) -> None:
    page = load(browser, content)
    (told,) = [line for line in page.splitlines() if 'id="error_message"' in line]
    assert reason in told
    assert "Filled in" not in page


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x,x]\n" + "\n".join(f"b{n}: &b{n} [*a,*a]" for n in range(50))
    with pytest.raises(InvalidInputError, match="'a' is a list"):
        prefilled.from_yaml(bomb.encode())


def test_nothing_is_nothing() -> None:
    assert prefilled.from_yaml(b"file_type: null\njira_issue: 'null'\n").values == {
        "file_type": "",
        "jira_issue": "null",
    }


def test_a_missing_file_is_told(browser: Client) -> None:
    answer = post(browser, LOAD, form=FORM)
    assert "Choose a YAML file first." in answer.content.decode()


@pytest.mark.parametrize("path", [LOAD, SAVE, LOAD.rstrip("/")])
def test_both_need_the_role_a_post_and_the_csrf_token(path: str, browser: Client) -> None:
    assert Client().post(path).status_code == 401
    assert browser.get(path).status_code == 405
    assert browser.post(path).status_code == 403
    stranger = make_user("moe")
    stranger.grants.all().delete()
    client = Client()
    client.force_login(stranger)
    assert client.post(path).status_code == 403


def test_an_earlier_submission_is_copied(browser: Client) -> None:
    answers = {
        "deliverer": "Lisa",
        "file_type": "flat",
        "history_updated": True,
        "useafter_matches": "Yes",
        "nosuch": 1,
    }
    earlier = make_submission(
        Kind.EXTENDED, answers=answers, creator="<b>Marge", description="Old darks", change_level="trivial"
    )
    assert f'<option value="{earlier.key}">' in browser.get(FORM).content.decode()
    page = browser.get(FORM, {"copy": str(earlier.key)}).content.decode()
    assert 'value="Lisa"' in page
    assert 'value="&lt;b&gt;Marge"' in page
    assert "Old darks</textarea>" in page
    assert '<option value="TRIVIAL" selected>' in page
    assert f'<option value="{earlier.key}" selected>' in page
    assert "Copied from your submission of" in page
    assert 'id="id_history_updated" checked' not in page, "these files were not checked then"
    assert "error_message" not in page


@pytest.mark.parametrize("key", ["nosuch", "%00", "<b>", "00000000-0000-0000-0000-000000000000", ""])
def test_there_must_be_something_to_copy(key: str, browser: Client) -> None:
    answer = browser.get(FORM, {"copy": key})
    assert answer.status_code == 404
    assert "No submission has the id" in answer.content.decode()
    assert "<b>" not in answer.content.decode()


def test_what_others_submitted_is_neither_offered_nor_copied(browser: Client) -> None:
    other = make_submission(Kind.EXTENDED, user="marge", description="Hers")
    page = browser.get(FORM, {"copy": str(other.key)})
    assert page.status_code == 403
    assert "Hers" not in page.content.decode()
    assert str(other.key) not in browser.get(FORM).content.decode()

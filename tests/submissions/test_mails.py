import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from apps.mails.models import Mail
from apps.submissions.mails import texts
from apps.submissions.mails.texts import FIRST, MailFacts

pytestmark = pytest.mark.django_db

KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
FACTS = MailFacts(
    key=KEY,
    kind="Batch Reference Submit",
    instrument="miri",
    user="ann",
    user_email="ann@example.org",
    other_emails=("bob@example.org", "ANN@example.org", "nonsense"),
    files=("flat.fits", "dark.fits"),
    context="jwst_0005.pmap",
    description="New flats of cycle 3",
    log_url="/jpoll/abc/log",
    result_url=f"http://localhost:8000/display_result/{KEY}",
    errors=("flat.fits: no USEAFTER",),
    warnings=("dark.fits: odd", "dark.fits: old"),
    new_names=(("flat.fits", "jwst_miri_flat_0051.fits"),),
    new_pmap="jwst_0006.pmap",
    catalogue="jwst_delivery_0001.cat",
    diff_url="/mapping_diff/jwst_0005.pmap/jwst_0006.pmap",
    reason="Wrong files",
    acted_by="olga",
    lock_ends_at=datetime(2026, 11, 20, 12, 30, tzinfo=UTC),
)


def told(tell: Callable[..., None], facts: MailFacts = FACTS, **how: Any) -> Mail:
    """Call a function that writes a mail, and return the mail."""
    with transaction.atomic():
        tell(facts, **how)
    return Mail.objects.get()


@pytest.mark.parametrize(
    ("tell", "how", "key", "state", "parts"),
    [
        (
            texts.started,
            {},
            "started",
            "STARTED",
            ["flat.fits", "dark.fits", "jwst_0005.pmap", "http://localhost:8000/jpoll/abc/log"],
        ),
        (
            texts.ready,
            {},
            "ready",
            "READY",
            [
                "1 error and 2 warnings",
                "flat.fits -> jwst_miri_flat_0051.fits",
                "before 2026-11-20 12:30 UTC",
            ],
        ),
        (texts.failed, {}, "failed", "FAILED", ["flat.fits: no USEAFTER", "Reason: Wrong files"]),
        (
            texts.confirmed,
            {},
            "confirmed",
            "CONFIRMED",
            [
                "olga has confirmed",
                "jwst_0006.pmap",
                "jwst_miri_flat_0051.fits",
                "jwst_delivery_0001.cat",
                "http://localhost:8000/mapping_diff/jwst_0005.pmap/jwst_0006.pmap",
            ],
        ),
        (texts.confirmed, {"is_forced": True}, "confirmed", "FORCED", ["olga has forced"]),
        (texts.cancelled, {}, "cancelled", "CANCELLED", ["olga has cancelled", "Reason: Wrong files"]),
        (
            texts.lock_ending,
            {},
            "lock-ending-20261120T123000",
            "LOCK ENDING",
            ["ends at 2026-11-20 12:30 UTC"],
        ),
    ],
)
def test_each_mail_tells_who_what_and_where(
    tell: Callable[..., None], how: dict[str, Any], key: str, state: str, parts: list[str]
) -> None:
    mail = told(tell, **how)
    assert mail.key == f"submission-{KEY}-{key}"
    assert mail.subject == f"[CRDS jwst dev] {state} miri New flats of cycle 3"
    assert mail.recipients == ["ann@example.org", "bob@example.org"]
    for part in [*parts, KEY, "Batch Reference Submit", "ann", "miri", "New flats of cycle 3"]:
        assert part in mail.text
    if tell is not texts.started:
        assert f"  http://localhost:8000/display_result/{KEY}\n" in mail.text


@pytest.mark.parametrize(
    "tell", [texts.started, texts.ready, texts.failed, texts.confirmed, texts.cancelled, texts.lock_ending]
)
def test_nothing_is_escaped_and_no_text_makes_lines_of_its_own(tell: Callable[..., None]) -> None:
    hostile = "<b>\"you\" & 'me'</b>\r\nBcc: all@example.org\n\nResult:\n  http://evil.example"
    changes = {
        field.name: hostile if isinstance(value, str) and not field.name.endswith("url") else value
        for field in dataclasses.fields(FACTS)
        if (value := getattr(FACTS, field.name)) is not None and field.name not in {"key", "user_email"}
    }
    lists = {
        "files": (hostile,),
        "errors": (hostile,),
        "warnings": (hostile,),
        "new_names": ((hostile, hostile),),
    }
    mail = told(tell, dataclasses.replace(FACTS, **{**changes, **lists}))
    assert "<b>\"you\" & 'me'</b> Bcc: all@example.org Result: http://evil.example" in mail.text
    assert "&amp;" not in mail.text
    assert "&lt;" not in mail.text
    assert not any(line.lstrip().startswith(("Bcc:", "http://evil")) for line in mail.text.splitlines())
    assert "\n" not in mail.subject


@pytest.mark.parametrize("tell", [texts.started, texts.ready, texts.failed, texts.confirmed, texts.cancelled])
def test_what_is_not_known_leaves_no_gap(tell: Callable[..., None]) -> None:
    mail = told(
        tell, MailFacts(key=KEY, kind="Submit Mappings", instrument="", user="ann", user_email="a@b.org")
    )
    assert mail.subject.endswith(" Submit Mappings")
    assert "  " not in mail.subject
    assert not re.search(r"\bNone$", mail.text, re.MULTILINE)
    assert ":\n\n" not in mail.text


def test_a_long_list_is_cut_and_counted() -> None:
    errors = tuple(f"error {number}" for number in range(FIRST + 5))
    mail = told(texts.failed, dataclasses.replace(FACTS, errors=errors))
    assert f"{FIRST + 5} errors" in mail.text
    assert "  error 19\n  ... and 5 more\n" in mail.text


def test_a_lock_that_was_prolonged_is_warned_of_again() -> None:
    later = dataclasses.replace(FACTS, lock_ends_at=datetime(2026, 11, 20, 16, 30, tzinfo=UTC))
    for facts in (FACTS, FACTS, later):
        texts.lock_ending(facts)
    assert Mail.objects.count() == 2


def test_a_warning_of_a_lock_says_when_it_ends() -> None:
    with pytest.raises(ValueError, match="no end of the lock"):
        texts.lock_ending(dataclasses.replace(FACTS, lock_ends_at=None))
    assert not Mail.objects.exists()

"""The number of times the bytes of a file are read between their arrival and their first download."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.catalog import checksums, storage
from apps.catalog.errors import DamagedFileError
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.operations import confirm
from apps.submissions.uploads import ingest_area
from tests.factories.sites import deliver, find_user, make_content, process, upload

NAME = "flat.fits"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the sha1sum of a file each time that all its bytes are read."""
    found: list[str] = []

    def counted(read: Callable[[Any], str]) -> Callable[[Any], str]:
        def count(source: Any) -> str:
            found.append(read(source))
            return found[-1]

        return count

    monkeypatch.setattr(checksums, "_digest", counted(checksums._digest))
    monkeypatch.setattr(storage, "sha1sum", counted(storage.sha1sum))
    return found


def arrive(content: bytes) -> Path:
    """Put a file into the ingest area, as the last piece of an upload does."""
    person = find_user()
    upload(person, {NAME: content})
    row = ingest_area.find(person.pk, NAME)
    assert row is not None
    path = ingest_area.path_of(person.pk, NAME)
    checksums.remember(path, row.sha1sum)
    return path


def delivered() -> tuple[Submission, SubmittedFile]:
    submission = process(deliver({}))
    return submission, submission.files.get(name=NAME)


def test_a_reference_is_read_back_once_and_then_never_again(site: str, reads: list[str]) -> None:
    arrive(make_content())
    submission, file = delivered()
    assert (submission.status, reads.count(file.sha1sum)) == ("ready", 1)
    confirm(submission, user=find_user())
    answer = Client().get(f"/unchecked_get/references/jwst/{file.official_name}")
    answer.close()
    assert answer.status_code == 200
    assert reads.count(file.sha1sum) == 1


def test_bytes_that_changed_after_their_arrival_are_found_although_only_their_times_tell(
    site: str, reads: list[str]
) -> None:
    path = arrive(make_content())
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"X")
    submission, _file = delivered()
    assert submission.status == "failed"
    assert f"{NAME} has changed on this server since you uploaded it" in submission.reason


def test_bytes_that_changed_before_the_confirmation_are_found(site: str) -> None:
    arrive(make_content())
    submission, file = delivered()
    path = submission.folder / "official" / file.official_name
    path.write_bytes(path.read_bytes()[:-1] + b"X")
    with pytest.raises(DamagedFileError, match="was expected"):
        confirm(submission, user=find_user())


def test_bytes_that_differ_when_they_are_read_back_are_refused(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk returned other bytes than those that arrived, and nothing else tells."""
    arrive(make_content())
    monkeypatch.setattr(storage, "sha1sum", lambda path: "0" * 40)
    submission, _file = delivered()
    assert submission.status == "failed"
    assert f"{NAME} has changed on this server since you uploaded it" in submission.reason

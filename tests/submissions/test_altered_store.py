"""Files of the store that were changed on the disk: they never become part of new files."""

import pytest

from apps.catalog import storage
from apps.catalog.deliveries import folder
from apps.catalog.errors import DamagedFileError
from apps.catalog.models import File
from apps.submissions.models import Submission
from apps.submissions.operations import confirm
from apps.submissions.pages.result import actions
from apps.submissions.states import Kind
from tests.factories.sites import deliver, find_user, make_ready, process, snapshot


def change_a_digit(name: str) -> None:
    """Change one digit of a stored file; the size stays the same."""
    path = storage.path_of(name)
    text = path.read_bytes()
    at = next(at for at in range(len(text) // 2, len(text)) if chr(text[at]).isdigit())
    path.chmod(0o644)
    path.write_bytes(text[:at] + (b"8" if text[at : at + 1] != b"8" else b"9") + text[at + 1 :])


@pytest.mark.parametrize("altered", ["jwst_miri_0001.imap", "jwst_0001.pmap"])
def test_an_altered_mapping_does_not_become_part_of_a_new_context(site: str, altered: str) -> None:
    submission = make_ready()
    change_a_digit(altered)
    before = snapshot()
    with pytest.raises(DamagedFileError, match=rf"{altered} has sha1sum \w+ in the store; \w+ was expected"):
        confirm(submission, user=find_user(submission.user))
    assert snapshot() == before
    assert Submission.objects.get(pk=submission.pk).status == "ready"


@pytest.mark.parametrize(
    "altered", ["jwst_miri_flat_0001.rmap", "jwst_miri_0001.imap", "jwst_nircam_flat_0001.rmap"]
)
def test_a_base_with_an_altered_mapping_is_not_worked_with(site: str, altered: str) -> None:
    change_a_digit(altered)
    before = snapshot()
    submission = process(deliver())
    assert submission.status == "failed"
    assert f"{altered} has sha1sum" in submission.reason
    assert snapshot().files == before.files


def test_an_altered_reference_of_the_store_is_not_certified(site: str) -> None:
    change_a_digit("jwst_miri_flat_0001.fits")
    submission = process(deliver(kind=Kind.CERTIFY, names=("jwst_miri_flat_0001.fits",)))
    assert (submission.status, "jwst_miri_flat_0001.fits has sha1sum" in submission.reason) == (
        "failed",
        True,
    )


def test_an_altered_reference_is_not_handed_to_the_archive(site: str) -> None:
    submission = make_ready()
    file = File.objects.get(name="jwst_miri_flat_0001.fits")
    change_a_digit(file.name)
    with pytest.raises(DamagedFileError, match=file.name):
        folder.place(file)
    assert submission.status == "ready"


def test_an_altered_parent_is_named_on_the_page_and_refused_at_the_confirmation(site: str) -> None:
    submission = make_ready()
    change_a_digit("jwst_miri_flat_0001.rmap")
    shown = actions(list(submission.files.select_related("submission")))
    assert ["jwst_miri_flat_0001.rmap has sha1sum" in action.problem for action in shown] == [True]
    with pytest.raises(DamagedFileError, match=r"jwst_miri_flat_0001\.rmap"):
        confirm(submission, user=find_user(submission.user))

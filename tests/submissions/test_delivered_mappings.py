"""Mappings written by hand, and references added to the rules or deleted from them."""

from typing import Any

import pytest

from apps.catalog import storage
from apps.catalog.models import AuditRecord, File
from apps.core.errors import InvalidInputError
from apps.rules.text.checksum import text_checksum
from apps.rules.text.parser import parse_mapping
from apps.submissions.errors import RejectedError
from apps.submissions.models import Submission
from apps.submissions.operations import confirm
from apps.submissions.pipeline.delivered_mappings import note_origins, refuse_unknown_members
from apps.submissions.pipeline.submission_run import SubmissionRun
from apps.submissions.states import Kind
from tests.factories.sites import (
    BASE,
    add,
    claimed,
    deliver,
    find_user,
    make_content,
    make_ready,
    make_rmap_text,
    make_texts,
    process,
    said,
    snapshot,
)

pytestmark = pytest.mark.usefixtures("site")

CASE = ("MIRIMAGE", "F560W", "N/A", "SUB128")
FIRST = {"2021-08-01 00:00:00": "jwst_miri_flat_0001.fits"}
ADDED = "jwst_miri_flat_0007.fits"


def text_of(name: str) -> str:
    return storage.path_of(name).read_text()


def mappings(files: dict[str, str], **options: Any) -> Submission:
    contents = {name: text.encode() for name, text in files.items()}
    return deliver(contents, kind=Kind.MAPPINGS, **options)


def confirmed(submission: Submission) -> Submission:
    return confirm(submission, user=find_user())


def new_rmap() -> str:
    """Return an rmap as after an edit by hand: the name is still the old one, the checksum out of date."""
    text = make_rmap_text(cases={CASE: FIRST | {"2030-01-01 00:00:00": ADDED}})
    return text.replace("'suffix' : 'flat'", "'suffix' : 'flats'")


@pytest.mark.parametrize("name", ["jwst_miri_flat_0001.rmap", "flat_of_homer.rmap"])
def test_an_edited_rmap_becomes_part_of_new_contexts(name: str) -> None:
    add(ADDED, make_content())
    submission = process(mappings({name: new_rmap()}))
    assert submission.status == "ready", submission.reason
    assert f"sha1sum mismatch in '{name}'" in said(submission)
    confirmed(submission)
    text = text_of("jwst_miri_flat_0002.rmap")
    parsed = parse_mapping(text, "jwst_miri_flat_0002.rmap")
    assert parsed.header["sha1sum"] == text_checksum(text)
    assert parsed.header["derived_from"] == "jwst_miri_flat_0001.rmap"
    assert parsed.header["name"] == "jwst_miri_flat_0002.rmap"
    assert "'jwst_miri_flat_0002.rmap'" in text_of("jwst_miri_0002.imap")
    assert snapshot().edit == "jwst_0002.pmap"
    # The bytes that were uploaded are also recognised.
    again = process(mappings({"once_more.rmap": new_rmap()}))
    assert "is identical to existing CRDS file 'jwst_miri_flat_0002.rmap'" in again.reason


def test_mappings_go_in_as_they_are_without_contexts() -> None:
    imap = make_texts()["jwst_miri_0001.imap"].replace("jwst_miri_0001", "jwst_miri_0005")
    before = snapshot()
    submission = process(mappings({"jwst_miri_0005.imap": imap}, makes_contexts=False, is_renamed=False))
    assert submission.status == "ready", submission.reason
    confirmed(submission)
    after = snapshot()
    assert after.edit == before.edit
    assert {name for name, _ in after.files} - {name for name, _ in before.files} == {"jwst_miri_0005.imap"}


@pytest.mark.parametrize("name", ["new.imap", "new.pmap"])
def test_contexts_are_not_generated_from_contexts(name: str) -> None:
    before = snapshot()
    submission = process(mappings({name: "header = {}"}))
    assert submission.reason == (
        f"Generate Contexts works for rmaps only; switch it off to submit {name} as they are."
    )
    assert (submission.status, snapshot()) == ("failed", before)


def test_references_among_mappings_are_refused() -> None:
    submission = process(mappings({"new.rmap": "header = {}", "flat.fits": ""}))
    assert submission.reason == "Only mappings can be submitted here, not flat.fits."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import os\nos.system('true')\n", "new.rmap"),
        ("header = {'a': __import__('os').getpid()}\nselector = {}\n", "new.rmap"),
        ("\xff\xfe\0", "new.rmap"),
        ("", "new.rmap"),
    ],
)
def test_a_mapping_with_code_in_it_is_never_run(text: str, words: str) -> None:
    before = snapshot()
    submission = process(deliver({"new.rmap": text.encode("latin-1")}, kind=Kind.MAPPINGS))
    assert submission.status == "failed"
    assert submission.reason.startswith("Certification found 1 error in new.rmap. In 'new.rmap' : ")
    assert words in submission.reason
    assert snapshot() == before


def work_on(files: dict[str, str], **options: Any) -> SubmissionRun:
    submission = mappings(files, **options)
    return SubmissionRun(claimed(submission), submission)


def test_members_that_are_not_here_are_refused() -> None:
    work = work_on({"new.rmap": make_rmap_text(cases={CASE: {"2030-01-01 00:00:00": ADDED}})})
    with pytest.raises(
        RejectedError, match=rf"new.rmap refers to {ADDED}, not known to this server. Submit and"
    ):
        refuse_unknown_members(work)


def test_bad_mappings_are_refused_as_members() -> None:
    File.objects.filter(name="jwst_miri_gain_0001.rmap").update(blacklisted=True)
    work = work_on({"new.imap": make_texts()["jwst_miri_0001.imap"]}, makes_contexts=False)
    with pytest.raises(RejectedError, match=r"new.imap refers to jwst_miri_gain_0001.rmap, marked bad"):
        refuse_unknown_members(work)


def test_without_auto_rename_the_header_must_tell_the_name() -> None:
    work = work_on({"jwst_miri_flat_0005.rmap": make_rmap_text()}, is_renamed=False)
    with pytest.raises(RejectedError, match="says in its header that its name is"):
        note_origins(work)


@pytest.mark.parametrize(
    ("kind", "names", "words"),
    [
        (Kind.ADD, (), "Name at least one reference"),
        (Kind.ADD, ("nosuch.fits", "../x"), "'nosuch.fits' is not known to this server; '../x' is not known"),
        (Kind.ADD, ("jwst_miri_flat_0001.rmap",), "is a mapping, but only references"),
        (Kind.ADD, ("jwst_nircam_flat_0001.fits",), "belongs to nircam"),
        (Kind.ADD, ("jwst_miri_flat_0001.fits",), f"is already part of {BASE}"),
        (Kind.ADD, ("jwst_miri_flat_0008.fits",), "is marked bad"),
        (Kind.DELETE, (ADDED,), f"could not be found and deleted: it is not part of {BASE}"),
    ],
)
def test_listed_references_that_do_not_fit_are_named(kind: str, names: tuple[str, ...], words: str) -> None:
    add(ADDED, b"x")
    add("jwst_miri_flat_0008.fits", b"y", rejected=True)
    with pytest.raises(InvalidInputError) as caught:
        deliver(kind=kind, names=names)
    assert words in str(caught.value)
    assert not Submission.objects.exists()


def test_a_listed_reference_comes_into_the_rules_and_goes_again() -> None:
    row = add(ADDED, make_content())
    submission = make_ready(kind=Kind.ADD, names=(ADDED,))
    before = snapshot()
    confirmed(submission)
    new = {name for name, _ in snapshot().files} - {name for name, _ in before.files}
    assert new == {"jwst_0002.pmap", "jwst_miri_0002.imap", "jwst_miri_flat_0002.rmap"}
    assert f"'{ADDED}'" in text_of("jwst_miri_flat_0002.rmap")
    removal = make_ready(kind=Kind.DELETE, names=(ADDED,), context="jwst_0002.pmap")
    confirmed(removal)
    assert ADDED not in text_of("jwst_miri_flat_0003.rmap")
    assert snapshot().edit == "jwst_0003.pmap"
    after = File.objects.get(name=ADDED)
    assert (after.state, after.delivered_at, after.uploaded_as) == (
        row.state,
        row.delivered_at,
        row.uploaded_as,
    )
    actions = AuditRecord.objects.filter(filename=ADDED).values_list("action", flat=True)
    assert {"add reference", "delete reference"} <= set(actions)

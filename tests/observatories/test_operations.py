"""Starting an observatory: the first rules are there, served, and made once."""

import io

import pytest
from django.utils import timezone

from apps.catalog import queries as files
from apps.catalog import storage
from apps.catalog.models import Action, AuditRecord
from apps.catalog.reading import load_text
from apps.contexts import queries as contexts
from apps.contexts.models import ContextChange, Pointer
from apps.contexts.operations import set_context
from apps.core.errors import ConflictError
from apps.observatories.definition_files import put
from apps.observatories.operations import change, start
from apps.rules import observatories
from apps.rules.observatories.definition_reader import read_definition
from apps.submissions.models import SubmittedFile
from tests.factories.submissions import make_submission
from tests.rules.test_definition_reader import SMALL

pytestmark = pytest.mark.django_db

HEADER = {
    "INSTRUME": "HISPEC",
    "DETECTOR": "H4RG_B",
    "READMODE": "CDS",
    "DATE-OBS": "2026-01-02",
    "UT": "03:04:05",
}


def test_the_first_context_is_latest_and_answers(keckao):
    started = start(user="homer")
    assert (started.files, started.pointers, started.context) == (7, 2, "keckao_0001.pmap")
    assert contexts.resolve("keckao-latest") == contexts.resolve("keckao-edit") == "keckao_0001.pmap"
    answer = contexts.get_context("keckao_0001.pmap").best_references(HEADER)
    assert set(answer) == {"dark", "wave"}
    assert all(text.startswith("NOT FOUND") for text in answer.values())


def test_a_synonym_names_the_instrument(keckao):
    start(user="homer")
    header = {"CURRINST" if key == "INSTRUME" else key: value for key, value in HEADER.items()}
    assert set(contexts.get_context("keckao_0001.pmap").best_references(header)) == {"dark", "wave"}


def test_a_second_start_changes_nothing(keckao):
    start(user="homer")
    again = start(user="homer")
    assert (again.files, again.pointers) == (0, 0)
    assert ContextChange.objects.count() == 2


def test_a_start_that_was_interrupted_goes_on(keckao, monkeypatch):
    monkeypatch.setattr("apps.contexts.operations.set_context", _fail)
    with pytest.raises(RuntimeError):
        start(user="homer")
    monkeypatch.undo()
    assert start(user="homer").pointers == 2


@pytest.mark.parametrize("is_row_written", [True, False])
def test_a_start_that_was_interrupted_goes_on_with_a_corrected_definition(
    keckao, monkeypatch, is_row_written
):
    """The mappings of the first attempt stay, and the corrected ones have the next numbers."""
    if is_row_written:
        monkeypatch.setattr("apps.contexts.operations.set_context", _fail)
        with pytest.raises(RuntimeError):
            start(user="homer")
        monkeypatch.undo()
    else:
        storage.put(io.BytesIO(b"cut off"), storage.mapping_path("keckao_hispec_dark_0001.rmap"))
    text = SMALL.replace("match: [DETECTOR, READMODE]", "match: [READMODE]")
    observatories.serve(read_definition(text))
    started = start(user="homer")
    assert started.pointers == 2
    pmap = contexts.get_context(contexts.resolve("keckao-latest"))
    assert "keckao_hispec_dark_0002.rmap" in contexts.mapping_names(started.context)
    assert "keckao_liger_distort_0001.rmap" in contexts.mapping_names(started.context)
    assert set(pmap.best_references({**HEADER, "DETECTOR": "H9"})) == {"dark", "wave"}
    assert start(user="homer").context == started.context


@pytest.mark.parametrize("place", ["apps/demo/observatories/keckao.yaml", "docs/own.yaml"])
def test_a_file_of_the_program_is_never_overwritten(settings, place):
    target = settings.BASE_DIR / place
    before = target.read_bytes() if target.exists() else None
    with pytest.raises(ConflictError, match="is a file of this program"):
        put("observatory: x", target)
    assert (target.read_bytes() if target.exists() else None) == before


def _fail(*_, **__):
    raise RuntimeError


def test_the_first_mappings_say_where_they_come_from(keckao):
    start(user="homer")
    file = files.get_file("keckao_hispec_wave_0001.rmap")
    assert (file.instrument, file.filekind, file.deliverer) == ("hispec", "wave", "homer")
    assert "version 1.0 of its definition" in file.description


def test_an_observatory_of_the_client_has_nothing_to_start():
    with pytest.raises(ConflictError, match="knows by itself"):
        start(user="homer")


MORE = SMALL.replace("version: 1.0", "version: 1.1").replace(
    "  liger:\n", "    flat: {text: Flat field, match: [DETECTOR]}\n  liger:\n"
)
NEW_INSTRUMENT = MORE.replace("[HISPEC, LIGER]", "[HISPEC, LIGER, OSIRIS]").replace(
    "  liger:\n", "  osiris:\n    dark: {text: Dark, match: [READMODE]}\n  liger:\n"
)


@pytest.mark.parametrize(
    ("text", "added"), [(MORE, ("hispec flat",)), (NEW_INSTRUMENT, ("hispec flat", "osiris dark"))]
)
def test_a_new_type_gets_its_first_rules_and_the_others_keep_theirs(keckao, text, added):
    start(user="homer")
    new = read_definition(text)
    changed = change(new, user="homer", reason="The flats are here")
    assert (changed.added, changed.context) == (added, "keckao_0002.pmap")
    assert contexts.resolve("keckao-edit") == "keckao_0002.pmap"
    assert contexts.resolve("keckao-latest") == "keckao_0001.pmap"
    names = contexts.mapping_names("keckao_0002.pmap")
    assert {"keckao_hispec_flat_0001.rmap", "keckao_hispec_0002.imap", "keckao_liger_0001.imap"} <= set(names)
    assert set(contexts.get_context("keckao_0002.pmap").best_references(HEADER)) == {"dark", "flat", "wave"}
    assert AuditRecord.objects.get(action=Action.CHANGE_DEFINITION).why == "The flats are here"


def test_an_instrument_that_comes_back_gets_the_rules_of_its_new_definition(keckao):
    start(user="homer")
    change(read_definition(NEW_INSTRUMENT), user="homer", reason="OSIRIS is here")
    set_context(pointer=Pointer.EDIT, context="keckao_0001.pmap", user="homer", reason="Too early")
    changed = change(
        read_definition(NEW_INSTRUMENT.replace("match: [READMODE]}\n  liger", "match: [DETECTOR]}\n  liger")),
        user="homer",
        reason="OSIRIS is back",
    )
    names = contexts.mapping_names(changed.context)
    assert {"keckao_osiris_0002.imap", "keckao_osiris_dark_0002.rmap"} <= set(names)
    assert "keckao_osiris_dark_0001.rmap" not in names
    assert "definition 1.1" in load_text(files.get_file("keckao_osiris_dark_0002.rmap"))


def test_names_that_a_submission_reserves_stay_free_for_it(keckao):
    start(user="homer")
    waiting = make_submission(status="ready", ready_at=timezone.now())
    reserved = ("keckao_hispec_flat_0001.rmap", "keckao_hispec_0002.imap", "keckao_0002.pmap")
    for name in reserved:
        SubmittedFile.objects.create(submission=waiting, name=name, official_name=name, is_reserved=True)
    changed = change(read_definition(MORE), user="homer", reason="The flats are here")
    names = contexts.mapping_names(changed.context)
    assert {"keckao_hispec_flat_0002.rmap", "keckao_hispec_0003.imap", "keckao_0003.pmap"} <= set(names)
    assert not set(files.files_named(reserved))


@pytest.mark.parametrize(
    ("match", "rmap"),
    [("[DETECTOR]", "keckao_hispec_flat_0001.rmap"), ("[READMODE]", "keckao_hispec_flat_0002.rmap")],
    ids=["same", "corrected"],
)
def test_a_change_that_was_killed_is_done_again_or_corrected(keckao, monkeypatch, match, rmap):
    start(user="homer")
    monkeypatch.setattr("apps.contexts.operations.move_edit", _fail)
    with pytest.raises(RuntimeError):
        change(read_definition(MORE), user="homer", reason="The flats are here")
    monkeypatch.undo()
    flat = "flat: {text: Flat field, match: "
    corrected = read_definition(MORE.replace(f"{flat}[DETECTOR]", flat + match))
    changed = change(corrected, user="homer", reason="The flats are here")
    assert rmap in contexts.mapping_names(changed.context)
    assert "flat" in contexts.get_context(changed.context).best_references(HEADER)


def test_a_change_without_new_types_makes_no_context(keckao):
    start(user="homer")
    changed = change(
        read_definition(SMALL.replace("[J, H, K]", "[J, H, K, L]")), user="homer", reason="L is here"
    )
    assert changed.context == ""
    assert ContextChange.objects.count() == 2


WAVE = "wave: {text: Wavelength solution, match: [DETECTOR], select: ClosestTime}"
BREAKING = [
    ("match: [DETECTOR, READMODE]", "match: [DETECTOR]", "hispec dark: match was DETECTOR, READMODE"),
    ("select: ClosestTime", "select: UseAfter", "hispec wave: select was ClosestTime"),
    ("[CDS, MCDS4, UTR]", "[CDS, UTR]", "hispec dark: READMODE would no longer be MCDS4."),
    ("useafter_keys: [DATE-OBS, UT]", "useafter_keys: [DATE-BEG]", "useafter_keys was DATE-OBS, UT"),
    (f"    {WAVE}\n", "", "hispec wave would be unknown"),
]


@pytest.mark.parametrize(("old", "new", "says"), BREAKING)
def test_what_a_change_breaks_is_listed_and_nothing_is_changed(keckao, old, new, says):
    start(user="homer")
    changed = read_definition(SMALL.replace(old, new))
    with pytest.raises(ConflictError) as caught:
        change(changed, user="homer", reason="Why not")
    assert says in str(caught.value)
    assert not AuditRecord.objects.filter(action=Action.CHANGE_DEFINITION).exists()
    change(changed, user="homer", reason="I know", is_accepted=True)
    assert says in AuditRecord.objects.get(action=Action.CHANGE_DEFINITION).details
    assert "keckao_hispec_wave_0001.rmap" in contexts.mapping_names("keckao_0001.pmap")


def test_the_definition_of_another_observatory_is_never_accepted(keckao):
    start(user="homer")
    other = read_definition(SMALL.replace("observatory: keckao", "observatory: other"))
    with pytest.raises(ConflictError):
        change(other, user="homer", reason="x", is_accepted=True)


def test_the_banner_of_the_definition_is_on_all_pages_as_text(keckao, client, settings):
    start(user="homer")
    observatories.serve(read_definition(SMALL + 'banner: "<b>Closed</b> on Monday"\n'))
    page = client.get("/").content.decode()
    assert "&lt;b&gt;Closed&lt;/b&gt; on Monday" in page

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.catalog import queries as catalog
from apps.catalog import storage
from apps.catalog.errors import UnknownFileError
from apps.catalog.models import AuditRecord, File
from apps.catalog.usage import children_by_parent, official
from apps.contexts import operations
from apps.contexts.bad_files import tainting
from apps.contexts.errors import UnusableContextError
from apps.contexts.operations.bad_files import Mark
from apps.core.errors import ConflictError, InvalidInputError
from apps.distribution import derived_data, server_info
from tests.factories.accounts import logged_in, make_user, post
from tests.factories.catalog import make_file, make_imap, make_pmap, make_rmap
from tests.factories.contexts import make_change, make_context
from tests.factories.races import Run, at_once
from tests.patience import HANG

pytestmark = pytest.mark.django_db

DARK, FLAT = "jwst_miri_dark_0001.rmap", "jwst_miri_flat_0001.rmap"
IMAP, OTHER_IMAP = "jwst_miri_0001.imap", "jwst_miri_0002.imap"
NEW = "jwst_0005.pmap"
PAGE = "/mark_files_bad/"


def two_contexts() -> None:
    """Make jwst_0001.pmap with a dark and a flat rmap, and jwst_0002.pmap, the latest, with the flat one."""
    make_context(
        texts={
            DARK: make_rmap(DARK),
            FLAT: make_rmap(FLAT, references=["jwst_miri_flat_0001.fits"]),
            IMAP: make_imap(IMAP, rmaps={"DARK": DARK, "FLAT": FLAT}),
            OTHER_IMAP: make_imap(OTHER_IMAP, rmaps={"FLAT": FLAT}),
            "jwst_0001.pmap": make_pmap("jwst_0001.pmap", imaps={"MIRI": IMAP}),
            "jwst_0002.pmap": make_pmap("jwst_0002.pmap", imaps={"MIRI": OTHER_IMAP}),
        }
    )
    make_file("jwst_miri_dark_0001.fits", instrument="miri", filekind="dark")
    make_file("jwst_miri_flat_0001.fits", instrument="miri", filekind="flat")
    make_change("jwst_0002.pmap")


def mark_bad(*names: str, is_overridden: bool = True) -> list[Mark]:
    return operations.mark_bad(names, user="ann", reason="Because.", is_overridden=is_overridden)


def mark_good(*names: str) -> list[Mark]:
    return operations.mark_good(names, user="ann", reason="It is fine.")


def flagged(flag: str) -> set[str]:
    return set(File.objects.filter(**{flag: True}).values_list("name", flat=True))


def test_a_bad_rmap_taints_all_that_names_it_and_nothing_else() -> None:
    two_contexts()
    mark_bad(DARK, is_overridden=False)
    assert flagged("rejected") == {DARK}
    assert flagged("blacklisted") == {DARK, IMAP, "jwst_0001.pmap"}
    mark_good(DARK)
    assert flagged("rejected") == flagged("blacklisted") == set()


def test_each_of_two_overlapping_marks_is_taken_back_exactly() -> None:
    two_contexts()
    mark_bad(DARK)
    mark_bad(FLAT)
    assert flagged("blacklisted") == {DARK, FLAT, IMAP, OTHER_IMAP, "jwst_0001.pmap", "jwst_0002.pmap"}
    (mark,) = mark_good(FLAT)
    assert mark.mappings == ("jwst_0002.pmap", OTHER_IMAP)
    assert flagged("blacklisted") == {DARK, IMAP, "jwst_0001.pmap"}
    mark_good(DARK)
    assert flagged("blacklisted") == set()


def test_a_context_marked_itself_stays_bad_when_what_it_names_is_cleared() -> None:
    two_contexts()
    mark_bad(DARK)
    mark_bad("jwst_0001.pmap")
    mark_good(DARK)
    assert flagged("blacklisted") == {"jwst_0001.pmap"}


def test_a_context_marked_itself_stays_blacklisted_while_it_names_a_bad_mapping() -> None:
    two_contexts()
    mark_bad("jwst_0001.pmap", DARK)
    (mark,) = mark_good("jwst_0001.pmap")
    assert mark.culprits == (IMAP,)
    assert flagged("rejected") == {DARK}
    assert flagged("blacklisted") == {DARK, IMAP, "jwst_0001.pmap"}
    mark_good(DARK)
    assert flagged("blacklisted") == set()


def test_a_bad_reference_taints_nothing() -> None:
    two_contexts()
    mark_bad("jwst_miri_dark_0001.fits", is_overridden=False)
    assert flagged("rejected") == {"jwst_miri_dark_0001.fits"}
    assert flagged("blacklisted") == set()
    mark_good("jwst_miri_dark_0001.fits")
    assert flagged("rejected") == set()


def test_the_state_of_a_file_is_afterwards_what_it_was() -> None:
    two_contexts()
    File.objects.filter(name=DARK).update(state="archived")
    mark_bad(DARK)
    mark_good(DARK)
    assert catalog.get_file(DARK).state == "archived"


def test_one_record_a_file_says_what_was_tainted_and_cleared() -> None:
    two_contexts()
    before = catalog.revision()
    mark_bad(DARK, "jwst_miri_dark_0001.fits")
    assert catalog.revision() > before
    records = AuditRecord.objects.filter(action="mark bad").order_by("pk")
    assert [(row.filename, row.user, row.why, row.details) for row in records] == [
        (DARK, "ann", "Because.", f"blacklist; tainted: jwst_0001.pmap, {IMAP}"),
        ("jwst_miri_dark_0001.fits", "ann", "Because.", "reject"),
    ]
    mark_good(DARK)
    record = AuditRecord.objects.get(action="mark ok")
    assert record.details == f"blacklist; cleared: jwst_0001.pmap, {IMAP}"


@pytest.mark.parametrize("name", ["jwst_0002.pmap", OTHER_IMAP, FLAT, "jwst_miri_flat_0001.fits"])
def test_what_is_in_the_latest_context_must_be_insisted_on(name: str) -> None:
    two_contexts()
    with pytest.raises(ConflictError, match=rf"latest context: {name}\."):
        mark_bad(DARK, name, is_overridden=False)
    assert flagged("rejected") == set()
    assert operations.preview_bad([DARK, name]).in_latest == [name]
    mark_bad(DARK, name, is_overridden=True)
    assert flagged("rejected") == {DARK, name}


def test_a_latest_context_that_cannot_be_read_must_be_insisted_on_too() -> None:
    two_contexts()
    make_change("jwst_0009.pmap", started_at=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(UnusableContextError, match="The latest context cannot be read"):
        mark_bad(DARK, is_overridden=False)
    mark_bad(DARK, is_overridden=True)


def test_all_unknown_names_are_told_at_once_and_nothing_is_marked() -> None:
    two_contexts()
    make_file("jwst_miri_dark_0003.fits", state="uploaded")
    hostile = ["../etc/passwd", "a\0b", "x" * 5000, "<script>", "nope.pmap", "jwst_miri_dark_0003.fits"]
    for operation in (mark_bad, mark_good):
        with pytest.raises(UnknownFileError) as caught:
            operation(DARK, *hostile)
        assert all(repr(name[:128]) in str(caught.value) for name in hostile)
    assert flagged("rejected") == set()


def test_no_name_at_all_is_refused() -> None:
    for operation in (mark_bad, mark_good):
        with pytest.raises(InvalidInputError):
            operation()


def test_what_is_bad_or_good_already_is_named_and_nothing_is_changed() -> None:
    two_contexts()
    mark_bad(DARK)
    with pytest.raises(ConflictError, match=f"Marked bad already: {DARK}"):
        mark_bad(DARK, FLAT)
    with pytest.raises(ConflictError, match=f"Not marked bad: {FLAT}"):
        mark_good(DARK, FLAT)
    with pytest.raises(ConflictError, match=f"{IMAP} for {DARK}"):
        mark_good(IMAP)
    assert flagged("rejected") == {DARK}
    assert AuditRecord.objects.filter(action__startswith="mark").count() == 1


def test_mappings_that_cannot_be_looked_into_stay_as_they_are_and_are_told() -> None:
    two_contexts()
    make_file("jwst_0008.pmap", blacklisted=True)  # Its bytes are not here.
    make_file("jwst_0007.pmap", content=b"no mapping")
    preview = operations.preview_bad([DARK])
    assert preview.unread == ("jwst_0007.pmap", "jwst_0008.pmap")
    mark_bad(DARK)
    mark_good(DARK)
    assert flagged("blacklisted") == {"jwst_0008.pmap"}


def test_a_wrong_sha1sum_inside_a_mapping_does_not_hide_what_it_names() -> None:
    two_contexts()
    text = make_imap("jwst_miri_0003.imap", rmaps={"DARK": DARK}).replace("made by hand", "made by foot")
    make_file("jwst_miri_0003.imap", content=text.encode())
    mark_bad(DARK)
    assert "jwst_miri_0003.imap" in flagged("blacklisted")


def test_a_name_that_comes_to_mean_other_bytes_is_read_again() -> None:
    make_context()
    text = make_pmap("jwst_0001.pmap", imaps={}).encode()
    other = make_file("jwst_0009.pmap", content=text)  # For example of a transaction that was rolled back.
    assert children_by_parent(official())[other.name] == ()
    storage.path_of(other.name).unlink()
    other.delete()
    make_file("jwst_0009.pmap", content=make_pmap("jwst_0009.pmap").encode())
    assert children_by_parent(official())["jwst_0009.pmap"] == (IMAP,)


def test_new_mappings_inherit_the_taint_of_what_they_name() -> None:
    two_contexts()
    mark_bad(DARK)
    new = {
        "jwst_miri_0003.imap": make_imap("jwst_miri_0003.imap", rmaps={"DARK": DARK}),
        "jwst_0003.pmap": make_pmap("jwst_0003.pmap", imaps={"MIRI": "jwst_miri_0003.imap"}),
        "jwst_0004.pmap": make_pmap("jwst_0004.pmap", imaps={"MIRI": OTHER_IMAP}),
    }
    with transaction.atomic():
        make_context(texts=new)
        assert operations.taint([*new, "jwst_miri_dark_0001.fits"], user="bob") == list(new)[1::-1]
        assert operations.taint(new, user="bob") == []
    record = AuditRecord.objects.get(action="taint", filename="jwst_0003.pmap")
    assert (record.user, record.details) == ("bob", "jwst_miri_0003.imap")
    assert flagged("rejected") == {DARK}
    mark_good(DARK)
    assert flagged("blacklisted") == set()


def test_taint_goes_up_only_and_survives_circles() -> None:
    children = {"p": ("i", "j"), "i": ("r",), "j": ("s", "p"), "q": ("k",)}
    assert tainting.tainted(["r"], children) == {"i", "p", "j"}
    assert tainting.tainted(["p"], {"p": ("i",), "i": ("p",)}) == {"i", "p"}


GRAPH = 7  # mappings; each names some with higher numbers, so that there is no circle


@settings(max_examples=50)
@given(
    edges=st.sets(
        st.tuples(st.integers(0, GRAPH - 1), st.integers(0, GRAPH - 1)).filter(lambda e: e[0] < e[1])
    ),
    acts=st.lists(st.sets(st.integers(0, GRAPH - 1), min_size=1, max_size=3), max_size=8),
)
def test_a_mapping_is_clean_if_and_only_if_it_is_unmarked_and_names_no_blacklisted_one(
    edges: set[tuple[int, int]], acts: list[set[int]]
) -> None:
    children = {
        str(number): tuple(str(below) for above, below in sorted(edges) if above == number)
        for number in range(GRAPH)
    }
    marked: set[str] = set()
    blacklisted: set[str] = set()
    for act in acts:
        names = set(map(str, act))
        if bad := names - marked:
            marked |= bad
            blacklisted |= bad | tainting.tainted(bad, children)
        else:
            marked -= names
            blacklisted = tainting.stay_blacklisted(
                names, marked=marked, blacklisted=blacklisted, children=children
            )
        for name, below in children.items():
            assert (name in blacklisted) == (name in marked or not blacklisted.isdisjoint(below))


@pytest.fixture
def _nothing_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived_data, "_newest", {})


@pytest.mark.usefixtures("_nothing_published")
def test_clients_are_told_at_once() -> None:
    def told() -> Any:
        return json.loads(server_info.server_info())["bad_files_list"]

    two_contexts()
    assert told() == []
    mark_bad(DARK, "jwst_miri_dark_0001.fits")
    assert told() == ["jwst_miri_dark_0001.fits", DARK]
    mark_good(DARK)
    assert told() == ["jwst_miri_dark_0001.fits"]


@pytest.mark.usefixtures("_nothing_published")
def test_the_flags_of_tainted_mappings_are_told_too() -> None:
    two_contexts()
    mark_bad(DARK)
    call = {
        "jsonrpc": "1.0",
        "id": 1,
        "method": "get_file_info_map",
        "params": ["jwst", [DARK, IMAP, OTHER_IMAP], ["rejected", "blacklisted"]],
    }
    answer = Client().post("/json/", json.dumps(call), content_type="application/json").json()["result"]
    assert answer == {
        DARK: {"rejected": "true", "blacklisted": "true"},
        IMAP: {"rejected": "false", "blacklisted": "true"},
        OTHER_IMAP: {"rejected": "false", "blacklisted": "false"},
    }


def test_a_bad_context_cannot_become_latest_until_it_is_ok_again() -> None:
    two_contexts()
    mark_bad(DARK)
    with pytest.raises(UnusableContextError, match=DARK):
        operations.set_context(pointer="edit", context="jwst_0001.pmap", user="ann", reason="Because.")
    mark_good(DARK)
    operations.set_context(pointer="edit", context="jwst_0001.pmap", user="ann", reason="Because.")


def test_no_taint_is_lost_between_those_who_act_at_once(run_apart: Run) -> None:
    results, rejected, blacklisted = run_apart(marks_at_once)
    assert not any(isinstance(result, Exception) for result in results), results
    assert rejected == {DARK}
    assert blacklisted == {DARK, IMAP, "jwst_0001.pmap", NEW}


def marks_at_once() -> tuple[list[object], set[str], set[str]]:
    """Mark, clear and register in threads at once; return each result, and the files with a flag."""
    two_contexts()
    mark_bad(FLAT)

    def register() -> None:
        with transaction.atomic():
            make_file(NEW, content=make_pmap(NEW, imaps={"MIRI": IMAP}).encode())
            time.sleep(0.1)
            operations.taint([NEW], user="bob")

    results = at_once([lambda: mark_bad(DARK), lambda: mark_good(FLAT), register])
    return results, flagged("rejected"), flagged("blacklisted")


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_just_being_changed_is_not_waited_for() -> None:
    if connection.vendor != "postgresql":
        return  # SQLite locks the whole database.
    two_contexts()
    changing, done = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            File.objects.select_for_update().get(name=IMAP)
            changing.set()
            done.wait(HANG)
        connection.close()

    thread = threading.Thread(target=change)
    thread.start()
    assert changing.wait(HANG)
    try:
        with pytest.raises(ConflictError, match="are being changed"):
            mark_bad(DARK)
    finally:
        done.set()
        thread.join(HANG)
    assert flagged("rejected") == set()


# The page.


def form(names: str = DARK, verdict: str = "bad", reason: str = "Wrong units", **more: str) -> dict[str, str]:
    return {"names": names, "verdict": verdict, "reason": reason, **more}


def send(browser: Client, **values: str) -> str:
    response = post(browser, PAGE, **values)
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.fixture
def browser() -> Iterator[Client]:
    two_contexts()
    return logged_in()


def test_a_file_is_marked_bad_and_ok_in_two_steps_each(browser: Client) -> None:
    text = send(browser, **form(f" {DARK},\r\n"))
    assert "jwst_0001.pmap" in text
    assert "jwst_0002.pmap" not in text
    assert "Reason: Wrong units" in text
    assert f'action="{PAGE}"' in text
    assert 'id="error_message"' not in text
    assert flagged("rejected") == set()
    text = send(browser, **form(is_confirmed="True"))
    assert 'id="error_message"' not in text
    assert flagged("blacklisted") == {DARK, IMAP, "jwst_0001.pmap"}
    assert AuditRecord.objects.get(action="mark bad").why == "Wrong units"
    assert AuditRecord.objects.get(action="mark bad").user == "homer"
    send(browser, **form(verdict="ok", is_confirmed="True"))
    assert flagged("blacklisted") == set()


def test_the_empty_page_states_the_order_and_preselects_nothing(browser: Client) -> None:
    text = browser.get(PAGE).content.decode()
    assert "Make it the latest context" in text
    assert "checked" not in text
    assert 'id="error_message"' not in text
    assert browser.get(PAGE.rstrip("/")).status_code == 200


def test_a_file_in_latest_needs_the_box(browser: Client) -> None:
    assert 'name="is_overridden"' not in send(browser, **form())
    assert 'name="is_overridden"' in send(browser, **form(FLAT))
    text = send(browser, **form(FLAT, is_confirmed="True"))
    assert 'id="error_message"' in text
    assert 'name="is_overridden"' in text
    assert flagged("rejected") == set()
    send(browser, **form(FLAT, is_confirmed="True", is_overridden="on"))
    assert flagged("rejected") == {FLAT}


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (form(""), "Files: This field is required."),
        (form(" ,, \n"), "Files: "),
        (form(verdict=""), "Mark as: "),
        (form(verdict="worse"), "Mark as: "),
        (form(reason=""), "Reason: "),
        (form(reason="<b>"), "Reason: "),
        (form(reason="\xad"), "Reason: "),
        (form("nope.pmap, <script>"), "Not known to this server, or not confirmed:"),
        (form("a\0b"), "Files: Null characters"),
        (form(" ".join(f"{number}.fits" for number in range(201))), "Files: At most 200"),
        (form(verdict="ok"), "Not marked bad: "),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(
    browser: Client, values: dict[str, str], complaint: str
) -> None:
    for more in ({}, {"is_confirmed": "True"}):
        text = send(browser, **values, **more)
        assert text.count('<div id="error_message"') == 1
        assert complaint in text.partition('id="error_message"')[2].partition("</div>")[0]
        assert "<script>" not in text
        assert "Wrong units" in text or values["reason"] != "Wrong units"
    assert flagged("rejected") == set()


def test_back_from_the_second_step_keeps_what_was_typed(browser: Client) -> None:
    text = send(browser, **form(is_confirmed="True", back="1"))
    assert "<textarea" in text
    assert DARK in text
    assert "Wrong units" in text
    assert flagged("rejected") == set()


def test_the_page_is_for_submitters() -> None:
    two_contexts()
    response = Client().get(PAGE)
    assert response.status_code == 302
    assert response["Location"].startswith("/login/")
    visitor = make_user("visitor")
    browser = logged_in(visitor)
    visitor.grants.all().delete()
    assert browser.get(PAGE).status_code == 403


def test_a_submitter_of_one_instrument_marks_no_files_of_others() -> None:
    two_contexts()
    browser = logged_in(make_user("nancy", instruments=["nircam"]))
    assert post(browser, PAGE, **form(is_confirmed="True")).status_code == 403
    assert flagged("rejected") == set()


OTHER_RMAP, OTHER_INSTRUMENT = "jwst_nircam_dark_0001.rmap", "jwst_nircam_0001.imap"


def two_instruments() -> None:
    """Make jwst_0003.pmap, the edit and latest context, of MIRI and NIRCam, and a MIRI imap outside it."""
    make_context(
        texts={
            DARK: make_rmap(DARK),
            FLAT: make_rmap(FLAT),
            OTHER_RMAP: make_rmap(OTHER_RMAP),
            IMAP: make_imap(IMAP, rmaps={"DARK": DARK}),
            OTHER_IMAP: make_imap(OTHER_IMAP, rmaps={"FLAT": FLAT}),
            OTHER_INSTRUMENT: make_imap(OTHER_INSTRUMENT, rmaps={"DARK": OTHER_RMAP}),
            "jwst_0001.pmap": make_pmap("jwst_0001.pmap", imaps={"NIRCAM": OTHER_INSTRUMENT}),
            "jwst_0003.pmap": make_pmap("jwst_0003.pmap", imaps={"MIRI": IMAP, "NIRCAM": OTHER_INSTRUMENT}),
        }
    )
    File.objects.filter(name__contains="miri").update(instrument="miri")
    File.objects.filter(name__contains="nircam").update(instrument="nircam")
    make_change("jwst_0003.pmap")
    make_change("jwst_0003.pmap", pointer="edit")


@pytest.mark.parametrize("verdict", ["bad", "ok"])
@pytest.mark.parametrize("name", ["jwst_0003.pmap", "jwst_0001.pmap", OTHER_INSTRUMENT, OTHER_RMAP])
def test_a_submitter_of_one_instrument_marks_no_context_and_no_mapping_of_others(
    name: str, verdict: str
) -> None:
    two_instruments()
    if verdict == "ok":
        operations.mark_bad([name], user="ann", reason="Because.", is_overridden=True)
    before = flagged("rejected")
    browser = logged_in(make_user("milhouse", instruments=["miri"]))
    answer = post(browser, PAGE, **form(name, verdict=verdict, is_confirmed="True", is_overridden="True"))
    assert answer.status_code == 403
    assert "nircam" in answer.content.decode()
    assert flagged("rejected") == before


def test_a_submitter_of_one_instrument_does_not_stop_the_contexts_that_others_use() -> None:
    two_instruments()
    browser = logged_in(make_user("milhouse", instruments=["miri"]))
    answer = post(browser, PAGE, **form(DARK, is_confirmed="True", is_overridden="True"))
    assert answer.status_code == 403
    assert "jwst_0003.pmap, which is in use for nircam" in answer.content.decode()
    assert flagged("blacklisted") == set()


def test_a_submitter_of_one_instrument_marks_its_own_files_that_are_not_in_use() -> None:
    two_instruments()
    browser = logged_in(make_user("milhouse", instruments=["miri"]))
    send(browser, **form(f"{FLAT} {OTHER_IMAP}", is_confirmed="True"))
    assert flagged("rejected") == {FLAT, OTHER_IMAP}


@pytest.mark.parametrize(
    ("role", "instruments"), [("operator", ["miri"]), ("submitter", ["miri", "nircam"]), ("submitter", [])]
)
def test_operators_and_submitters_of_all_instruments_in_it_mark_a_context(
    role: str, instruments: list[str]
) -> None:
    two_instruments()
    browser = logged_in(make_user("lisa", role=role, instruments=instruments))
    send(browser, **form("jwst_0003.pmap", is_confirmed="True", is_overridden="True"))
    assert flagged("rejected") == {"jwst_0003.pmap"}


def test_a_pmap_of_unknown_contents_belongs_to_every_instrument() -> None:
    make_file("jwst_0009.pmap")
    browser = logged_in(make_user("milhouse", instruments=["miri", "nircam"]))
    answer = post(browser, PAGE, **form("jwst_0009.pmap", is_confirmed="True"))
    assert answer.status_code == 403
    assert "fgs, niriss, nirspec" in answer.content.decode()


def test_a_foreign_form_marks_nothing(browser: Client) -> None:
    assert browser.post(PAGE, form(is_confirmed="True")).status_code == 403
    assert flagged("rejected") == set()

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from apps.catalog import queries as catalog
from apps.catalog.deliveries import open_delivery
from apps.catalog.models import AuditRecord, File
from apps.catalog.states import FileState
from apps.contexts import operations, queries
from apps.contexts.errors import UnknownContextError, UnusableContextError
from apps.contexts.models import ContextChange
from apps.core.errors import ConflictError, InvalidInputError
from tests.factories.catalog import make_file, make_imap, make_pmap, make_rmap
from tests.factories.contexts import make_change, make_context, make_whole_context

pytestmark = pytest.mark.django_db

FIRST = {"jwst_0001.pmap", "jwst_miri_0001.imap", "jwst_miri_dark_0001.rmap"}
SHARED = "jwst_miri_dark_0002.fits"


def set_context(context: str = "jwst_0001.pmap", **options: Any) -> ContextChange:
    facts = {"pointer": "latest", "context": context, "user": "ann", "reason": "Because."}
    return operations.set_context(**(facts | options))


def states() -> dict[str, str]:
    return dict(File.objects.values_list("name", "state"))


def test_files_become_latest_and_archived_again() -> None:
    make_whole_context(1)
    make_whole_context(2)
    change = set_context("jwst_0001.pmap")
    latest = {name for name, state in states().items() if state == "latest"}
    assert latest == FIRST | {"jwst_miri_dark_0001.fits", SHARED}
    assert set(File.objects.filter(activated_at=change.started_at).values_list("name", flat=True)) == latest
    second = set_context("jwst_0002.pmap")
    assert {name for name, state in states().items() if state == "archived"} == latest - {SHARED}
    assert catalog.get_file(SHARED).activated_at == change.started_at
    assert catalog.get_file("jwst_miri_dark_0003.fits").activated_at == second.started_at
    set_context("jwst_0001.pmap", reason="Back again.")
    assert {name for name, state in states().items() if state == "latest"} == latest
    assert catalog.get_file("jwst_0001.pmap").activated_at == change.started_at


@pytest.mark.parametrize("pointer", ["edit", "build"])
def test_other_pointers_change_no_state(pointer: str) -> None:
    make_whole_context()
    set_context(pointer=pointer, calibration_version="1.2.3" if pointer == "build" else "")
    assert set(states().values()) == {"delivered"}


@pytest.mark.parametrize("state", ["submitted", "archiving", "archiving-failed"])
def test_a_held_file_on_its_way_to_the_archive_keeps_its_state(state: str) -> None:
    make_whole_context()
    File.objects.filter(name=SHARED).update(state=state)
    change = set_context()
    row = catalog.get_file(SHARED)
    assert (row.state, row.activated_at) == (state, change.started_at)


@pytest.mark.parametrize(
    ("state", "is_held", "is_available"),
    [
        ("uploaded", True, False),
        ("delivered", True, True),
        ("delivered", False, False),
        ("submitted", False, False),
        ("archiving-failed", False, False),
        ("archived", False, True),
        ("operational", False, True),
        ("latest", False, True),
    ],
)
def test_latest_needs_every_file(state: str, is_held: bool, is_available: bool) -> None:
    make_whole_context()
    changes: dict[str, Any] = {"state": state} | ({} if is_held else {"held_at": None})
    File.objects.filter(name=SHARED).update(**changes)
    if is_available:
        assert set_context().context == "jwst_0001.pmap"
        assert catalog.get_file(SHARED).state == "latest"
        return
    with pytest.raises(UnusableContextError, match=rf"1 of its files are neither here.*: {SHARED}\."):
        set_context()
    assert not ContextChange.objects.exists()
    assert "latest" not in states().values()
    set_context(is_overridden=True)
    assert catalog.get_file(SHARED).state == state
    assert set_context(pointer="edit").context == "jwst_0001.pmap"


def test_latest_refuses_a_reference_nobody_knows() -> None:
    make_context()
    with pytest.raises(UnusableContextError, match=r"jwst_miri_dark_0001\.fits"):
        set_context()


def test_latest_refuses_bad_references_even_if_insisted() -> None:
    make_whole_context()
    File.objects.filter(name=SHARED).update(rejected=True)
    with pytest.raises(UnusableContextError, match=f"{SHARED} is marked bad"):
        set_context(is_overridden=True)
    assert set_context(pointer="edit").context == "jwst_0001.pmap"


def test_an_unconfirmed_context_is_unknown() -> None:
    make_whole_context()
    File.objects.filter(name="jwst_0001.pmap").update(state=FileState.UPLOADED)
    for pointer in ("latest", "edit", "versions"):
        with pytest.raises(UnknownContextError):
            set_context(pointer=pointer)
    with pytest.raises(UnknownContextError):
        operations.move_edit("jwst_0001.pmap", user="ann", reason="x")


def test_each_move_tells_what_was_before() -> None:
    make_whole_context(1)
    make_whole_context(2)
    for context in ("jwst_0001.pmap", "jwst_0002.pmap"):
        set_context(context, pointer="edit")
        set_context(context, pointer="build", calibration_version="1.2.3")
    set_context("jwst_0001.pmap", pointer="build", calibration_version="1.3.0")
    told = AuditRecord.objects.filter(action="set default context").order_by("pk")
    assert list(told.values_list("details", flat=True)) == [
        "edit context changed from 'none' to 'jwst_0001.pmap'",
        "build context changed from 'none' to 'jwst_0001.pmap' for version 1.2.3",
        "edit context changed from 'jwst_0001.pmap' to 'jwst_0002.pmap'",
        "build context changed from 'jwst_0001.pmap' to 'jwst_0002.pmap' for version 1.2.3",
        "build context changed from 'none' to 'jwst_0001.pmap' for version 1.3.0",
    ]


def test_the_banner_moves_only_if_asked_and_only_forward() -> None:
    for number in (1, 2, 3):
        make_whole_context(number)
    shown: list[str] = []
    for version, number, moves_banner in (
        ("1.1.0", 1, False),
        ("1.2.0", 2, True),
        ("1.1.0", 1, True),
        ("1.3.0", 3, False),
        ("1.2.1", 2, True),
        ("1.3.0", 3, True),
    ):
        set_context(
            f"jwst_{number:04}.pmap", pointer="build", calibration_version=version, moves_banner=moves_banner
        )
        banner = queries.banner()
        shown.append(f"{banner.context} {banner.calibration_version}" if banner else "none")
    second = "jwst_0002.pmap 1.2.0"
    assert shown == ["none", second, second, second, second, "jwst_0003.pmap 1.3.0"]
    assert [version for version, _ in queries.releases()] == ["1.3.0", "1.2.1", "1.2.0", "1.1.0"]
    with pytest.raises(InvalidInputError):
        set_context(moves_banner=True)


@pytest.mark.parametrize("rmap", ["jwst_system_calver_0001.rmap", "N/A", ""])
def test_versions_needs_rules_for_versions(rmap: str) -> None:
    types = {"CALVER": rmap} if rmap else {"DATALVL": "N/A"}
    texts = {
        "jwst_0007.pmap": make_pmap("jwst_0007.pmap", imaps={"SYSTEM": "jwst_system_0001.imap"}),
        "jwst_system_0001.imap": make_imap("jwst_system_0001.imap", rmaps=types),
        "jwst_system_calver_0001.rmap": make_rmap("jwst_system_calver_0001.rmap"),
    }
    context = make_context("jwst_0007.pmap", texts=texts)
    if rmap.endswith(".rmap"):
        assert set_context(context, pointer="versions").context == context
        return
    with pytest.raises(UnusableContextError, match="no rules for type CALVER of instrument SYSTEM"):
        set_context(context, pointer="versions")


def test_a_move_on_top_of_an_unseen_one_is_refused() -> None:
    make_whole_context(1)
    make_whole_context(2)
    first = set_context(seen=0)
    with pytest.raises(ConflictError, match=r"ann set it to jwst_0001\.pmap"):
        set_context("jwst_0002.pmap", seen=0)
    set_context("jwst_0002.pmap", seen=first.pk)
    assert queries.find_pointed("latest") == "jwst_0002.pmap"


@transaction.atomic
def deliver_and_fail() -> None:
    # None of the mappings below it is there, so they are not read.
    make_file("jwst_0002.pmap", content=make_pmap("jwst_0002.pmap").encode())
    operations.move_edit("jwst_0002.pmap", user="ann", reason="Delivered.")
    assert queries.find_pointed("edit") == "jwst_0002.pmap"
    raise ZeroDivisionError


def test_edit_moves_inside_a_delivery_and_back_with_it() -> None:
    make_change("jwst_0001.pmap", pointer="edit")
    with pytest.raises(ZeroDivisionError):
        deliver_and_fail()
    assert queries.find_pointed("edit") == "jwst_0001.pmap"
    make_file("jwst_0003.pmap", content=make_pmap("jwst_0003.pmap").encode(), blacklisted=True)
    with pytest.raises(UnusableContextError):
        operations.move_edit("jwst_0003.pmap", user="ann", reason="Delivered.")


def test_states_are_renewed_where_a_pointer_was_taken_over() -> None:
    assert operations.renew_states() == 0
    make_whole_context()
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    make_change(started_at=moment)
    assert operations.renew_states() == 5
    assert set(states().values()) == {"latest"}
    assert catalog.get_file(SHARED).activated_at == moment
    revision = catalog.revision()
    assert operations.renew_states() == 0
    assert catalog.revision() == revision


def test_a_file_that_leaves_latest_falls_back_to_where_its_delivery_stands(settings: Any) -> None:
    settings.ARCHIVE_MODE = "pickup"
    old, new = make_whole_context(1), make_whole_context(2)
    picked = catalog.get_file("jwst_miri_0001.imap")
    with transaction.atomic():
        open_delivery([picked], user="homer", why="new rules")
    for context in (old, new):
        set_context(context)
    assert states()["jwst_miri_0001.imap"] == FileState.DELIVERED
    assert states()[old] == FileState.ARCHIVED

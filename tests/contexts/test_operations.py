from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.catalog import queries as catalog
from apps.catalog.models import AuditRecord, File
from apps.contexts import operations, queries
from apps.contexts.errors import UnknownContextError, UnknownPipelineError, UnusableContextError
from apps.contexts.models import ContextChange, RemotePipeline
from apps.core.errors import ConflictError, InvalidInputError
from tests.factories.catalog import make_file, make_pmap
from tests.factories.contexts import make_change, make_context
from tests.factories.races import Run, at_once

pytestmark = pytest.mark.django_db


def set_context(context: str = "jwst_0001.pmap", **options: Any) -> ContextChange:
    return operations.set_context(
        # The small contexts name a reference that is not there.
        **{
            "pointer": "latest",
            "context": context,
            "user": "ann",
            "reason": "Because.",
            "is_overridden": True,
        }
        | options
    )


@pytest.mark.parametrize("pointer", ["latest", "edit"])
def test_a_move_is_a_row_with_who_when_and_why(pointer: str) -> None:
    make_context()
    before, revision = timezone.now(), catalog.revision()
    change = set_context(pointer=pointer)
    assert queries.find_pointed(pointer) == "jwst_0001.pmap"
    assert (change.user, change.reason) == ("ann", "Because.")
    assert before <= change.started_at <= timezone.now()
    record = AuditRecord.objects.get(action="set default context")
    assert (record.filename, record.user, record.why) == ("jwst_0001.pmap", "ann", "Because.")
    assert record.details == f"{pointer} context changed from 'none' to 'jwst_0001.pmap'"
    assert catalog.revision() == revision + 1


def test_operational_is_stored_as_latest() -> None:
    make_context()
    assert set_context(pointer="operational").pointer == "latest"


def test_a_build_context_has_a_version_and_the_others_none() -> None:
    make_context()
    set_context(pointer="build", calibration_version="1.14.1")
    assert queries.build_context("1.14.3") == "jwst_0001.pmap"
    for options in (
        {"pointer": "build"},
        {"pointer": "build", "calibration_version": "new one"},
        {"calibration_version": "1.14.1"},
        {"pointer": "default"},
    ):
        with pytest.raises(InvalidInputError):
            set_context(**options)


@pytest.mark.parametrize("name", ["nope.pmap", "jwst_miri_0001.imap", "", "../jwst_0001.pmap", "a.fits"])
def test_what_is_no_known_pmap_is_refused(name: str) -> None:
    make_context()
    with pytest.raises(UnknownContextError):
        set_context(name)
    assert not ContextChange.objects.exists()


def test_a_context_that_does_not_load_is_refused() -> None:
    make_file("jwst_0001.pmap", content=make_pmap().encode())
    with pytest.raises(UnusableContextError, match=r"jwst_miri_0001\.imap"):
        set_context()
    assert not ContextChange.objects.exists()
    assert not AuditRecord.objects.filter(action="set default context").exists()


@pytest.mark.parametrize("flag", ["rejected", "blacklisted"])
@pytest.mark.parametrize("name", ["jwst_0001.pmap", "jwst_miri_0001.imap", "jwst_miri_dark_0001.rmap"])
def test_a_context_with_a_bad_mapping_is_refused_by_its_name(name: str, flag: str) -> None:
    make_context()
    File.objects.filter(name=name).update(**{flag: True})
    with pytest.raises(UnusableContextError, match=f"{name} is marked bad"):
        set_context()
    assert not ContextChange.objects.exists()


def test_a_bad_reference_spoils_a_context_for_latest_only() -> None:
    make_context()
    make_file("jwst_miri_dark_0001.fits", rejected=True)
    assert set_context(pointer="edit").context == "jwst_0001.pmap"
    with pytest.raises(UnusableContextError, match=r"jwst_miri_dark_0001\.fits is marked bad"):
        set_context()


def test_the_past_may_be_set_only_in_order() -> None:
    make_context()
    old = datetime(2016, 1, 1, tzinfo=UTC)
    set_context(started_at=old)
    for started_at in (old, old - timedelta(microseconds=1)):
        with pytest.raises(InvalidInputError, match="an era cannot start before that"):
            set_context(started_at=started_at)
    set_context(started_at=old + timedelta(microseconds=1))
    assert queries.history().count() == 2


def test_two_moves_in_one_tick_of_the_clock_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    make_context()
    make_context("jwst_0002.pmap")
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    set_context("jwst_0002.pmap")
    set_context("jwst_0001.pmap")
    assert [era.context for era in queries.history()] == ["jwst_0001.pmap", "jwst_0002.pmap"]


def test_eras_rise_also_after_a_clock_that_went_back(monkeypatch: pytest.MonkeyPatch) -> None:
    make_context()
    make_context("jwst_0002.pmap")
    ahead = set_context("jwst_0001.pmap")
    monkeypatch.setattr(timezone, "now", lambda: ahead.started_at - timedelta(hours=1))
    for context in ("jwst_0002.pmap", "jwst_0001.pmap", "jwst_0002.pmap"):
        set_context(context)
        assert queries.find_pointed("latest") == context
    starts = [era.started_at for era in queries.history()]
    assert starts == sorted(set(starts), reverse=True)
    with pytest.raises(InvalidInputError, match="an era cannot start before that"):
        set_context(started_at=timezone.now())


def test_simultaneous_moves_give_ordered_rows(run_apart: Run) -> None:
    errors, rows, audited, latest, names = run_apart(moves_at_once)
    assert errors == [None] * 6
    assert len({row.started_at for row in rows}) == 6
    assert [row.pk for row in sorted(rows, key=lambda row: row.started_at)] == [row.pk for row in rows]
    assert audited == 6
    assert latest == names


def moves_at_once() -> tuple[list[Any], list[ContextChange], int, list[str], list[str]]:
    """Move one pointer from six threads at once.

    Returns the error of each thread, the moves, the number of records, the latest files, and the files that
    should be latest.
    """
    make_context()
    make_context("jwst_0002.pmap")

    def move(number: int) -> None:
        set_context(f"jwst_000{number % 2 + 1}.pmap", reason=str(number))

    errors = at_once([partial(move, number) for number in range(6)])
    rows = list(ContextChange.objects.order_by("pk"))
    audited = AuditRecord.objects.filter(action="set default context").count()
    latest = sorted(File.objects.filter(state="latest").values_list("name", flat=True))
    return errors, rows, audited, latest, list(queries.mapping_names(rows[-1].context))


def test_a_pipeline_tells_its_context_by_its_key() -> None:
    make_context()
    key = operations.create_pipeline("jwst-ops-pipeline", user="ann")
    assert key not in str(RemotePipeline.objects.values_list().get())
    for _ in range(2):
        operations.push_remote_context(key=key, context="jwst_0001.pmap")
    assert queries.remote_context("jwst-ops-pipeline") == "jwst_0001.pmap"


@pytest.mark.parametrize("key", ["", "jwst-ops-pipeline", "x" * 10_000, "\ud800", "' OR 1=1 --"])
def test_a_foreign_key_tells_nothing(key: str) -> None:
    make_context()
    operations.create_pipeline("jwst-ops-pipeline", user="ann")
    with pytest.raises(UnknownPipelineError):
        operations.push_remote_context(key=key, context="jwst_0001.pmap")
    assert RemotePipeline.objects.get().context == ""


@pytest.mark.parametrize("context", ["nope.pmap", "jwst_miri_0001.imap", "latest", "../x.pmap"])
def test_a_pipeline_cannot_tell_what_is_no_context(context: str) -> None:
    make_context()
    key = operations.create_pipeline("jwst-ops-pipeline", user="ann")
    with pytest.raises(UnknownContextError):
        operations.push_remote_context(key=key, context=context)


def test_a_pipeline_name_is_given_once() -> None:
    operations.create_pipeline("p", user="ann")
    with pytest.raises(ConflictError):
        operations.create_pipeline("p", user="ann")
    with pytest.raises(InvalidInputError):
        operations.create_pipeline("two words", user="ann")


def test_the_command_prints_the_key_once(capsys: pytest.CaptureFixture[str]) -> None:
    make_context()
    call_command("create_pipeline", "jwst-ops-pipeline")
    key = capsys.readouterr().out.split()[-1]
    operations.push_remote_context(key=key, context="jwst_0001.pmap")
    with pytest.raises(CommandError, match="exists already"):
        call_command("create_pipeline", "jwst-ops-pipeline")


def test_a_pointer_of_another_server_does_not_undo_ours() -> None:
    make_change("jwst_0009.pmap", pointer="edit", started_at=datetime(2020, 1, 1, tzinfo=UTC))
    for year, is_adopted in ((2019, False), (2020, False), (2021, True)):
        as_of = datetime(year, 1, 1, tzinfo=UTC)
        adopted = operations.adopt_pointer("edit", "jwst_0001.pmap", as_of=as_of, user="ann")  # type: ignore[arg-type]
        assert adopted == is_adopted

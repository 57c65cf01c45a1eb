"""A made-up catalogue of half a million files, written as rows because deliveries would take days.

``python -m tests.bench.large_catalogue`` fills the server of its environment (``DATA_ROOT``,
``DATABASE_URL``, ``OBSERVATORY=hst``), which must be migrated and empty. ``--files`` and
``--contexts`` make a smaller one.
"""

import argparse
import hashlib
import itertools
import json
import random
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model

from apps.accounts.operations import create_account
from apps.catalog import storage
from apps.catalog.models import (
    Action,
    AuditRecord,
    DeliveredFile,
    Delivery,
    File,
    MappingContents,
    NamedMapping,
    ReferenceDifference,
    Revision,
)
from apps.catalog.states import FileState
from apps.contexts.models import ContextChange, Pointer
from apps.datasets.models import Dataset
from apps.submissions.models import Submission, SubmittedFile
from tests.bench.made_deliveries import (
    BAD_SERIALS,
    DETECTORS,
    DeliveryMaker,
    MadeDelivery,
    NewReference,
    content_of,
    texts_of,
)

MAPPINGS_OF_DELIVERY = 4
NOT_LATEST = 20  # The newest deliveries, which only the edit context contains.
BUILDS = 50
PEOPLE = ("homer", "marge", "lisa", "bart", "maggie", "ned")
BAD_REFERENCE = 997  # Each so many references is bad.
BATCH = 20_000  # rows in one statement
PASSWORD = "only for the benchmark"
_WHY = "New {kind} for {instrument}, from the calibration program of cycle {cycle}, checked by {user}."
_HISTORY = (
    "Made by the pipeline of {user} from exposures of {at:%B %Y}; replaces the file of the year before."
)


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a catalogue."""

    files: int = 500_000
    contexts: int = 5_000
    datasets: int = 200_000

    def deliveries(self) -> Iterator[MadeDelivery]:
        """Yield the deliveries whose files the catalogue has."""
        references = self.files // self.contexts - MAPPINGS_OF_DELIVERY
        return DeliveryMaker(self.contexts, references).all()


def fill(size: Size) -> None:
    """Write the rows, the mappings, and the bytes of the newest references."""
    deliveries = list(size.deliveries())
    _write_store(deliveries, size)
    tables = (
        _files(deliveries, size),
        _contents(deliveries),
        _children(deliveries),
        _differences(deliveries),
        _deliveries(deliveries),
        _delivered(deliveries),
        _audit(deliveries),
        _submissions(deliveries),
        _submitted(deliveries),
        _changes(deliveries, size),
        _datasets(size),
    )
    with transaction.atomic():
        for rows in tables:
            _insert(next(rows), rows)
    create_account("homer", role="admin", password=PASSWORD, by="benchmark")
    Revision.objects.update_or_create(pk=1, defaults={"number": len(deliveries)})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@dataclass(frozen=True, slots=True)
class Table:
    """The first item of a stream of rows: their model, and the columns that they give.

    Attributes
    ----------
    same
        Columns with the same value in all rows.
    """

    model: type[Model]
    columns: Sequence[str]
    same: dict[str, Any]


Rows = Iterator[Any]  # A `Table`, then the rows as tuples.


def _insert(table: Any, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows without making model objects; columns that are not given have their defaults."""
    fields = {str(field.column): field for field in table.model._meta.concrete_fields}
    given = {*table.columns, *table.same}
    same = {
        column: field.get_db_prep_save(field.get_default(), connection)
        for column, field in fields.items()
        if column not in given and not field.primary_key
    } | table.same
    columns, constant = [*table.columns, *same], tuple(same.values())
    quoted = ", ".join(map(connection.ops.quote_name, columns))
    name = connection.ops.quote_name(table.model._meta.db_table)
    whole = (row + constant for row in rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {name} ({quoted}) FROM STDIN") as copy:
                for row in whole:
                    copy.write_row(row)
            for statement in connection.ops.sequence_reset_sql(no_style(), [table.model]):
                cursor.execute(statement)
        else:
            marks = ", ".join(["%s"] * len(columns))
            while batch := list(itertools.islice(whole, BATCH)):
                # The names are those of our own tables.
                cursor.executemany(f"INSERT INTO {name} ({quoted}) VALUES ({marks})", batch)  # noqa: S608


def _moment(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _write_store(deliveries: Sequence[MadeDelivery], size: Size) -> None:
    storage.prepare()
    for delivery in deliveries:
        for name, text in texts_of(delivery):
            storage.mapping_path(name).write_text(text, encoding="utf-8")
        if _is_new(delivery, size):
            for reference in delivery.references:
                storage.reference_path(reference.name).write_bytes(content_of(reference.name))


def _is_new(delivery: MadeDelivery, size: Size) -> bool:
    return delivery.serial > size.contexts - NOT_LATEST


def _files(deliveries: Sequence[MadeDelivery], size: Size) -> Rows:
    columns = (
        *("id", "name", "kind", "instrument", "filekind", "size", "sha1sum", "state", "held_at", "rejected"),
        *("blacklisted", "uploaded_as", "derived_from", "delivered_at", "activated_at", "useafter_at"),
        *("deliverer", "creator", "description", "history", "changed_at"),
    )
    yield Table(File, columns, {"observatory": settings.OBSERVATORY, "pedigree": "INFLIGHT"})
    latest = _latest_names(deliveries, size)
    for key, (delivery, name, filekind, reference) in enumerate(_named_files(deliveries), start=1):
        yield (key, *_file_row(delivery, name, filekind, reference, latest, size))


def _latest_names(deliveries: Sequence[MadeDelivery], size: Size) -> frozenset[str]:
    """Return the files of the latest context."""
    before = [delivery for delivery in deliveries if not _is_new(delivery, size)]
    newest = {(delivery.instrument, rmap.filekind): rmap for delivery in before for rmap in delivery.rmaps}
    names = {rmap.name for rmap in newest.values()} | {before[-1].pmap, *before[-1].imaps.values()}
    return frozenset(names | {reference.name for rmap in newest.values() for reference in rmap.named})


def _named_files(
    deliveries: Iterable[MadeDelivery],
) -> Iterator[tuple[MadeDelivery, str, str, NewReference | None]]:
    """Yield each file in the order of the keys: its delivery, name, type, and itself if a reference."""
    for delivery in deliveries:
        for rmap in delivery.rmaps:
            for reference in rmap.added:
                yield delivery, reference.name, rmap.filekind, reference
        for rmap in delivery.rmaps:
            yield delivery, rmap.name, rmap.filekind, None
        yield delivery, delivery.imap, "", None
        yield delivery, delivery.pmap, "", None


def _file_row(
    delivery: MadeDelivery,
    name: str,
    filekind: str,
    reference: NewReference | None,
    latest: frozenset[str],
    size: Size,
) -> tuple[Any, ...]:
    at, is_new, user = _moment(delivery.at), _is_new(delivery, size), PEOPLE[delivery.serial % len(PEOPLE)]
    content = content_of(name) if reference else storage.mapping_path(name).read_bytes()
    is_held = is_new or reference is None
    state = FileState.LATEST if name in latest else FileState.DELIVERED if is_new else FileState.ARCHIVED
    digest = _sha1(content)
    is_first = delivery.serial in BAD_SERIALS and name == delivery.rmaps[0].name
    return (
        name,
        "reference" if reference else "mapping",
        "" if name == delivery.pmap else delivery.instrument,
        filekind,
        len(content) if is_held else int(digest[:6], 16),
        digest,
        str(state),
        at if is_held else None,
        int(digest[:8], 16) % BAD_REFERENCE == 0 if reference else is_first,
        name in delivery.tainted,
        f"{delivery.instrument}_{filekind}_{delivery.serial}_{digest[:4]}.fits" if reference else name,
        next((rmap.before for rmap in delivery.rmaps if rmap.name == name), ""),
        at,
        None if is_new else at,
        _moment(reference.useafter_at) if reference else None,
        user,
        f"{user.title()} S.",
        _why(delivery, filekind or "rules"),
        _HISTORY.format(user=user, at=delivery.at) if reference else "",
        at,
    )


def _why(delivery: MadeDelivery, kind: str) -> str:
    user = PEOPLE[delivery.serial % len(PEOPLE)]
    return _WHY.format(kind=kind, instrument=delivery.instrument, cycle=delivery.at.year - 1990, user=user)


def _keys(deliveries: Iterable[MadeDelivery]) -> dict[str, int]:
    return {name: key for key, (_, name, _, _) in enumerate(_named_files(deliveries), start=1)}


def _contents(deliveries: Sequence[MadeDelivery]) -> Rows:
    yield Table(MappingContents, ("file_id", "base_id"), {})
    keys = _keys(deliveries)
    for delivery in deliveries:
        for rmap in delivery.rmaps:
            yield keys[rmap.name], keys.get(rmap.before)
        yield keys[delivery.imap], None
        yield keys[delivery.pmap], None


def _children(deliveries: Sequence[MadeDelivery]) -> Rows:
    yield Table(NamedMapping, ("parent_id", "child"), {})
    keys = _keys(deliveries)
    for delivery in deliveries:
        for parent, children in ((delivery.imap, delivery.types), (delivery.pmap, delivery.imaps)):
            for child in children.values():
                yield keys[parent], child


def _differences(deliveries: Sequence[MadeDelivery]) -> Rows:
    yield Table(ReferenceDifference, ("rmap_id", "reference", "is_added"), {})
    keys = _keys(deliveries)
    for rmap in (rmap for delivery in deliveries for rmap in delivery.rmaps):
        for reference in rmap.added:
            yield keys[rmap.name], reference.name, True
        for reference in rmap.dropped:
            yield keys[rmap.name], reference.name, False


def _deliveries(deliveries: Sequence[MadeDelivery]) -> Rows:
    columns = ("id", "number", "name", "user", "why", "made_at", "status", "written_at", "changed_at")
    yield Table(Delivery, (*columns, "submission"), {"changed_by": "archive"})
    for made in deliveries:
        status = "open" if made.serial > len(deliveries) - NOT_LATEST else "archived"
        at, user = _moment(made.at), PEOPLE[made.serial % len(PEOPLE)]
        facts = (made.serial, made.serial, f"hst_{made.serial}.cat", user, _why(made, "references"), at)
        yield (*facts, status, at, at, str(_submission_key(made)))


def _delivered(deliveries: Sequence[MadeDelivery]) -> Rows:
    yield Table(DeliveredFile, ("delivery_id", "file_id"), {})
    for key, (delivery, _, _, _) in enumerate(_named_files(deliveries), start=1):
        yield delivery.serial, key


def _audit(deliveries: Sequence[MadeDelivery]) -> Rows:
    yield Table(AuditRecord, ("at", "action", "user", "filename", "instrument", "filekind", "why"), {})
    submitted, pointed = str(Action.SUBMIT_FILE), str(Action.SET_CONTEXT)
    for delivery, name, filekind, _ in _named_files(deliveries):
        user, at = PEOPLE[delivery.serial % len(PEOPLE)], _moment(delivery.at)
        yield at, submitted, user, name, delivery.instrument, filekind, _why(delivery, filekind)
        if name == delivery.pmap:
            yield at, pointed, user, name, "", "", "Edit follows the delivery."


def _submission_key(delivery: MadeDelivery) -> uuid.UUID:
    return uuid.UUID(bytes=hashlib.sha256(str(delivery.serial).encode()).digest()[:16], version=4)


def _submissions(deliveries: Sequence[MadeDelivery]) -> Rows:
    columns = ("id", "key", "user", "instrument", "base", "posted_context", "description", "started_at")
    same = {"kind": "batch", "status": "confirmed"}
    yield Table(Submission, (*columns, "ended_at", "new_context", "delivery"), same)
    for delivery in deliveries:
        user, base = PEOPLE[delivery.serial % len(PEOPLE)], f"hst_{delivery.serial - 1:04}.pmap"
        key, why = _submission_key(delivery), _why(delivery, "references")
        started_at, ended_at = (_moment(delivery.at - timedelta(hours=hours)) for hours in (1, 0))
        facts = (delivery.serial, key.hex, user, delivery.instrument, base, base, why, started_at, ended_at)
        yield (*facts, delivery.pmap, f"hst_{delivery.serial}.cat")


def _submitted(deliveries: Sequence[MadeDelivery]) -> Rows:
    columns = ("submission_id", "origin", "name", "official_name", "instrument", "filekind", "derived_from")
    yield Table(SubmittedFile, columns, {"is_reserved": True, "errors": 0})
    for delivery, name, filekind, reference in _named_files(deliveries):
        origin = "uploaded" if reference else "generated"
        before = "" if reference else _before(name)
        yield delivery.serial, origin, f"my_{name}", name, delivery.instrument, filekind, before


def _before(name: str) -> str:
    """Return a mapping that another may have been made from: the one of the serial before."""
    stem, _, serial = name.rpartition("_")
    number, _, extension = serial.partition(".")
    return f"{stem}_{max(1, int(number) - 1):04}.{extension}"


def _changes(deliveries: Sequence[MadeDelivery], size: Size) -> Rows:
    columns = ("pointer", "context", "calibration_version", "started_at", "recorded_at", "user", "reason")
    yield Table(ContextChange, columns, {"is_banner": False})
    step = max(1, size.contexts // BUILDS)
    for made in deliveries:
        at, user, why = _moment(made.at), PEOPLE[made.serial % len(PEOPLE)], _why(made, "references")
        yield str(Pointer.EDIT), made.pmap, "", at, at, user, why
        if not _is_new(made, size):
            yield str(Pointer.LATEST), made.pmap, "", at, at, user, why
        if made.serial % step == 0:
            yield str(Pointer.BUILD), made.pmap, f"{made.serial // step}.0.0", at, at, user, why


def _datasets(size: Size) -> Rows:
    columns = ("product", "exposure", "instrument", "program", "header", "observed_at", "imported_at")
    yield Table(Dataset, columns, {})
    chance, start = random.Random(1), datetime(2002, 3, 1, tzinfo=UTC)
    instruments = ("acs", "acs", "acs", "wfc3", "wfc3", "stis", "cos")
    for number in range(size.datasets):
        at = start + timedelta(minutes=37 * number)
        instrument = chance.choice(instruments)
        exposure = f"{instrument[0].upper()}{number // 100:06X}{number % 100:02}Q"
        header = {
            "INSTRUME": instrument.upper(),
            "DETECTOR": chance.choice(DETECTORS),
            "DATE-OBS": f"{at:%Y-%m-%d}",
            "TIME-OBS": f"{at:%H:%M:%S}",
            **{f"KEY{place}": str(chance.randrange(5)) for place in range(12)},
        }
        observed_at = _moment(at)
        facts = (f"{exposure[:-3]}010", exposure, instrument, str(10_000 + number // 100))
        yield (*facts, json.dumps(header), observed_at, observed_at)


def main() -> None:
    """Fill the server of the environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("files", 500_000), ("contexts", 5_000), ("datasets", 200_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    size, started_at = Size(**vars(parser.parse_args())), time.monotonic()
    fill(size)
    sys.stdout.write(
        f"{File.objects.count()} files, {size.contexts} contexts in {time.monotonic() - started_at:.0f} s\n"
    )


if __name__ == "__main__":
    main()

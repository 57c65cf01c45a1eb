"""The operations that build the demo, through the operations that everybody uses."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.catalog import operations as catalog
from apps.catalog import queries as files
from apps.catalog.models import Action, AuditRecord, File
from apps.catalog.states import FileState
from apps.contexts import operations as contexts
from apps.contexts.models import ContextChange
from apps.core.errors import ConflictError
from apps.datasets.models import Dataset
from apps.datasets.operations import import_file
from apps.demo import OBSERVATORY, USER
from apps.demo.deliveries import DemoDelivery
from apps.demo.exposures import Exposure, exposures
from apps.demo.references import Reference
from apps.demo.releases import Release, RulesFile, releases


@dataclass
class Seeded:
    """The objects that were missing and have been added."""

    files: int = 0
    pointers: int = 0
    datasets: int = 0

    @property
    def is_nothing(self) -> bool:
        """Return whether the demo was already complete."""
        return not (self.files or self.pointers or self.datasets)


@dataclass(frozen=True)
class _Move:
    """One move of a pointer."""

    pointer: str
    context: str
    started_at: datetime
    reason: str
    calibration_version: str = ""


def seed() -> Seeded:
    """Build the missing parts of the demo observatory; leave a complete one alone.

    Parts are built in an order in which nothing names a missing part. Each step may run twice, so the next
    run continues an interrupted one.

    Raises
    ------
    ConflictError
        Raised if this server serves another observatory, or if the demo is not complete and the server holds
        files that do not belong to it, by name or by content.
    """
    _require_observatory()
    ours = _added_by_us()
    if not ours.issuperset(_planned_names()):
        _require_room()
    outcome = Seeded()
    for release in releases():
        missing = [reference for reference in release.references if reference.name not in ours]
        for reference in missing:
            _add_reference(reference, release.delivery)
        lacking = [mapping for mapping in release.mappings if mapping.name not in ours]
        for mapping in lacking:
            _add_mapping(mapping, release.delivery)
        outcome.files += len(missing) + len(lacking)
        outcome.pointers += sum(_make(move) for move in _moves(release))
        _mark_bad(release)
    outcome.datasets = _add_datasets()
    return outcome


def _planned_names() -> list[str]:
    return [name for release in releases() for name in release.names]


def _require_observatory() -> None:
    if settings.OBSERVATORY != OBSERVATORY:
        raise ConflictError(
            f"This server is for {settings.OBSERVATORY}; the demo is for {OBSERVATORY} only. "
            "Import real files with import_cache instead."
        )


def _added_by_us() -> set[str]:
    """Return the names of held files that an earlier run added; files from other people may differ."""
    held = {name for name, file in files.files_named(_planned_names()).items() if file.is_held}
    return held.intersection(
        AuditRecord.objects.filter(user=USER, action=Action.ADD_FILE).values_list("filename", flat=True)
    )


def _require_room() -> None:
    """Refuse to mix made-up files with real ones."""
    strangers = File.objects.exclude(name__in=_planned_names())
    if example := strangers.order_by("name").first():
        raise ConflictError(
            f"This server holds {strangers.count()} files that are not the demo's, {example} for one. "
            "The demo needs a server without files: give it a DATA_ROOT and a database of its own."
        )


def _add_reference(reference: Reference, delivery: DemoDelivery) -> None:
    columns = _delivered(delivery) | {
        "instrument": reference.instrument,
        "filekind": reference.reftype,
        "uploaded_as": reference.uploaded_as,
        "useafter_at": reference.useafter.replace(tzinfo=UTC),
        "replaced_by": _successors().get(reference.name, ""),
        "reference_file_type": reference.reftype.upper(),
        "pedigree": reference.pedigree,
        "history": delivery.reason,
    }
    _add(reference.name, reference.bytes(), delivery, columns)


def _add_mapping(mapping: RulesFile, delivery: DemoDelivery) -> None:
    columns = _delivered(delivery) | {
        "instrument": mapping.instrument,
        "filekind": mapping.filekind,
        "uploaded_as": mapping.derived_from if " " not in mapping.derived_from else mapping.name,
        "derived_from": mapping.derived_from,
    }
    _add(mapping.name, mapping.text.encode(), delivery, columns)


def _add(name: str, content: bytes, delivery: DemoDelivery, columns: dict[str, Any]) -> None:
    catalog.add_file(io.BytesIO(content), name=name, user=USER, why=delivery.reason, **columns)


def _delivered(delivery: DemoDelivery) -> dict[str, Any]:
    """Return the values that all files of a delivery share."""
    return {
        "state": FileState.ARCHIVED,
        "delivered_at": delivery.confirmed_at,
        "activated_at": delivery.latest_at,
        "deliverer": delivery.deliverer,
        "deliverer_email": f"{delivery.deliverer}@example.org",
        "creator": delivery.creator,
        "description": delivery.reason,
    }


def _successors() -> dict[str, str]:
    """Return each replaced reference with the one that replaced it."""
    return {old: new for release in releases() for old, new in release.replaced.items()}


def _moves(release: Release) -> Iterator[_Move]:
    """Yield the moves of pointers after a delivery: edit at once, the others after its check."""
    delivery, context = release.delivery, release.context
    yield _Move("edit", context, delivery.confirmed_at, delivery.reason)
    yield _Move("latest", context, delivery.latest_at, delivery.era)
    yield _Move("versions", context, delivery.latest_at, delivery.era)
    version = delivery.calibration_version
    built_at = delivery.latest_at + timedelta(hours=1)
    yield _Move("build", context, built_at, f"For version {version} of the calibration software.", version)


def _make(move: _Move) -> bool:
    """Move a pointer, unless an earlier run moved it."""
    facts = asdict(move)
    reason = facts.pop("reason")
    if ContextChange.objects.filter(**facts).exists():
        return False
    contexts.set_context(**facts, user=USER, reason=reason)
    return True


def _mark_bad(release: Release) -> None:
    """Mark the references that were found bad in use, unless an earlier run marked them."""
    marked = AuditRecord.objects.filter(user=USER, action=Action.MARK_BAD).values_list("filename", flat=True)
    bad = {reference.name for reference in release.references if reference.is_rejected}.difference(marked)
    if bad:
        contexts.mark_bad(sorted(bad), user=USER, reason="Found bad after delivery.", is_overridden=True)


def _add_datasets() -> int:
    """Import the missing exposures from a file, as anybody would."""
    known = set(Dataset.objects.values_list("product", "exposure"))
    missing = [exposure for exposure in exposures() if tuple(exposure.dataset_id.split(":")) not in known]
    if not missing:
        return 0
    with tempfile.TemporaryDirectory(dir=settings.DATA_ROOT) as folder:
        path = Path(folder, "exposures.jsonl")
        path.write_text("".join(_json_line(exposure) for exposure in missing))
        return import_file(path, complain=_refuse_row).stored


def _json_line(exposure: Exposure) -> str:
    row = {"dataset_id": exposure.dataset_id, "prog_id": exposure.program, "header": exposure.header}
    return json.dumps(row) + "\n"


def _refuse_row(number: int, reason: str) -> None:
    raise ConflictError(f"Exposure {number} of the demo was refused: {reason}.")

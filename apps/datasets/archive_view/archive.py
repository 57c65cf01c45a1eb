"""The archive that a table or view of its own database describes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from apps.datasets.archive import Answer, Header, NamedRow, named_by
from apps.datasets.archive_view.database import Ask, asking
from apps.datasets.archive_view.description import ArchiveView, column, describe
from apps.datasets.errors import ArchiveFailedError, BadDatasetIdError
from apps.datasets.headers import canonical, find_instrument
from apps.datasets.ids import DatasetId, parse_id
from apps.datasets.readers import typed_as_text
from apps.datasets.timestamps import find_observed_at
from apps.rules.observatories import dataset_ids, get_observatory

_IDS_PER_QUESTION = 400


class ViewArchive:
    """The archive in a table or view with one row for each exposure, read and never changed."""

    def ids(self, instrument: str, *, since: datetime | None = None) -> list[str]:
        view = describe()
        names = _spellings(instrument)
        columns = [*view.ids, *(view.dates if since else ())]
        sql = f"{view.select(columns)}{_is_one_of(view.instrument, names)}"
        with asking(view) as ask:
            rows = _bounded(view, ask, sql, names)
            return sorted(
                _two_part(view, row[: len(view.ids)]) for row in rows if _is_since(view, row, since)
            )

    def headers(
        self, wanted: Sequence[DatasetId], *, since: datetime | None = None
    ) -> dict[DatasetId, Answer]:
        """Return the answer for each wanted id.

        If the archive fails on the way, the ids that it has answered keep their answers, and all others get
        the failure.
        """
        found: dict[DatasetId, Answer] = {}
        try:
            view = describe()
            with asking(view) as ask:
                for start in range(0, len(wanted), _IDS_PER_QUESTION):
                    some = wanted[start : start + _IDS_PER_QUESTION]
                    found |= named_by(some, _since(_rows(view, ask, some), since))
        except ArchiveFailedError as exc:
            return {dataset: found.get(dataset, exc) for dataset in wanted}
        return found


def _spellings(instrument: str) -> list[str]:
    """Return the names that an archive may have for an instrument, in upper and lower case."""
    aliases = get_observatory(settings.OBSERVATORY).instrument_aliases
    names = {instrument, *(alias for alias, name in aliases.items() if name == instrument)}
    return _both_cases(names)


def _both_cases(names: Iterable[str]) -> list[str]:
    return sorted({spelled for name in names for spelled in (name.upper(), name.lower())})


def _is_one_of(name: str, values: Sequence[str]) -> str:
    return f"{column(name)} IN ({', '.join('?' * len(values))})"


def _bounded(view: ArchiveView, ask: Ask, sql: str, values: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a question, or raise if there are more than one question may read."""
    for number, row in enumerate(ask(f"{sql} LIMIT {view.most_rows + 1}", values), start=1):
        if number > view.most_rows:
            raise ArchiveFailedError(
                f"The archive has more than {view.most_rows} rows to read for this question, before any date"
                " is compared. Ask the operators to raise ARCHIVE_VIEW_ROWS."
            )
        yield row


def _two_part(view: ArchiveView, values: Sequence[Any]) -> str:
    """Return the two-part id of a row, or raise: an id that was left out would not be missed by anybody."""
    try:
        return str(_row_id(values))
    except BadDatasetIdError as exc:
        raise ArchiveFailedError(
            f"The archive has a row without a usable id in {', '.join(view.ids)}: {exc}"
        ) from exc


def _row_id(values: Sequence[Any]) -> DatasetId:
    halves = ["" if value is None else str(value).strip() for value in values]
    found = parse_id(":".join(halves), dataset_ids(settings.OBSERVATORY))
    return DatasetId(found.product, found.exposure or found.product)


def _is_since(view: ArchiveView, row: Sequence[Any], since: datetime | None) -> bool:
    if since is None:
        return True
    start = find_observed_at(
        _header(view, view.dates, row[len(view.ids) :]), get_observatory(settings.OBSERVATORY)
    )
    return start is not None and start >= since


def _header(view: ArchiveView, columns: Iterable[str], values: Iterable[Any]) -> Header:
    """Return the canonical header of some columns; empty ones are left out."""
    pairs = zip(columns, values, strict=True)
    header = {view.columns[name]: typed_as_text(value) for name, value in pairs if value is not None}
    return canonical(header, get_observatory(settings.OBSERVATORY), dataset_ids(settings.OBSERVATORY))


def _rows(view: ArchiveView, ask: Ask, wanted: Sequence[DatasetId]) -> Iterator[NamedRow]:
    """Yield each row that has a wanted half in the right place, in the order of ids."""
    products = _both_cases(each.product for each in wanted if each.exposure is None or len(view.ids) == 1)
    exposures = _both_cases(each.exposure or each.product for each in wanted)
    places = [(view.ids[0], products), (view.ids[-1], exposures)]
    conditions = [_is_one_of(name, values) for name, values in places if values]
    values = [value for _name, some in places for value in some]
    sql = f"{view.select([*view.ids, *view.columns])}{' OR '.join(conditions)}"
    found: dict[DatasetId, Header | ArchiveFailedError] = {}
    for row in _bounded(view, ask, sql, values):
        dataset, header = _read(view, row)
        if found.setdefault(dataset, header) != header:
            found[dataset] = ArchiveFailedError(f"The archive has several rows for {dataset}.")
    for dataset, header in sorted(found.items(), key=lambda item: item[0]):
        yield NamedRow(dataset.product, dataset.exposure or dataset.product, header)


def _read(view: ArchiveView, row: Sequence[Any]) -> tuple[DatasetId, Header | ArchiveFailedError]:
    values = row[: len(view.ids)]
    _two_part(view, values)
    dataset = _row_id(values)
    header = _header(view, view.columns, row[len(view.ids) :])
    if find_instrument(header, get_observatory(settings.OBSERVATORY)) is None:
        return dataset, ArchiveFailedError(f"The archive names no instrument for {dataset}.")
    return dataset, header


def _since(rows: Iterable[NamedRow], since: datetime | None) -> Iterator[NamedRow]:
    observatory = get_observatory(settings.OBSERVATORY)
    for row in rows:
        if since is not None and not isinstance(row.header, ArchiveFailedError):
            start = find_observed_at(row.header, observatory)
            if start is None or start < since:
                continue
        yield row

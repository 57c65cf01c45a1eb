"""The known datasets and their headers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet

from apps.datasets.archive import Answer, Header, TableArchive, get_archive
from apps.datasets.errors import ArchiveFailedError, BadDatasetIdError, UndeterminedInstrumentError
from apps.datasets.ids import DatasetId, find_instrument, parse_id
from apps.datasets.models import Dataset, ExposureMode, ModeParkeys
from apps.datasets.modes import newest_parkeys
from apps.rules.observatories import dataset_ids
from apps.rules.observatories.dataset_ids import DatasetIds

# Exposures of this many modes are read at once.
_MODES_PER_QUERY = 200

_ROWS_AT_ONCE = 5000
_HEADERS_AT_ONCE = 1000

# Names belong to the model. PostgreSQL reads the index of each mode in its order; given a list of modes it
# would sort all their exposures.
_TABLE = Dataset._meta.db_table
_STARTS_OF_MODES = (
    f"SELECT mode_id, {{start}}, {{name}} FROM {_TABLE} WHERE mode_id IN (%s) ORDER BY mode_id, observed_at"  # noqa: S608
)
_STARTS_BY_MODE = (
    "SELECT wanted.mode_id, found.start, found.name FROM unnest(%s::bigint[]) AS wanted(mode_id)"  # noqa: S608
    f" CROSS JOIN LATERAL (SELECT {{start}} AS start, {{name}} AS name FROM {_TABLE}"
    " WHERE mode_id = wanted.mode_id ORDER BY observed_at OFFSET 0) AS found"
)

# SQLite holds moments as text. The empty text keeps its driver from making objects of them.
_START_AS_TEXT = {
    "postgresql": "to_char(observed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    "sqlite": "observed_at || ''",
}

_ALIKE = 4  # least number of characters that similar ids have in common


def id_grammar() -> DatasetIds:
    """Return the id grammar of this server's observatory."""
    return dataset_ids(settings.OBSERVATORY)


def ids_of_instrument(instrument: str, *, since: datetime | None = None) -> list[str]:
    """Return the two-part ids of the datasets of an instrument, sorted; `since` is inclusive."""
    return get_archive().ids(instrument, since=since)


def ids_in_blocks(instrument: str, *, since: datetime | None = None) -> Iterator[list[str]]:
    """Yield the two-part ids of the datasets of an instrument in blocks, in the order of the database."""
    archive = get_archive()
    if isinstance(archive, TableArchive):
        return archive.ids_in_blocks(instrument, since=since)
    return iter([archive.ids(instrument, since=since)])


def find_id(text: str) -> DatasetId | None:
    """Return the id in a text, or None if no dataset can have this id."""
    try:
        return parse_id(text, id_grammar())
    except BadDatasetIdError:
        return None


def answers_of(texts: Sequence[str], *, since: datetime | None = None) -> dict[str, Answer]:
    """Return each text with the datasets it names, two-part id to header; empty if there are none.

    A text that the archive could not look up has the failure in their place.
    """
    wanted = {text: find_id(text) for text in texts}
    found = get_archive().headers(list({dataset for dataset in wanted.values() if dataset}), since=since)
    return {text: found.get(dataset, {}) if dataset else {} for text, dataset in wanted.items()}


def headers_of(texts: Sequence[str], *, since: datetime | None = None) -> dict[str, dict[str, Header]]:
    """Return each text with the datasets it names, two-part id to header; empty if there are none.

    Raises
    ------
    ArchiveFailedError
        Raised if the archive could not look up one of them.
    """
    found: dict[str, dict[str, Header]] = {}
    for text, answer in answers_of(texts, since=since).items():
        if isinstance(answer, ArchiveFailedError):
            raise answer
        found[text] = answer
    return found


def two_part_id(text: str) -> str:
    """Return the two-part form of an id that no dataset has; a half is written in both places.

    Raises
    ------
    UndeterminedInstrumentError
        Raised if no instrument can be read from the id. The text is documented, and clients depend on it.
    """
    dataset = find_id(text)
    if dataset is None or find_instrument(dataset, id_grammar()) is None:
        # The tools write a half twice where they need two; people write it once.
        half, _, other = text.partition(":")
        named = half if half == other else text
        raise UndeterminedInstrumentError(f"Can't determine instrument for dataset {named[:300]!r}")
    return str(dataset)


def find_example() -> str | None:
    """Return the id of an existing dataset, None if our table is empty."""
    row = Dataset.objects.order_by("pk").first()
    return row.dataset_id if row else None


def knows_none() -> bool:
    """Return whether our own table is the archive and is empty."""
    return isinstance(get_archive(), TableArchive) and not Dataset.objects.exists()


def similar_ids(text: str, *, limit: int = 5) -> list[str]:
    """Return two-part ids of datasets whose product begins like the one in `text`, the most similar first."""
    dataset = find_id(text)
    if dataset is None:
        return []
    later = Dataset.objects.filter(product__gte=dataset.product).order_by("product")[:limit]
    earlier = Dataset.objects.filter(product__lt=dataset.product).order_by("-product")[:limit]
    near = {row.dataset_id: row.product for row in (*later, *earlier)}
    begin = [name for name, product in near.items() if product[:_ALIKE] == dataset.product[:_ALIKE]]
    return sorted(begin, key=lambda name: -_in_common(name, str(dataset)))[:limit]


def beginning_with(text: str, *, limit: int) -> list[Dataset]:
    """Return datasets whose id, of one or two parts, begins with a text in upper case, sorted by id."""
    product, _, exposure = text.partition(":")
    rows = Dataset.objects.only("product", "exposure", "instrument", "observed_at")
    # Comparisons use the index in every database and locale; patterns do not.
    if exposure:
        rows = rows.filter(product=product, exposure__gte=exposure)
    else:
        rows = rows.filter(product__gte=product)
    found = rows.order_by("product", "exposure")[:limit]
    return [row for row in found if row.dataset_id.startswith(text)]


@dataclass(frozen=True, slots=True)
class Programme:
    """The exposures of one observing programme, by the number of its proposal.

    Attributes
    ----------
    instruments
        Lower case, sorted.
    first, last
        Starts of the first and the last exposure; None if no header gives one.
    """

    number: str
    exposures: int
    instruments: tuple[str, ...]
    first: datetime | None
    last: datetime | None


def find_programme(text: str) -> Programme | None:
    """Return the programme that a number means, with or without zeros before it; None if there is none."""
    number = text.strip()
    bare = number.lstrip("0")
    spellings = [*dict.fromkeys((number, bare, bare.zfill(4), bare.zfill(5)))] if bare else []
    # SQLite uses the partial index only for questions that repeat its condition.
    rows = Dataset.objects.filter(program__in=spellings).exclude(program="").order_by()
    parts = rows.values("program", "instrument").annotate(
        exposures=Count("pk"), first=Min("observed_at"), last=Max("observed_at")
    )
    found = list(parts) if spellings else []
    known = {row["program"] for row in found}
    spelling = next((each for each in spellings if each in known), None)
    if spelling is None:
        return None
    mine = [row for row in found if row["program"] == spelling]
    return Programme(
        spelling,
        sum(row["exposures"] for row in mine),
        tuple(sorted(row["instrument"] for row in mine)),
        min((row["first"] for row in mine if row["first"]), default=None),
        max((row["last"] for row in mine if row["last"]), default=None),
    )


def _in_common(one: str, other: str) -> int:
    """Return the number of equal characters at the beginning of two texts."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))


def odd_mode(parkeys: ModeParkeys) -> ExposureMode | None:
    """Return the mode of exposures that must be asked header by header, None if there are none."""
    return ExposureMode.objects.filter(parkeys=parkeys, digest="").first()


def odd_modes() -> list[int]:
    """Return the keys of the modes, of any parkeys, whose exposures must be asked header by header."""
    return list(ExposureMode.objects.filter(digest="").values_list("pk", flat=True))


def mode_ranges(parkeys: ModeParkeys, *, at_least: int, at_most: int) -> list[tuple[int, int]]:
    """Divide the modes of an instrument, except the odd one, into ranges of keys, both ends included.

    Parameters
    ----------
    at_least
        Modes of one range.
    at_most
        Number of ranges.
    """
    keys = list(_modes(parkeys).values_list("pk", flat=True))
    size = max(at_least, -(-len(keys) // at_most))
    return [(keys[start], keys[min(start + size, len(keys)) - 1]) for start in range(0, len(keys), size)]


def exposure_ranges(rows: QuerySet[Dataset], *, size: int) -> list[tuple[int, int]]:
    """Divide exposures into ranges of keys, both ends included; `size` exposures each."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    return [(keys[start], keys[min(start + size, len(keys)) - 1]) for start in range(0, len(keys), size)]


def modes_between(parkeys: int, first: int, last: int) -> list[tuple[int, dict[str, str]]]:
    """Return key and header of the modes in a range of keys, in the order of keys.

    Parameters
    ----------
    parkeys
        Key of the parkeys that make the modes.
    """
    return list(_modes(parkeys).filter(pk__gte=first, pk__lte=last).values_list("pk", "header"))


def modes_after(parkeys: ModeParkeys, last: int, *, at_most: int) -> list[tuple[int, dict[str, str]]]:
    """Return key and header of the next modes with keys above `last`, in the order of keys."""
    return list(_modes(parkeys).filter(pk__gt=last).values_list("pk", "header")[:at_most])


def count_modes(parkeys: ModeParkeys) -> int:
    """Return the number of modes of an instrument, without the odd one."""
    return _modes(parkeys).count()


def _modes(parkeys: int | ModeParkeys) -> QuerySet[ExposureMode]:
    return ExposureMode.objects.filter(parkeys=parkeys).exclude(digest="").order_by("pk")


def observed_instruments() -> list[str]:
    """Return the instruments that have exposures in our table, sorted."""
    found: list[str] = []
    rows = Dataset.objects.order_by("instrument", "product", "exposure").values_list("instrument", flat=True)
    # Each step reads one entry of the index; a search for an instrument without rows would read the table.
    while (name := rows.filter(instrument__gt=found[-1] if found else "").first()) is not None:
        found.append(name)
    return found


def has_unsorted(instrument: str) -> bool:
    """Return whether exposures of an instrument lack a mode of its newest parkeys, or it has no parkeys."""
    newest = newest_parkeys(instrument)
    if newest is None or Dataset.objects.filter(mode=None, instrument=instrument).exists():
        return True
    # Looking for old modes that are in use reads few rows; looking at each exposure would read them all.
    old = ExposureMode.objects.filter(parkeys__instrument=instrument, parkeys__number__lt=newest.number)
    return old.filter(Exists(Dataset.objects.filter(mode=OuterRef("pk")))).exists()


def count_exposures(instrument: str) -> int:
    """Return the number of exposures of an instrument in our table."""
    return Dataset.objects.filter(instrument=instrument).count()


def count_with_modes(parkeys: ModeParkeys) -> int:
    """Return the number of exposures of an instrument that have a mode, without those asked by header."""
    return Dataset.objects.filter(mode__parkeys=parkeys).exclude(mode__digest="").count()


def starts_in_modes(
    modes: Sequence[int], *, with_ids: bool = False
) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield key, starts and products of each mode that has exposures, in the order of keys.

    Starts are texts as rules compare them, in ascending order, with six decimals of the second or none; the
    product at a place is that of the exposure with the start at this place. A mode with many exposures comes
    in several parts, one after the other, so that memory does not grow with the archive.

    Parameters
    ----------
    with_ids
        Yield two-part ids in place of products.
    """
    is_postgresql = connection.vendor == "postgresql"
    start = _START_AS_TEXT[connection.vendor]
    sql = (_STARTS_BY_MODE if is_postgresql else _STARTS_OF_MODES).format(
        start=start, name="product || ':' || exposure" if with_ids else "product"
    )
    for place in range(0, len(modes), _MODES_PER_QUERY):
        some = list(modes[place : place + _MODES_PER_QUERY])
        with connection.chunked_cursor() as cursor:
            if is_postgresql:
                cursor.execute(sql, [some])
            else:
                cursor.execute(sql.replace("%s", ", ".join(["%s"] * len(some))), some)
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                for mode, group in groupby(rows, key=itemgetter(0)):
                    mine = list(group)
                    yield mode, [row[1] for row in mine], [row[2] for row in mine]


def ids_in_mode(mode: int, start: str, end: str | None, *, at_most: int) -> list[str]:
    """Return the first two-part ids of exposures of a mode in an interval of time, in the order of starts.

    Parameters
    ----------
    start, end
        Texts as rules compare them. The interval includes `start` and not `end`. An empty `start` and an
        `end` of None have no limit.
    """
    rows = Dataset.objects.filter(mode=mode)
    if start:
        rows = rows.filter(observed_at__gte=_aware(start))
    if end is not None:
        rows = rows.filter(observed_at__lt=_aware(end))
    return [row.dataset_id for row in rows.order_by("observed_at", "pk")[:at_most]]


def _aware(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def headers_between(rows: QuerySet[Dataset], first: int, last: int) -> Iterator[tuple[str, Header]]:
    """Yield two-part id and header of the exposures in a range of keys."""
    some = rows.filter(pk__gte=first, pk__lte=last).order_by("pk")
    for row in some.only("product", "exposure", "header").iterator(chunk_size=500):
        yield row.dataset_id, row.header


def headers_of_instrument(instrument: str) -> Iterator[tuple[str, Header]]:
    """Yield two-part id and header of all exposures of an instrument, from any archive."""
    ids = ids_of_instrument(instrument)
    for start in range(0, len(ids), _HEADERS_AT_ONCE):
        for headers in headers_of(ids[start : start + _HEADERS_AT_ONCE]).values():
            yield from headers.items()


def has_modes() -> bool:
    """Return whether the exposures are in our own table, where they are sorted into modes."""
    return isinstance(get_archive(), TableArchive)

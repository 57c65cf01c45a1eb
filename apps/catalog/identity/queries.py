"""Checks that the database and the store belong to the server that the settings name."""

from django.conf import settings
from django.db import connection
from django.db.models import Count

from apps.catalog.identity import marker
from apps.catalog.identity.errors import ForeignDataError
from apps.catalog.identity.marker import Identity
from apps.catalog.models import File, Installation
from apps.catalog.storage import has_files_of
from apps.rules.observatories import known_names


def require_own() -> None:
    """Refuse data of another server; data without an identity, such as an empty database, pass.

    Raises
    ------
    ForeignDataError
        Raised with what was found, what is set, and what to do.
    """
    row, file = stored(), marker.read()
    for place, identity in (("database", row), (f"store {settings.STORE_ROOT}", file)):
        if identity is not None:
            _require_ours(place, identity)
    if row is not None and file is not None and row.key != file.key:
        raise ForeignDataError(
            f"The database and the store {settings.STORE_ROOT} belong to two installations of {row}. Name "
            "the pair that belongs together in DATABASE_URL and DATA_ROOT, or, if these two belong "
            "together from now on, run: manage.py adopt_data"
        )
    if row is not None and file is None and has_held_files():
        raise ForeignDataError(
            f"The database of {row} lists files, but the store {settings.STORE_ROOT} has no "
            f"{marker.NAME}. Mount the disk of the store, or, if this is the store, run: manage.py adopt_data"
        )
    if row is None:
        require_no_others()


def require_settled() -> str:
    """Return the server that the data belong to; as `require_own`, but both must have an identity."""
    require_own()
    row, file = stored(), marker.read()
    if row is None or file is None:
        place = "database" if row is None else "store"
        raise ForeignDataError(f"The {place} does not say yet whose it is; run: manage.py migrate")
    return str(row)


def stored() -> Identity | None:
    """Return the identity in the database, or None if it has none, or has no tables yet."""
    if not _has_table(Installation._meta.db_table):
        return None
    row = Installation.objects.first()
    return Identity(row.observatory, row.server_string, row.key) if row else None


def _require_ours(place: str, found: Identity) -> None:
    are_set = f"OBSERVATORY={settings.OBSERVATORY} and SERVER_STRING={settings.SERVER_STRING} are set"
    if found.observatory != settings.OBSERVATORY:
        raise ForeignDataError(
            f"The {place} belongs to {found}, but {are_set}. Set OBSERVATORY={found.observatory} and "
            f"SERVER_STRING={found.server_string}, or name other data in DATA_ROOT and DATABASE_URL."
        )
    if found.server_string != settings.SERVER_STRING:
        raise ForeignDataError(
            f"The {place} belongs to {found}, but {are_set}. Set SERVER_STRING={found.server_string}, or, to "
            f"rename this server to {settings.SERVER_STRING} for good, run: manage.py adopt_data"
        )


def require_no_others() -> None:
    """Refuse files of another observatory in old data, which have no identity yet.

    Raises
    ------
    ForeignDataError
        Raised with the number of files of each observatory.
    """
    counts = files_by_observatory()
    if set(counts) - {settings.OBSERVATORY}:
        listed = ", ".join(f"{count} of {name}" for name, count in counts.items())
        raise ForeignDataError(
            f"The database lists files of another observatory ({listed}), but "
            f"OBSERVATORY={settings.OBSERVATORY} is set. Set OBSERVATORY={next(iter(counts))}; if these are "
            "files that a wrong setting registered by mistake, run: manage.py adopt_data"
        )
    folders = other_folders()
    if folders and not counts:
        raise ForeignDataError(
            f"The store {settings.STORE_ROOT} has files of {', '.join(folders)}, but "
            f"OBSERVATORY={settings.OBSERVATORY} is set. Set OBSERVATORY={folders[0]}, or name another "
            "DATA_ROOT."
        )


def files_by_observatory() -> dict[str, int]:
    """Return the number of files of each observatory in the catalogue, the largest first."""
    if not _has_table(File._meta.db_table):
        return {}
    counts = File.objects.values_list("observatory").annotate(count=Count("pk"))
    return dict(sorted(counts, key=lambda pair: -pair[1]))


def has_held_files() -> bool:
    """Return whether the catalogue has files whose bytes should be in the store."""
    return File.objects.filter(held_at__isnull=False).exists()


def other_folders() -> list[str]:
    """Return the other observatories whose files are in the store, if it has no files of ours."""
    owners = [name for name in known_names() if has_files_of(name)]
    return [] if settings.OBSERVATORY in owners else owners


def _has_table(name: str) -> bool:
    return name in connection.introspection.table_names()

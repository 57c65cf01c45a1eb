"""Operations that write which server the database and the store belong to."""

import secrets

from django.conf import settings
from django.db import transaction

from apps.catalog import audit
from apps.catalog.identity import marker, queries
from apps.catalog.identity.errors import ForeignDataError
from apps.catalog.identity.marker import Identity
from apps.catalog.models import Action, File, Installation
from apps.catalog.storage import find_size

MOST_MISSING = 20  # held files that are looked for; if the store has none of them, it is another store


def settle() -> None:
    """Write the identity of this server into the database and the store, where it is missing.

    Raises
    ------
    ForeignDataError
        Raised as by `queries.require_own`; then nothing is written.
    """
    queries.require_own()
    row, file = queries.stored(), marker.read()
    known = row or file
    identity = known or Identity(settings.OBSERVATORY, settings.SERVER_STRING, _new_key())
    # The file is written first: if the row is missing, the next call takes the key from the file.
    if file is None:
        marker.write(identity)
    if row is None:
        _write_row(identity)


@transaction.atomic
def adopt(*, user: str) -> tuple[str, str]:
    """Declare that this database and this store belong together, and to the server that the settings name.

    Returns what they said before, in words, and their new identity.

    Raises
    ------
    ForeignDataError
        Raised if they hold the data of another observatory, or the store lacks the files of the database.
    """
    row, file = queries.stored(), marker.read()
    for identity in (row, file):
        if identity is not None and identity.observatory != settings.OBSERVATORY:
            queries.require_own()  # Its error names the observatory and says what to do.
    counts = queries.files_by_observatory()
    if counts and next(iter(counts)) != settings.OBSERVATORY:
        queries.require_no_others()
    _require_files()
    now = Identity(settings.OBSERVATORY, settings.SERVER_STRING, _new_key())
    before = f"database: {row or 'nobody'}, store: {file or 'nobody'}"
    _write_row(now)
    audit.noted(Action.ADOPT_DATA, user=user, details=f"{before}; now {now}")
    marker.write(now)
    return before, str(now)


def _write_row(identity: Identity) -> None:
    Installation.objects.update_or_create(
        pk=1,
        defaults={
            "observatory": identity.observatory,
            "server_string": identity.server_string,
            "key": identity.key,
        },
    )


def _require_files() -> None:
    """Refuse a store that has none of the newest files of the database: it is another one, or not mounted."""
    newest = File.objects.filter(held_at__isnull=False).order_by("-pk").values_list("name", flat=True)
    names = list(newest[:MOST_MISSING])
    if names and not any(find_size(name) is not None for name in names):
        raise ForeignDataError(
            f"The store {settings.STORE_ROOT} has none of the newest {len(names)} files of the database, "
            f"{names[0]} for one. Mount the disk of the store, or name the right DATA_ROOT."
        )


def _new_key() -> str:
    return secrets.token_hex(16)

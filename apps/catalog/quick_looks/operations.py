"""What somebody asks of looks."""

from django.conf import settings
from django.db import transaction

from apps.catalog.models import File
from apps.catalog.quick_looks import stored
from apps.catalog.quick_looks.queries import KIND, LookState, Status, state_of
from apps.jobs import operations as jobs
from apps.jobs.queries import count_unfinished


def ask_for(file: File, *, user: str = "") -> LookState:
    """Have a worker look into a file, unless there is a look or one is on its way; return how it stands.

    Anybody may ask, so that only some looks wait at a time: beyond these nothing is queued, and who asks
    again later may be luckier. A look that failed is not tried again, and during maintenance none is made.

    Parameters
    ----------
    user
        Account that asks; empty: nobody who logged in.
    """
    found = state_of(file)
    return found if found.status != Status.NONE or settings.MAINTENANCE else _queue(file, user)


def ask_again(file: File, *, user: str) -> LookState:
    """Have a worker look into a file although that failed before."""
    found = state_of(file)
    if found.status != Status.FAILED:
        return ask_for(file, user=user)
    stored.remove(file.sha1sum)
    return _queue(file, user, is_again=True)


@transaction.atomic
def _queue(file: File, user: str, *, is_again: bool = False) -> LookState:
    # One after the other, of all who ask for this file. Who finds the row taken does not wait: either another
    # one is asking for the same look, or the file is just being changed, and the next question comes soon.
    free = File.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=file.pk)
    if not free.only("pk"):
        return LookState(Status.WAITING)
    found = state_of(file)
    if found.status not in ((Status.NONE, Status.FAILED) if is_again else (Status.NONE,)):
        return found
    if count_unfinished(KIND) >= settings.LOOKS_WAITING:
        return LookState(Status.BUSY)
    jobs.start(KIND, subject_id=file.pk, user=user, channel=None)
    return LookState(Status.WAITING)

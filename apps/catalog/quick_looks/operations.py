"""Operations on quick looks: request one, or request it again."""

from django.conf import settings
from django.db import transaction

from apps.catalog.models import File
from apps.catalog.quick_looks import stored
from apps.catalog.quick_looks.queries import KIND, LookState, Status, state_of
from apps.jobs import operations as jobs
from apps.jobs.queries import count_unfinished


def ask_for(file: File, *, user: str = "") -> LookState:
    """Have a worker look into a file, unless a look exists or is being made; return the state of the look.

    Anybody may ask, so the number of waiting looks is limited. Above the limit nothing is queued, and a later
    request may succeed. A look that failed is not tried again, and during maintenance none is made.

    Parameters
    ----------
    user
        Account that asks; empty if the person is not logged in.
    """
    found = state_of(file)
    return found if found.status != Status.NONE or settings.MAINTENANCE else _queue(file, user)


def ask_again(file: File, *, user: str) -> LookState:
    """Have a worker look into a file again after a failure."""
    found = state_of(file)
    if found.status != Status.FAILED:
        return ask_for(file, user=user)
    stored.remove(file.sha1sum)
    return _queue(file, user, is_again=True)


@transaction.atomic
def _queue(file: File, user: str, *, is_again: bool = False) -> LookState:
    # Requests for one file are handled one after the other. A request that finds the row locked does not
    # wait: another request asks for the same look, or the file is being changed. The page asks again soon.
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

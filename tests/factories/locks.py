"""Locks to test with; every argument is optional."""

from datetime import timedelta

from django.utils import timezone

from apps.locks.models import Lock


def make_lock(instrument: str = "miri", *, user: str = "homer", left: timedelta = timedelta(hours=1)) -> Lock:
    """Return a lock taken four hours before its end, which is `left` from now and may be past."""
    end = timezone.now() + left
    return Lock.objects.create(
        instrument=instrument, user=user, created_at=end - timedelta(hours=4), expires_at=end
    )

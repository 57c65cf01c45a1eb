"""The clock by which jobs are leased: that of the database, because the clocks of workers differ."""

from datetime import datetime

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone


def now() -> datetime | Now:
    """Return the present moment for a statement.

    A SQLite file has the clock of its machine, which Python reads to the microsecond and SQL to the
    millisecond.
    """
    return timezone.now() if connection.vendor == "sqlite" else Now()

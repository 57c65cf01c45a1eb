"""Requests whose changes in the database are taken back, for tests that walk over all addresses."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.http.response import HttpResponseBase


@contextmanager
def taken_back() -> Iterator[None]:
    """Take back what the requests of the block change in the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def close(answer: HttpResponseBase) -> None:
    """Close an answer that may be an unread stream, and keep the connection to the database.

    The end of a request closes old connections, which a transaction of the test does not survive. The test
    client itself keeps the connection in this way for answers that are not streamed.
    """
    request_finished.disconnect(close_old_connections)
    try:
        answer.close()
    finally:
        request_finished.connect(close_old_connections)

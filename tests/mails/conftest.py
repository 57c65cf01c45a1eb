from collections.abc import Iterator
from typing import Any

import pytest

from apps.jobs import tasks
from tests.factories.mails import Mailbox, free_port, mail_server

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture(autouse=True)
def announced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the announced jobs instead of announcing them to workers."""
    job_ids: list[int] = []
    monkeypatch.setattr(tasks.execute, "apply_async", lambda arguments, *_, **__: job_ids.append(*arguments))
    return job_ids


@pytest.fixture
def smtp_port(settings: Any) -> int:
    """Send mails to a port where no server listens yet."""
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    return int(settings.EMAIL_PORT)


@pytest.fixture
def mailbox(smtp_port: int) -> Iterator[Mailbox]:
    """Start a real mail server that takes the mails."""
    with mail_server(smtp_port) as box:
        yield box

"""Mails to test with, and a mail server to talk to; every argument is optional."""

import contextlib
import email
import email.policy
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from apps.jobs import pipeline as jobs
from apps.jobs.models import Job
from apps.mails import queries
from apps.mails.models import Mail
from apps.mails.operations import post


def make_mail(
    *,
    key: str = "submission-12-ready",
    recipients: tuple[str, ...] = ("ann@example.org",),
    subject: str = "[CRDS jwst dev] READY miri new flats",
    text: str = "The checks have ended.",
    **fields: Any,
) -> Mail:
    """Return a mail that waits."""
    post(key=key, recipients=recipients, subject=subject, text=text)
    Mail.objects.filter(key=key).update(**fields)
    mail = queries.find_mail(key)
    assert mail
    return mail


def job_of(mail: Mail) -> Job:
    """Return the job that sends a mail."""
    return Job.objects.get(kind="mail", subject_id=mail.pk)


def claimed(mail: Mail) -> Job:
    """Return the job of a mail as the worker sees it that has it."""
    job = jobs.claim(job_of(mail).pk)
    assert job
    return job


@dataclass
class Mailbox:
    """A mail server: the mails it got, and the recipients and mails it refuses."""

    port: int
    refused: set[str] = field(default_factory=set)  # Addresses it knows nobody of.
    is_full: bool = False  # Then it refuses every mail.
    got: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    is_slow: bool = False  # Then it takes a mail only after `released`.

    @property
    def served(self) -> list[str]:
        """The recipients, by the envelopes."""
        return [address for recipients, _ in self.got for address in recipients]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return "550 No such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.entered.set()
        if self.is_full:
            return "452 No space"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.got.append((list(envelope.rcpt_tos), message))
        if self.is_slow:
            await server.loop.run_in_executor(None, self.released.wait, 20)
        return "250 Taken"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def mail_server(port: int | None = None) -> Iterator[Mailbox]:
    """Run a mail server in a thread until the block ends."""
    mailbox = Mailbox(port or free_port())
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        mailbox.released.set()
        controller.stop()

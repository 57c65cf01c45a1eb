"""The run that every step gets: a submission, its job, and methods to report and to write."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db import transaction

from apps.catalog.reading import load_sources
from apps.certify.messages import Log
from apps.contexts import queries as contexts
from apps.jobs import queries as jobs
from apps.jobs.models import Job
from apps.jobs.pipeline import require_claim, say, say_all
from apps.rules.observatories import Observatory, get_observatory
from apps.rules.text.derived_mappings import Base
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.states import Kind, Origin

# Level of a log line to type of message. The client counts messages of type error; they must be real errors.
_TYPES = {"ERROR": "error", "CRITICAL": "error", "WARNING": "warning", "INFO": "verbose", "DEBUG": "verbose"}


@dataclass(frozen=True)
class SubmissionRun:
    """One run of one submission's job."""

    job: Job
    submission: Submission

    @property
    def observatory(self) -> Observatory:
        """The observatory of this server."""
        return get_observatory(settings.OBSERVATORY)

    @cached_property
    def base(self) -> Base:
        """The context that the files are checked against."""
        name = self.submission.base
        wanted = [member for member in contexts.mapping_names(name) if not member.endswith(".rmap")]
        return Base.read(name, load_sources(wanted))

    def files(self, *origins: Origin) -> list[SubmittedFile]:
        """Return the stored files of the submission: those of the given origins, or all if none is given."""
        rows = self.submission.files.select_related("submission")
        return list(rows.filter(origin__in=origins) if origins else rows)

    def incoming(self) -> list[SubmittedFile]:
        """Return the files whose bytes came with the submission; for a certify run also the listed files."""
        listed = (Origin.LISTED,) if self.submission.kind == Kind.CERTIFY else ()
        return self.files(Origin.UPLOADED, Origin.LOOKUP_TABLE, *listed)

    def say(self, text: str, *, type: str = "log_message") -> None:
        """Send one message to the channel of the job."""
        say(self.job, type, text)

    def pass_on(self, lines: list[Log]) -> None:
        """Send lines of a check's log to the channel of the job."""
        say_all(self.job, [(_TYPES.get(line.level, "verbose"), line.text) for line in lines])

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Open a transaction in which this worker certainly has the job.

        Raises
        ------
        JobStopped
            Raised if this worker must leave the job.
        """
        with transaction.atomic():
            require_claim(self.job)
            yield

    def is_stopped(self) -> bool:
        """Return whether this worker must leave the job."""
        return not jobs.has_claim(self.job)

    def require_going_on(self) -> None:
        """Raise `JobStopped` if this worker must leave the job."""
        require_claim(self.job)

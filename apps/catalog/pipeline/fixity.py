"""The comparison of all stored bytes with the catalog, its record, and the alarm if they disagree."""

import logging
from collections import Counter
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog.models import FixityRun
from apps.catalog.pipeline.verify import Finding, verify
from apps.mails.operations import post

logger = logging.getLogger(__name__)

LISTED = 100  # findings that a record and a mail name


def check_store(
    *, tell: Callable[[Finding], object] = lambda _finding: None, step: Callable[[], object] = lambda: None
) -> FixityRun:
    """Hash every stored file, record what was found, and mail an alarm if anything is wrong.

    Parameters
    ----------
    tell
        Is called with each finding as soon as it is known.
    step
        Is called for each file.
    """
    run = FixityRun.objects.create()
    found: Counter[str] = Counter()
    texts: list[str] = []
    files = 0

    def count() -> None:
        nonlocal files
        files += 1
        step()

    for finding in verify(count):
        found[finding.kind] += 1
        logger.error("verify_store: %s", finding)
        if len(texts) < LISTED:
            texts.append(str(finding))
        tell(finding)
    run.files, run.findings = files, texts
    run.missing, run.changed, run.unknown = found["missing"], found["changed"], found["unknown"]
    _finish(run)
    return run


@transaction.atomic
def _finish(run: FixityRun) -> None:
    """Write the end of a run, and the mail that reports it."""
    run.finished_at = timezone.now()
    run.save()
    if run.is_clean:
        return
    server = f"{settings.OBSERVATORY} ({settings.SERVER_STRING})"
    post(
        key=f"fixity-{run.pk}",
        recipients=settings.ALARM_MAILS,
        subject=f"CRDS {server}: {run.faults} stored files are wrong",
        text="\n".join(
            (
                f"The nightly comparison of the store with the catalog of {server} read {run.files} files:",
                f"{run.missing} are missing, {run.changed} have changed, {run.unknown} are unknown.",
                "",
                *run.findings,
                "",
                "Clients do not get changed files. Bring the right bytes back from a backup, under the same "
                "names, and run manage.py verify_store.",
            )
        ),
    )

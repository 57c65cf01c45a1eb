"""A program that does the work of a server, each time in a child that may be killed midway.

The work is to process and confirm a submission, to search for affected datasets, and to send mails.

It reads orders from its input, one JSON object per line, and answers each with one line. It forks its
children after all imports, so that hundreds of deaths cost little.
"""

import importlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

MAILS = 4


def main(memory: str) -> None:
    import django

    django.setup()
    # Import these before the first fork; otherwise each child would import them again.
    for module in (
        "apps.web.urls",
        "asdf",
        "astropy.io.fits",
        "astropy.time",
        "apps.mails.models",
        "tests.factories.sites",
        "apps.reprocessing.pipeline",
        "tests.factories.reprocessing",
        "tests.submissions.remembering",
        "tests.submissions.sent_mails",
    ):
        importlib.import_module(module)

    for line in sys.stdin:
        order = json.loads(line)
        sys.stdout.write(json.dumps(in_child(order, memory)) + "\n")
        sys.stdout.flush()


def in_child(order: dict[str, Any], memory: str) -> list[Any]:
    """Do an order in a child; return its exit code, negative if a signal killed it, and the last answer."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            settle(Path(order["root"]), Path(memory), observatory=order.get("observatory", "jwst"))
            if "trap" in order:
                set_trap(*order["trap"])
            if "seconds" in order:
                die_after(order["seconds"])
            answers = [ACTIONS[action]() for action in order["actions"]]
            with os.fdopen(writing, "w") as stream:
                json.dump(answers[-1], stream)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), json.loads(text) if text else None]


def settle(root: Path, memory: Path, *, observatory: str) -> None:
    """Make this child use the data root `root`, which has its own database."""
    from django.conf import settings
    from django.db import connections

    from apps.submissions.pipeline import child_jobs
    from tests.submissions.remembering import RememberingRunner

    settings.DATA_ROOT, settings.OBSERVATORY = root, observatory
    settings.EMAIL_BACKEND = "tests.submissions.sent_mails.Backend"
    for name, folder in (("STORE", "store"), ("ARTIFACT", "artifacts"), ("DELIVERY", "deliveries")):
        setattr(settings, f"{name}_ROOT", root / folder)
    settings.ARCHIVE_MODE = "pickup"
    described = connections["default"].settings_dict
    is_file = "sqlite" in described["ENGINE"]
    described["NAME"] = str(root / "crds.sqlite3") if is_file else name_of_database(root)
    runner = RememberingRunner("jwst", memory)
    setattr(child_jobs, "runner_for", lambda _observatory: runner)  # noqa: B010 (it is no `Runner`)


def name_of_database(root: Path) -> str:
    """Return the name of the database of a data root on PostgreSQL."""
    return f"kills_{root.name.replace('-', '_')}"


def die_after(seconds: float) -> None:
    """Arrange a kill of this process after a time, wherever it is then."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()


def set_trap(module: str, function: str, count: int, is_before: bool) -> None:
    """Arrange a kill of this process before or after a call of a function, after `count` earlier calls."""
    place = importlib.import_module(module)
    # The package also has a function `run`, so a plain import would find that.
    run = importlib.import_module("apps.submissions.pipeline.run")
    whole = getattr(place, function)
    calls = 0

    def dying(*arguments: Any, **keywords: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > count and is_before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = whole(*arguments, **keywords)
        if calls > count:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    dying.__name__ = function
    setattr(place, function, dying)
    for kind, steps in run.STEPS.items():
        run.STEPS[kind] = tuple(dying if step is whole else step for step in steps)


def _make() -> None:
    from django.core.management import call_command

    from tests.factories.sites import deliver, make_site

    call_command("migrate", verbosity=0)
    make_site()
    deliver()


def _process() -> None:
    """Do the work of workers, the recovery of lost jobs included, an hour after the last heartbeat."""
    _work("submission")


def _work(kind: str) -> None:
    from django.db.models import F
    from django.utils import timezone

    from apps.jobs import pipeline
    from apps.jobs.models import Job

    Job.objects.filter(status="running").update(heartbeat_at=timezone.now() - timedelta(hours=1))
    pipeline.put_back_lost_jobs()
    Job.objects.filter(kind=kind, status="queued").update(not_before=F("queued_at"))
    for key in Job.objects.filter(kind=kind).order_by("pk").values_list("pk", flat=True):
        pipeline.execute(key)


def _move_latest() -> None:
    """Make a site of another observatory whose latest context has moved, and queue the search."""
    from django.core.management import call_command

    from apps.reprocessing.operations import notice_changes
    from tests.factories import reprocessing
    from tests.factories.sites import add

    call_command("migrate", verbosity=0)
    for name in ("brf.fits", "nuv.fits", "fuv.fits", "fuv_2010.fits"):
        add(name, name.encode())
    reprocessing.publish_both()
    reprocessing.make_exposures()
    reprocessing.move(reprocessing.NEW)
    notice_changes()


def _search() -> None:
    """Do the search, and what the clock does afterwards; the mail about it is queued."""
    from apps.reprocessing.pipeline import follow_jobs

    _work("reprocessing")
    follow_jobs()


def _post() -> None:
    from apps.mails.operations import post

    for number in range(MAILS):
        people = [f"{name}@example.org" for name in ("ann", "ben", "cem")]
        post(key=f"event {number}", recipients=people, subject=f"Event {number}", text="It came to pass.")


def _send() -> None:
    _work("mail")


def _confirm() -> None:
    from apps.submissions.models import Submission
    from apps.submissions.operations import confirm
    from tests.factories.sites import find_user

    confirm(Submission.objects.get(), user=find_user())


def _cancel() -> None:
    from apps.submissions.models import Submission
    from apps.submissions.operations import cancel
    from tests.factories.sites import find_user

    cancel(Submission.objects.get(), user=find_user())


def _sweep() -> None:
    from apps.catalog import deliveries
    from apps.submissions import pipeline

    pipeline.sweep()
    deliveries.catch_up()


def _state() -> list[Any]:
    """Return everything that must not depend on how often a process was killed."""
    from django.conf import settings

    from apps.catalog.models import AuditRecord, Delivery, File
    from apps.catalog.storage import sha1sum
    from apps.jobs.models import Job
    from apps.mails.models import Mail
    from apps.reprocessing.models import Transition
    from apps.submissions.models import IngestFile, Submission, SubmittedFile
    from tests.factories.sites import snapshot
    from tests.submissions import sent_mails

    def rows(model: Any, *columns: str) -> list[Any]:
        return sorted(map(list, model.objects.values_list(*columns)), key=str)

    folders = [settings.DATA_ROOT / name for name in ("submissions", "deliveries")]
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    files = {str(path.relative_to(settings.DATA_ROOT)): sha1sum(path) for path in found}
    shot = snapshot()
    return [
        [list(map(list, shot.files)), list(map(list, shot.stored)), shot.reserved, shot.locks, shot.edit],
        rows(File, "name", "state", "uploaded_as", "derived_from", "replaced_by", "catalog_link"),
        rows(Submission, "status", "steps", "collisions", "tests", "new_context", "delivery", "final_base"),
        rows(SubmittedFile, "origin", "name", "official_name", "official_sha1sum", "errors", "log", "facts"),
        rows(Delivery, "name", "status"),
        rows(AuditRecord, "action", "filename", "details"),
        rows(Job, "status"),
        rows(Mail, "key", "delivered_to", "error"),
        sent_mails.sent(),
        rows(Transition, "old", "new", "status", "affected_count", "counts", "examined_count", "reason"),
        rows(IngestFile, "name"),
        # Leave out files that a child was writing at its death; they are removed with their folder.
        {name: digest for name, digest in files.items() if "/work/" not in name and "/." not in name},
    ]


def _violations() -> list[str]:
    from apps.web.invariants import violations

    return [f"{name}: {text}" for name, text in violations()]


ACTIONS: dict[str, Callable[[], Any]] = {
    "make": _make,
    "move_latest": _move_latest,
    "search": _search,
    "post": _post,
    "send": _send,
    "process": _process,
    "confirm": _confirm,
    "cancel": _cancel,
    "sweep": _sweep,
    "state": _state,
    "violations": _violations,
}

if __name__ == "__main__":
    main(sys.argv[1])

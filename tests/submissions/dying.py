"""A program that processes and confirms a submission, each time in a child that may be killed midway.

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
        "tests.submissions.remembering",
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
            settle(Path(order["root"]), Path(memory))
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


def settle(root: Path, memory: Path) -> None:
    """Make this child use the data root `root`, which has its own database."""
    from django.conf import settings
    from django.db import connections

    from apps.submissions.pipeline import child_jobs
    from tests.submissions.remembering import RememberingRunner

    settings.DATA_ROOT = root
    for name, folder in (("STORE", "store"), ("ARTIFACT", "artifacts"), ("DELIVERY", "deliveries")):
        setattr(settings, f"{name}_ROOT", root / folder)
    settings.ARCHIVE_MODE = "pickup"
    connections["default"].settings_dict["NAME"] = str(root / "crds.sqlite3")
    runner = RememberingRunner("jwst", memory)
    setattr(child_jobs, "runner_for", lambda _observatory: runner)  # noqa: B010 (it is no `Runner`)


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
    from django.utils import timezone

    from apps.jobs import pipeline
    from apps.jobs.models import Job

    Job.objects.filter(status="running").update(heartbeat_at=timezone.now() - timedelta(hours=1))
    pipeline.put_back_lost_jobs()
    pipeline.execute(Job.objects.get(kind="submission").pk)


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
    from apps.submissions.models import IngestFile, Submission, SubmittedFile
    from tests.factories.sites import snapshot

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
        rows(Mail, "key"),
        rows(IngestFile, "name"),
        # Leave out files that a child was writing at its death; they are removed with their folder.
        {name: digest for name, digest in files.items() if "/work/" not in name and "/." not in name},
    ]


def _violations() -> list[str]:
    from apps.web.invariants import violations

    return [f"{name}: {text}" for name, text in violations()]


ACTIONS: dict[str, Callable[[], Any]] = {
    "make": _make,
    "process": _process,
    "confirm": _confirm,
    "cancel": _cancel,
    "sweep": _sweep,
    "state": _state,
    "violations": _violations,
}

if __name__ == "__main__":
    main(sys.argv[1])

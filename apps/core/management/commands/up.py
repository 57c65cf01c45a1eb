import gc
import os
import sys
from argparse import ArgumentParser
from functools import partial
from socket import socket
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.urls import get_resolver
from django.utils.module_loading import import_string

from apps.core import bucket, metrics
from apps.core.readiness import PartNotReadyError, Program, require
from apps.core.separate_process import run_in_separate_process
from apps.core.supervisor import ChildProgram, supervise
from apps.core.web_server.program import listen, serve

THREADS = 24  # of the worker: more than all lanes of jobs together, see the settings
DEFAULT_PORT = 8000


class Command(BaseCommand):
    help = "Migrate, then run the web server and a worker until Ctrl-C or TERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=DEFAULT_PORT)
        parser.add_argument("--bind", default="127.0.0.1", help="address to listen at")
        parser.add_argument("--processes", type=int, default=2, help="web processes")
        parser.add_argument("--no-worker", action="store_true", help="run the web server alone")
        parser.add_argument(
            "--no-prepare", action="store_true", help="do not migrate: `manage.py prepare` has done it"
        )
        parser.add_argument("--demo", action="store_true", help="fill an empty server with the demo first")

    def handle(self, *args: Any, **options: Any) -> None:
        _name_the_address(options["port"])
        if not options["no_prepare"]:
            _prepare("prepare")
        if options["demo"]:
            _prepare("seed_demo", if_possible=True)
        has_worker = not options["no_worker"]
        try:
            listening = listen(options["bind"], options["port"])
            require(Program.WEB)
            if has_worker:
                require(Program.WORKER)
        except OSError as exc:
            raise CommandError(f"Port {options['port']} cannot be used: {exc.strerror}.") from exc
        except PartNotReadyError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(f"{settings.OBSERVATORY} at {settings.PUBLIC_URL}; Ctrl-C ends it.")
        self.stdout.flush()  # No other output follows while the server runs.
        folder = metrics.share_among_processes()
        try:
            supervise(_programs(listening, options["processes"], has_worker=has_worker))
        finally:
            metrics.forget(folder)


def _prepare(command: str, **options: Any) -> None:
    """Run a command that may use the bucket, after which this process could no longer fork."""
    work = partial(call_command, command, **options)
    if bucket.is_used():
        run_in_separate_process(work)
    else:
        work()


def _name_the_address(port: int) -> None:
    """Start again with the address of another port, because the settings have been read already."""
    if "PUBLIC_URL" not in os.environ and port != DEFAULT_PORT:
        os.environ["PUBLIC_URL"] = f"http://localhost:{port}"
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606 (this same program)


def _programs(listening: socket, processes: int, *, has_worker: bool) -> list[ChildProgram]:
    """Return the programs, which share all that is loaded now."""
    get_resolver().url_patterns  # noqa: B018 (it imports the views)
    gc.collect()
    gc.freeze()  # The garbage collector would write into every shared page.
    web = [
        ChildProgram(f"crds-web-{number}", partial(_web, listening, processes))
        for number in range(1, processes + 1)
    ]
    return [*web, ChildProgram("crds-worker", partial(_worker, listening))] if has_worker else web


def _web(listening: socket, processes: int) -> None:
    make_application = import_string(settings.WEB_APPLICATION)
    serve(listening, make_application(processes=processes))


def _worker(listening: socket) -> None:
    """Run the worker. It uses threads, because the folder broker hangs a process pool."""
    listening.close()
    current_app.worker_main(
        [
            *(
                "--quiet",
                "worker",
                "--pool",
                "threads",
                "--concurrency",
                str(THREADS),
                "--loglevel",
                "WARNING",
            ),
            *("--beat", "--schedule", str(settings.DATA_ROOT / "beat-schedule")),
        ]
    )

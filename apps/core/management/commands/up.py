import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command

from apps.core.readiness import PartNotReadyError, Program, require
from apps.core.supervisor import ChildProgram, supervise


class Command(BaseCommand):
    help = "Migrate, then run the web server and a worker until Ctrl-C or TERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--bind", default="127.0.0.1", help="address to listen at")
        parser.add_argument("--threads", type=int, default=16, help="requests served at once by each process")
        parser.add_argument("--workers", type=int, default=2, help="web processes")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        try:
            require(Program.WEB)
            require(Program.WORKER)
        except PartNotReadyError as exc:
            raise CommandError(str(exc)) from exc
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "crds_server.settings"}
        environment.setdefault("PUBLIC_URL", f"http://localhost:{options['port']}")
        self.stdout.write(f"{settings.OBSERVATORY} at {environment['PUBLIC_URL']}; Ctrl-C ends it.")
        self.stdout.flush()  # No other output follows while the server runs.
        supervise(
            [
                ChildProgram("web", web_command(options), environment),
                ChildProgram("worker", worker_command(), environment),
            ]
        )


def listening_address(host: str, port: int) -> str:
    """Return the address to listen at, with an IPv6 address in brackets.

    Examples
    --------
    >>> listening_address("::1", 8000), listening_address("127.0.0.1", 8000)
    ('[::1]:8000', '127.0.0.1:8000')
    """
    bare = host.strip("[]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def web_command(options: dict[str, Any]) -> list[str]:
    """Return the command of the web server. It uses threads, because a download must not block a page."""
    return [
        *(sys.executable, "-m", "gunicorn", "crds_server.wsgi:application"),
        *("--bind", listening_address(options["bind"], options["port"])),
        *("--workers", str(options["workers"]), "--threads", str(options["threads"])),
        *("--worker-class", "gthread", "--worker-tmp-dir", str(settings.DATA_ROOT)),
        *("--no-control-socket", "--log-level", "warning"),
    ]


def worker_command() -> list[str]:
    """Return the command of the worker. It uses threads, because the folder broker hangs a process pool."""
    return [
        *(sys.executable, "-m", "celery", "--quiet", "-A", "crds_server", "worker"),
        *("--pool", "threads", "--concurrency", "12", "--loglevel", "WARNING"),
        *("--beat", "--schedule", str(settings.DATA_ROOT / "beat-schedule")),
    ]

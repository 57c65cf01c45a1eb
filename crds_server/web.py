"""The application that our web server serves: Django, and JSON-RPC on a way of its own."""

import os
from argparse import ArgumentParser
from functools import partial

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from apps.core.readiness import PartNotReadyError, Program, part, require
from apps.core.web_server.application import WebApplication
from apps.core.web_server.messages import Scope
from apps.core.web_server.program import listen, serve
from crds_server.start import refusing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crds_server.settings")

_HEALTH = ("/healthz", "/readyz")


def make_application(*, processes: int) -> WebApplication:
    """Return the application of one of the web processes; Django must be set up."""
    from apps.core.postgresql import patience
    from apps.rpc.direct import DirectCalls

    patience.serve_requests()
    pages = WSGIHandler()
    direct = DirectCalls(pages)
    application = WebApplication(
        pages,
        direct=direct.answer,
        is_direct=direct.is_for,
        is_quick=direct.is_quick,
        is_health=_is_health,
        most_connections=settings.WEB_CONNECTIONS // processes,
    )
    part("load", needed_by=())(partial(_load, application))
    return application


def _load(application: WebApplication) -> str:
    """Return the state of this process for ``/readyz``."""
    if application.is_busy:
        raise PartNotReadyError("there is more work than this server can do, and requests were refused")
    return f"{application.connections} connections"


def _is_health(scope: Scope) -> bool:
    return str(scope["path"]).rstrip("/").endswith(_HEALTH)


def main() -> None:
    """Serve with one process and no worker; what `manage.py up` prepares must be ready."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen at")
    options = parser.parse_args()
    with refusing(status=3):
        django.setup()
        require(Program.WEB)
        application = make_application(processes=1)
    serve(listen(options.bind, options.port), application)


if __name__ == "__main__":
    main()

"""Refusals to start, in one line, for every program: a command, the web server or a worker."""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands
from django.db import OperationalError

from apps.core.bucket import BucketError
from apps.core.readiness import PartNotReadyError, Program, require
from crds_server import env_file, served_observatory

OPTION = "--env-file"
# Our own commands that make the parts ready.
_SETUP = frozenset({"up", "prepare", "migrate", "adopt_data", "restore", "start_observatory"})
# Our own commands that work on a file alone, whatever this server serves.
_ON_FILES = frozenset({"check_observatory", "new_observatory"})


@contextlib.contextmanager
def refusing(status: int) -> Iterator[None]:
    """Turn a refusal inside the block into one line and the end of this process."""
    try:
        yield
    except (ImproperlyConfigured, PartNotReadyError) as exc:
        refusal = str(exc)
    except OperationalError as exc:
        refusal = f"The database does not answer: {exc}"
    except BucketError as exc:
        refusal = f"The bucket does not answer: {exc}"
    else:
        return
    sys.stderr.write(f"Not started: {' '.join(refusal.split())}\n")
    sys.exit(status)


def take_env_file(arguments: Sequence[str]) -> list[str]:
    """Record the file after ``--env-file`` for this process and its children, and return the other arguments.

    Raises
    ------
    ImproperlyConfigured
        Raised if the option is the last argument.
    """
    rest: list[str] = []
    given = iter(arguments)
    for argument in given:
        name, sign, value = argument.partition("=")
        if name != OPTION:
            rest.append(argument)
            continue
        path = value if sign else next(given, "")
        if not path:
            raise ImproperlyConfigured(f"{OPTION} needs the path of a file.")
        os.environ[env_file.VARIABLE] = os.path.abspath(path)
    return rest


def require_for_command(arguments: Sequence[str]) -> None:
    """Refuse one of our own commands unless its data belong to this server and are up to date.

    Raises
    ------
    NotReadyError
        Raised with the first part that is not ready.
    """
    command = arguments[1] if len(arguments) > 1 else ""
    served_observatory.is_needed = command not in _ON_FILES
    django.setup()
    is_ours = get_commands().get(command, "").startswith("apps.")
    if is_ours and command not in _ON_FILES and not {"--help", "-h"}.intersection(arguments):
        require(Program.SETUP if command in _SETUP else Program.COMMAND)

#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

from crds_server import __version__
from crds_server.start import refusing, require_for_command, take_env_file

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crds_server.settings")
    if sys.argv[1:] == ["--version"]:
        print(f"The open CRDS server {__version__}")  # noqa: T201
        sys.exit()
    with refusing(status=1):
        arguments = take_env_file(sys.argv)
        require_for_command(arguments)
        execute_from_command_line(arguments)

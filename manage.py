#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

from crds_server import __version__

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crds_server.settings")
    if sys.argv[1:] == ["--version"]:
        print(f"The open CRDS server {__version__}")  # noqa: T201
    else:
        execute_from_command_line(sys.argv)

"""The application for web servers other than our own (`crds_server.web`)."""

import os

import django
from django.core.wsgi import get_wsgi_application

from apps.core.postgresql import patience
from apps.core.readiness import Program, require
from crds_server.start import refusing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crds_server.settings")
# With this status some servers end, instead of starting another process that would also fail.
with refusing(status=3):
    django.setup()
    require(Program.WEB)  # Check before the application is made, which would only warn of missing folders.
    patience.serve_requests()
    application = get_wsgi_application()

"""The application that gunicorn serves."""

import os

import django
from django.core.wsgi import get_wsgi_application

from apps.core.readiness import Program, require
from crds_server.start import refusing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crds_server.settings")
# The status by which gunicorn knows that starting another process would not help.
with refusing(status=3):
    django.setup()
    require(Program.WEB)  # Before the application, which warns of missing folders.
    application = get_wsgi_application()

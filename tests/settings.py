"""The settings of the suite: ours, with a data root of each worker's own."""

import os

from tests.scratch import scratch

_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
os.environ["DATA_ROOT"] = str(scratch() / _worker)
os.environ.setdefault("OBSERVATORY", "jwst")

from crds_server.settings import *  # noqa: E402, F403
from crds_server.settings import MIDDLEWARE as _MIDDLEWARE  # noqa: E402

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# White noise reads the collected folder, which the suite does not collect.
MIDDLEWARE = [name for name in _MIDDLEWARE if "whitenoise" not in name]
# A slow hash protects people; the suite logs in a hundred times.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The suite asks as scripts do, and has no worker whose end they could wait for.
SUBMIT_HOLD_SECONDS = 0

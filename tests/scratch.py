"""The folder for what all processes of one run of the suite share."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def scratch() -> Path:
    """Return the folder; it ends with the process that asked first."""
    if "CRDS_TEST_SCRATCH" not in os.environ:
        folder = os.environ["CRDS_TEST_SCRATCH"] = tempfile.mkdtemp(prefix="crds-tests-")
        atexit.register(_remove, folder, os.getpid())
    return Path(os.environ["CRDS_TEST_SCRATCH"])


def _remove(folder: str, owner: int) -> None:
    # A forked child inherits the duty, but not the folder.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)

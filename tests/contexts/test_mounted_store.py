"""The store as a CRDS cache: the unmodified client reads rules and references from it without a server."""

import os
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.factories.catalog import make_cache
from tests.warm_python import warm_client

PROGRAM = """
from crds.core import config, rmap
context = rmap.get_cached_mapping("jwst_0001.pmap")
print(*context.mapping_names(), *context.reference_names())
print(config.locate_file("jwst_miri_dark_0001.fits", "jwst"))
"""


@pytest.mark.django_db
def test_a_client_may_mount_the_store_read_only(tmp_path: Path, data_root: Path) -> None:
    call_command("import_cache", str(make_cache(tmp_path / "cache")))
    store = data_root / "store"
    environment = {
        "CRDS_PATH": str(store),
        "CRDS_READONLY_CACHE": "1",
        "CRDS_OBSERVATORY": "jwst",
        "CRDS_SERVER_URL": "https://crds-serverless-mode.stsci.edu",
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
    }
    before = sorted(store.rglob("*"))
    done = warm_client().run(["-c", PROGRAM], env=environment)
    assert done.returncode == 0, done.stderr
    names, reference = done.stdout.split("\n")[:2]
    assert names.split()[0] == "jwst_0001.pmap"
    assert "jwst_miri_dark_0001.fits" in names
    assert Path(reference) == store / "references/jwst/jwst_miri_dark_0001.fits"
    assert Path(reference).exists()
    assert sorted(store.rglob("*")) == before

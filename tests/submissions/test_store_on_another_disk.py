"""A store on its own disk, apart from the uploads and the folder of deliveries."""

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.catalog import storage
from apps.catalog.deliveries import folder
from apps.catalog.models import Delivery, File
from apps.catalog.pipeline.verify import verify
from apps.submissions.models import Submission
from apps.submissions.operations import cancel, confirm
from tests.factories.sites import find_user, make_ready, make_site, snapshot
from tests.needs import OTHER_DISK


@pytest.fixture(params=[pytest.param("real", marks=pytest.mark.needs("other-disk")), "refused"])
def apart(
    request: pytest.FixtureRequest, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Yield a store to which no file of the data root can be linked: another disk, or a simulated error."""
    if request.param == "real":
        with tempfile.TemporaryDirectory(dir=OTHER_DISK) as folder:
            settings.STORE_ROOT = Path(folder) / "store"
            yield settings.STORE_ROOT
        return
    link = os.link

    def refuse(source: Path, target: Path) -> None:
        if settings.STORE_ROOT in Path(source).parents and settings.STORE_ROOT in Path(target).parents:
            return link(source, target)
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    yield settings.STORE_ROOT


def hidden(store: Path) -> list[str]:
    return [path.name for path in store.rglob(".*")]


@pytest.fixture
def ready(db: None, apart: Path) -> Submission:
    make_site()
    return make_ready()


def test_a_submission_is_confirmed_and_delivered(ready: Submission, apart: Path, settings: Any) -> None:
    confirm(ready, user=find_user(ready.user))
    assert list(verify()) == []
    folder.prepare(is_first=True)
    for file in Delivery.objects.get().files.all():
        folder.place(file)
        assert (settings.DELIVERY_ROOT / file.name).read_bytes() == storage.path_of(file.name).read_bytes()
    assert File.objects.filter(name="jwst_miri_flat_0002.fits").exists()
    assert hidden(apart) == []


def test_a_confirmation_that_fails_leaves_no_copy_in_the_store(
    ready: Submission, apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot()

    def fail() -> None:
        raise RuntimeError("The power of the test went away.")

    monkeypatch.setattr(storage, "sync_folders", fail)
    with pytest.raises(RuntimeError, match="power"):
        confirm(ready, user=find_user(ready.user))
    assert snapshot() == before
    assert hidden(apart) == []


def test_a_cancelled_submission_takes_back_what_a_killed_confirmation_left(
    ready: Submission, apart: Path
) -> None:
    before = snapshot()
    file = ready.files.get(official_name="jwst_miri_flat_0002.fits")
    path = ready.folder / "official" / file.official_name
    storage.adopt(path, file.official_name, file.official_sha1sum)
    storage.bring_near(path, file.official_name, file.official_sha1sum)
    cancel(ready, user=find_user(ready.user))
    assert snapshot().stored == before.stored
    assert hidden(apart) == []

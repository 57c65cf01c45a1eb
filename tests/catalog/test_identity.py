import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.catalog import identity
from apps.catalog.identity import ForeignDataError, marker
from apps.catalog.models import AuditRecord, File, Installation
from tests.factories.catalog import make_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def _fresh(settings: Any) -> None:
    """Remove the identity, as in an installation that is older than the marks."""
    Installation.objects.all().delete()
    settings.OBSERVATORY, settings.SERVER_STRING = "jwst", "ops"


@pytest.fixture
def _settled(_fresh: None) -> None:
    identity.settle()


@pytest.mark.usefixtures("_fresh")
def test_database_and_store_say_the_same_from_the_first_migrate_on(settings: Any) -> None:
    call_command("migrate", verbosity=0)
    row = Installation.objects.get()
    assert (row.observatory, row.server_string) == ("jwst", "ops")
    written = json.loads((settings.STORE_ROOT / "server.json").read_text())
    assert written == {"observatory": "jwst", "server_string": "ops", "key": row.key}
    assert [path.name for path in settings.STORE_ROOT.iterdir()] == ["server.json"], "a part was left"
    call_command("migrate", verbosity=0)
    assert Installation.objects.get().key == row.key
    assert identity.require_settled() == "jwst (ops)"


@pytest.mark.usefixtures("_settled")
def test_another_observatory_is_refused_with_the_remedy(settings: Any) -> None:
    settings.OBSERVATORY = "hst"
    with pytest.raises(ForeignDataError, match=r"belongs to jwst \(ops\).* Set OBSERVATORY=jwst"):
        identity.require_own()
    with pytest.raises(CommandError, match="belongs to jwst"):
        call_command("migrate", verbosity=0)
    with pytest.raises(CommandError, match="belongs to jwst"):
        call_command("adopt_data")


@pytest.mark.usefixtures("_settled")
def test_another_server_string_is_refused_until_somebody_means_it(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.SERVER_STRING = "test"
    with pytest.raises(ForeignDataError, match=r"Set SERVER_STRING=ops, or, .*run: manage.py adopt_data"):
        identity.require_own()
    call_command("adopt_data")
    assert "Before: database: jwst (ops), store: jwst (ops). Now both belong to jwst (test)." in (
        capsys.readouterr().out
    )
    assert identity.require_settled() == "jwst (test)"
    assert AuditRecord.objects.get(action="adopt data").details.endswith("now jwst (test)")


@pytest.mark.usefixtures("_settled")
def test_a_database_beside_the_store_of_another_installation_is_refused() -> None:
    """Both have the same name, as after a restore of only one of them."""
    other = marker.read()
    assert other
    marker.write(marker.Identity("jwst", "ops", "0" * 32))
    with pytest.raises(ForeignDataError, match=r"belong to two installations of jwst \(ops\)"):
        identity.require_own()
    call_command("adopt_data")
    assert identity.require_settled() == "jwst (ops)"
    now = marker.read()
    assert now
    assert now.key not in (other.key, "0" * 32), "neither of the old partners fits"


@pytest.mark.usefixtures("_settled")
def test_a_store_that_is_not_mounted_is_refused(settings: Any) -> None:
    make_file(name="jwst_miri_dark_0001.fits", content=b"held")
    mounted = settings.STORE_ROOT
    settings.STORE_ROOT = mounted.parent / "mount point"
    with pytest.raises(ForeignDataError, match=r"has no server\.json\. Mount the disk"):
        identity.settle()
    with pytest.raises(CommandError, match=r"has none of the newest 1 files"):
        call_command("adopt_data")
    assert not settings.STORE_ROOT.exists()
    shutil.copytree(mounted, settings.STORE_ROOT)
    marker.path().unlink()
    call_command("adopt_data")
    assert identity.require_settled() == "jwst (ops)"


@pytest.mark.usefixtures("_settled")
def test_a_new_database_beside_a_store_takes_its_key(settings: Any) -> None:
    key = Installation.objects.get().key
    Installation.objects.all().delete()
    identity.settle()
    assert Installation.objects.get().key == key
    Installation.objects.all().delete()
    settings.OBSERVATORY = "hst"
    with pytest.raises(ForeignDataError, match=r"The store .* belongs to jwst \(ops\)"):
        identity.settle()


@pytest.mark.usefixtures("_fresh")
def test_an_older_installation_is_taken_for_what_its_files_say(settings: Any) -> None:
    make_file(name="jwst_miri_dark_0001.fits", content=b"held")
    settings.OBSERVATORY = "hst"
    with pytest.raises(ForeignDataError, match=r"\(1 of jwst\).*Set OBSERVATORY=jwst"):
        identity.settle()
    with pytest.raises(CommandError, match="1 of jwst"):
        call_command("adopt_data")
    assert not marker.path().exists()
    settings.OBSERVATORY = "jwst"
    identity.settle()
    assert identity.require_settled() == "jwst (ops)"


@pytest.mark.usefixtures("_fresh")
def test_files_that_a_wrong_setting_registered_do_not_keep_the_right_one_out(settings: Any) -> None:
    for number in (1, 2):
        make_file(name=f"jwst_miri_dark_000{number}.fits", content=b"held %d" % number)
    stray = make_file(name="hst_acs_dark_0001.fits")
    File.objects.filter(pk=stray.pk).update(observatory="hst")
    with pytest.raises(ForeignDataError, match=r"\(2 of jwst, 1 of hst\).*Set OBSERVATORY=jwst"):
        identity.settle()
    call_command("adopt_data")
    assert identity.require_settled() == "jwst (ops)"


@pytest.mark.usefixtures("_fresh")
def test_an_empty_database_beside_an_older_store_is_refused(settings: Any) -> None:
    folder: Path = settings.STORE_ROOT / "mappings" / "hst"
    folder.mkdir(parents=True)
    (folder / "hst_0001.pmap").write_text("x")
    with pytest.raises(ForeignDataError, match=r"has files of hst.*Set OBSERVATORY=hst"):
        identity.settle()


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize("text", ["", "{", "[]", '{"observatory": "jwst"}', "\x00"])
def test_a_damaged_marker_is_refused_with_its_path(text: str) -> None:
    marker.path().write_text(text)
    with pytest.raises(ForeignDataError, match=r"server\.json does not say which server"):
        identity.require_own()

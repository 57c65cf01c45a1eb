"""The client without our server: a published tree behind plain nginx, and a mirror whose origin is gone."""

import base64
import shutil
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.contract.client import Client
from tests.contract.nginx import static_nginx
from tests.live import LiveServer, free_port, live_server, running
from tests.roots import environment_for, filled_root, manage

# What a pipeline does: it asks for the references of a header, and gets their paths in its cache.
GET = """
import crds
header = {"META.INSTRUMENT.NAME": "MIRI", "META.INSTRUMENT.DETECTOR": "MIRIMAGE",
    "META.INSTRUMENT.FILTER": "F560W", "META.EXPOSURE.READPATT": "FASTR1", "META.SUBARRAY.NAME": "FULL",
    "META.OBSERVATION.DATE": "2024-10-02", "META.OBSERVATION.TIME": "19:40:51"}
found = crds.getreferences(header, reftypes=["dark", "flat"], observatory="jwst", context="jwst_0005.pmap")
print(sorted(path.rpartition("/")[2] for path in found.values()))
"""
EXPECTED = "['jwst_miri_dark_0005.fits', 'jwst_miri_flat_0010.fits']"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tree; the server that wrote it never ran, and its store is gone."""
    folder = tmp_path_factory.mktemp("published")
    with filled_root("jwst", folder / "root", fill=("seed_demo",)) as database_url:
        environment = environment_for("jwst", folder / "root", database_url)
        told = manage(environment, "publish_snapshot", str(folder / "tree"))
        assert "new" in told
        again = manage(environment, "publish_snapshot", str(folder / "tree"))
        assert ", 0 of them new" in again
    shutil.rmtree(folder / "root")
    return folder / "tree"


def variables(base: str) -> dict[str, str]:
    """Return what a user sets to use a tree instead of a server."""
    return {
        "CRDS_CONFIG_URI": f"{base}/config/jwst",
        "CRDS_MAPPING_URI": f"{base}/mappings/jwst",
        "CRDS_REFERENCE_URI": f"{base}/references/jwst",
        "CRDS_S3_ENABLED": "1",  # The client then reads mappings by their addresses and asks no server.
    }


def nobody(tmp_path: Path) -> LiveServer:
    """Return a server that is switched off."""
    return LiveServer("jwst", tmp_path, free_port(), {})


@pytest.mark.needs("nginx")
def test_the_client_works_from_plain_nginx_with_our_server_switched_off(tree: Path, tmp_path: Path) -> None:
    port = free_port()
    (cache := tmp_path / "cache").mkdir()
    with static_nginx(tmp_path / "nginx", port=port, root=tree):
        client = Client(nobody(tmp_path), cache)
        done = client.python(GET, **variables(f"http://127.0.0.1:{port}"))
        assert EXPECTED in done.output, done.text
    names = {path.name for path in cache.rglob("*.fits")}
    assert names == {"jwst_miri_dark_0005.fits", "jwst_miri_flat_0010.fits"}


def test_the_manifest_is_signed_and_names_every_file(tree: Path) -> None:
    config = tree / "config" / "jwst"
    manifest = (config / "manifest").read_bytes()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode((config / "manifest.pub").read_bytes()))
    signature = base64.b64decode((config / "manifest.sig").read_bytes())
    key.verify(signature, manifest)
    with pytest.raises(InvalidSignature):
        key.verify(signature, manifest + b"x")
    named = {line.split(" ")[2] for line in manifest.decode().splitlines()}
    there = {
        str(path.relative_to(tree))
        for folder in ("mappings", "references")
        for path in (tree / folder).rglob("*.*")
    }
    assert named == there


def test_a_mirror_answers_the_client_after_the_first_server_is_gone(tmp_path: Path) -> None:
    with filled_root("jwst", tmp_path / "second") as database_url:
        second = environment_for("jwst", tmp_path / "second", database_url)
        with live_server("jwst", tmp_path / "first", fill=("seed_demo",)) as first:
            told = manage(second, "mirror", first.url)
            assert "edit is jwst_0005.pmap" in told, told
            again = manage(second, "mirror", first.url)
            assert "0 files fetched, 0 bytes" in again, again
        (tmp_path / "cache").mkdir()
        assert "0 missing, 0 changed, 0 unknown" in manage(second, "verify_store")
        assert not list((tmp_path / "second" / "mirror").rglob("*.fits"))
        port = free_port()
        environment = second | {"PUBLIC_URL": f"http://localhost:{port}", "WARM_UP": "0"}
        with running(environment, port):
            client = Client(LiveServer("jwst", tmp_path / "second", port, environment), tmp_path / "cache")
            synced = client.crds("sync", "--contexts", "jwst-latest", "--fetch-references")
            assert (synced.status, "0 errors" in synced.text) == (0, True), synced.text
            assert EXPECTED in client.python(GET).output


@pytest.mark.needs("nginx")
def test_a_tree_can_be_mirrored_too(tree: Path, tmp_path: Path) -> None:
    port = free_port()
    with (
        filled_root("jwst", tmp_path / "second") as database_url,
        static_nginx(tmp_path / "nginx", port=port, root=tree),
    ):
        second = environment_for("jwst", tmp_path / "second", database_url)
        assert "edit is jwst_0005.pmap" in manage(second, "mirror", f"http://127.0.0.1:{port}")
        other = second | {"OBSERVATORY": "hst"}
        assert manage(other, "mirror", f"http://127.0.0.1:{port}", check=False)

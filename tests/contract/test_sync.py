"""Checklist of the wire protocol: rules and references arrive complete and verified."""

import hashlib
from pathlib import Path

from tests.contract.client import Client


def mappings(client: Client) -> set[str]:
    return {path.name for path in (client.cache / "mappings" / client.server.observatory).iterdir()}


def references(client: Client) -> list[Path]:
    root = client.cache / "references" / client.server.observatory
    return [path for path in root.rglob("*") if path.is_file()]


def sha1sum(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


def test_rules_of_the_latest_context(hst: Client) -> None:
    done = hst.crds("sync", "--contexts", "hst-latest")
    assert done.status == 0, done.text
    assert "0 errors" in done.text
    assert {"hst_0729.pmap", "hst_acs_0282.imap"} & mappings(hst) >= {"hst_0729.pmap"}
    # Everything is there: the same again downloads nothing and still answers.
    assert hst.crds("sync", "--contexts", "hst-latest").status == 0


def test_rules_of_the_last_five_contexts(hst: Client) -> None:
    done = hst.crds("sync", "--last-n-contexts", "5")
    assert done.status == 0, done.text
    assert {f"hst_0{number}.pmap" for number in range(725, 730)} <= mappings(hst)


def test_references_are_fetched_with_their_rules(demo: Client) -> None:
    done = demo.crds("sync", "--contexts", "jwst-latest", "--fetch-references")
    assert done.status == 0, done.text
    assert len(references(demo)) > 50


def test_everything_with_orphans_is_fetched(demo: Client) -> None:
    done = demo.crds("sync", "--all", "--include-orphans", "--fetch-references")
    assert done.status == 0, done.text
    assert {f"jwst_000{number}.pmap" for number in range(1, 6)} <= mappings(demo)


def test_one_file_by_name(demo: Client) -> None:
    name = "jwst_0001.pmap"
    assert demo.crds("sync", "--files", name).status == 0
    stored = demo.server.root / "store" / "mappings" / "jwst" / name
    assert sha1sum(demo.cache / "mappings" / "jwst" / name) == sha1sum(stored)


def test_an_unknown_file_is_refused_in_the_clients_words(demo: Client) -> None:
    assert "file is not known to CRDS server." in demo.crds("sync", "--files", "nope.pmap").text


def test_a_damaged_copy_is_found_and_repaired(demo: Client) -> None:
    assert demo.crds("sync", "--contexts", "jwst-latest").status == 0
    victim = demo.cache / "mappings" / "jwst" / "jwst_0001.pmap"
    if not victim.exists():
        victim = min((demo.cache / "mappings" / "jwst").iterdir())
    before = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(before[:-1] + b" ")
    demo.crds("sync", "--contexts", "jwst-latest", "--check-sha1sum", "--repair-files")
    assert victim.read_bytes() == before


def test_a_dry_run_writes_nothing(demo: Client) -> None:
    assert demo.crds("sync", "--contexts", "jwst-latest").status == 0
    done = demo.crds("sync", "--contexts", "jwst-latest", "--fetch-references", "--readonly-cache")
    assert done.status == 0, done.text
    assert not (demo.cache / "references").exists() or not references(demo)


def test_the_store_may_be_mounted_as_a_read_only_cache(demo: Client) -> None:
    store = str(demo.server.root / "store")
    done = demo.crds("list", "--status", CRDS_PATH=store, CRDS_READONLY_CACHE="1")
    assert done.status == 0, done.text
    done = demo.python(
        "from crds.core import rmap; print(len(rmap.get_cached_mapping('jwst_0005.pmap').reference_names()))",
        CRDS_PATH=store,
        CRDS_READONLY_CACHE="1",
    )
    assert int(done.output) > 50, done.text


def test_helpers_download_by_list(demo: Client) -> None:
    program = (
        "from crds.client import api\n"
        "print(len(api.dump_mappings('jwst_0005.pmap')))\n"
        "names = api.get_reference_names('jwst_0005.pmap')[:3]\n"
        "print(len(api.dump_references('jwst_0005.pmap', names)))\n"
    )
    done = demo.python(program)
    assert done.status == 0, done.text
    assert len(references(demo)) == 3


def test_known_but_not_held_references_end_in_a_clear_error(hst: Client) -> None:
    name = "n3o1059hj_drk.fits"
    done = hst.crds("sync", "--files", name)
    assert done.status != 0
    assert "404" in done.text, done.text
    assert name in done.text


def test_a_difference_of_two_contexts(jwst: Client) -> None:
    done = jwst.crds("diff", "crds://jwst_0540.pmap", "crds://jwst_0541.pmap", "--sync-files")
    assert "jwst_0541.pmap" in done.text
    assert "Traceback" not in done.text

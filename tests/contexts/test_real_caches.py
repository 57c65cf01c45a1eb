"""The real caches with their altered, unknown and unsound files (the README of the data lists them)."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from apps.catalog import queries as catalog
from apps.catalog import storage
from apps.catalog.errors import NotHeldError
from apps.catalog.models import File
from apps.catalog.reading import checked_path
from apps.contexts import queries
from apps.contexts.errors import UnusableContextError
from tests.shared_data import data_root as real_data

pytestmark = [pytest.mark.django_db, pytest.mark.needs("real-data")]

ALTERED = {
    "hst.pmap",
    "hst_0001.pmap",
    "hst_0002.pmap",
    "hst_acs_0001.imap",
    "hst_acs_0002.imap",
    "hst_acs_biasfile_0001.rmap",
    "hst_acs_biasfile_0002.rmap",
    "hst_cos.imap",
    "hst_cos_0268.imap",
    "hst_cos_flatfile.rmap",
}


def run(capsys: pytest.CaptureFixture[str], root: Path, *options: str) -> dict[str, str]:
    """Import a cache and return the reason for each refused file."""
    call_command("import_cache", str(root), *options)
    return dict(re.findall(r"^not taken: (\S+): (.*)$", capsys.readouterr().out, re.MULTILINE))


def part_of_hst(tmp_path: Path) -> Path:
    """Return a cache with the whole catalog of Hubble, its odd files and one context."""
    whole = real_data()
    wanted = {path.name for path in (whole / "mappings/hst").glob("hst_*_9*.?map")} | ALTERED
    wanted |= {path.name for path in (whole / "mappings/hst").glob("hst_*file_[!0-9]*.rmap")}
    wanted |= {"hst_cos_deadtab_0252.rmap", "hst_0016.pmap", "hst_0350.pmap"}
    (tmp_path / "mappings/hst").mkdir(parents=True)
    for name in wanted:
        (tmp_path / "mappings/hst" / name).symlink_to(whole / "mappings/hst" / name)
    (tmp_path / "references").symlink_to(whole / "references")
    (tmp_path / "config").symlink_to(whole / "config")
    return tmp_path


def test_altered_and_unknown_mappings_of_hst(
    tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.OBSERVATORY = "hst"
    refused = run(capsys, part_of_hst(tmp_path))
    assert {name for name, why in refused.items() if "expected" in why} == ALTERED
    assert sum("is unknown" in why for why in refused.values()) == 12
    assert File.objects.count() == 43768
    assert File.objects.filter(held_at__isnull=False, kind="reference").count() == 5
    assert len(catalog.bad_file_names()) == 99
    assert queries.history().count() == 398
    for name in ALTERED:
        assert not storage.path_of(name).exists()
        with pytest.raises(NotHeldError, match=re.escape(name)):
            checked_path(catalog.get_file(name))
    with pytest.raises(UnusableContextError, match=r"hst_0350\.pmap cannot be used, because it needs"):
        queries.mapping_names("hst_0350.pmap")
    assert queries.resolve("hst-2014-11-11T00:00:00") == "hst_0297.pmap"


def test_the_whole_cache_of_jwst(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.OBSERVATORY = "jwst"
    refused = run(capsys, real_data())
    assert len(refused) == 7
    assert all("is unknown" in why for why in refused.values())
    assert File.objects.filter(held_at__isnull=False).count() == 2482
    assert len(catalog.bad_file_names()) == 54
    assert not File.objects.filter(kind="reference", instrument="").exists()
    assert queries.find_pointed("versions") == "jwst_0526.pmap"
    names = queries.mapping_names("jwst_0541.pmap")
    assert names[:2] == ("jwst_0541.pmap", "jwst_fgs_0073.imap")
    assert queries.resolve("jwst-fgs-lastframe-latest") == "N/A"
    assert queries.resolve("jwst-miri-dark-latest").startswith("jwst_miri_dark_")


def test_what_the_operator_asks_for_of_roman(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.OBSERVATORY = "roman"
    refused = run(capsys, real_data())
    assert refused["roman_0004.pmap"] == "has 341 bytes; 335 were expected."
    assert "without size and sha1sum" in refused["roman_0005.pmap"]
    refused = run(capsys, real_data(), "--take-unknown", "--adopt", "roman_*")
    assert set(refused) == {"roman_wfi_flat_0002.rmap", "roman_wfi_flat_0003.rmap"}
    assert catalog.get_file("roman_0006.pmap").sha1sum == "44534cc5fa2bd16deffbf67b8cfd1f6de7c65aec"
    assert queries.context_for("roman_0006.pmap").instruments()


def test_a_wrong_sha1sum_inside_spoils_the_rules_but_not_the_names(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.OBSERVATORY = "roman"
    run(capsys, real_data(), "--take-unknown", "--adopt", "roman_*")
    with pytest.raises(UnusableContextError, match=r"sha1sum mismatch in 'roman_wfi_epsf_0001\.rmap'"):
        queries.get_context("roman_0007.pmap")
    assert "roman_wfi_epsf_0001.rmap" in queries.mapping_names("roman_0007.pmap")
    assert "roman_wfi_epsf_0001.asdf" in queries.reference_names("roman_0007.pmap")
    assert checked_path(catalog.get_file("roman_wfi_epsf_0001.rmap")).exists()
    assert queries.resolve("roman-wfi-epsf-latest") == "N/A"

"""Differences between observatories: HST names references by time and rewrites them; Roman numbers them."""

import re
from typing import Any

import pytest

from apps.catalog import storage
from apps.catalog.models import File
from apps.contexts import queries as contexts
from apps.rules.text.checksum import text_checksum
from apps.rules.text.parser import parse_mapping
from apps.rules.text.writer import write_mapping
from apps.submissions.operations import confirm
from apps.submissions.states import Kind
from tests.factories.catalog import sha1
from tests.factories.sites import (
    add,
    deliver,
    find_user,
    make_ready,
    process,
    said,
    set_edit,
    snapshot,
    with_keywords,
)
from tests.shared_data import data_root, sample_files

pytestmark = [pytest.mark.django_db, pytest.mark.shared_data]


def make_small_site(observatory: str, instrument: str, rmaps: dict[str, str], pmap: str, imap: str) -> str:
    """Store a context with some of the rmaps of a real one, and make it the edit context."""
    folder = data_root() / "mappings" / observatory

    def text_of(name: str) -> str:
        return (folder / name).read_text()

    for rmap in rmaps.values():
        add(rmap, text_of(rmap).encode())
    for name, kept in ((imap, rmaps), (pmap, {instrument: imap})):
        add(name, _only(text_of(name), kept).encode())
    set_edit(pmap)
    return pmap


def _only(text: str, kept: dict[str, str]) -> str:
    """Return an imap or pmap with only some of its lines."""
    parsed = parse_mapping(text, "")
    assert isinstance(parsed.selector, dict)
    return write_mapping(
        parsed.header, {key: kept[key.lower()] for key in parsed.selector if key.lower() in kept}
    )


@pytest.fixture
def hst(settings: Any) -> str:
    settings.OBSERVATORY = "hst"
    site = make_small_site(
        "hst", "cos", {"deadtab": "hst_cos_deadtab_0250.rmap"}, "hst_0700.pmap", "hst_cos_0305.imap"
    )
    add("s7g1700gl_dead.fits", sample("hst", "s7g1700gl_dead.fits"))
    return site


def sample(observatory: str, name: str) -> bytes:
    return (sample_files() / observatory / name).read_bytes()


def test_hst_references_are_written_again_under_names_that_tell_the_time(hst: str) -> None:
    from astropy.io import fits

    content = sample("hst", "s7g1700hl_dead.fits")
    submission = make_ready({"my_dead.fits": content}, instrument="cos", context=hst)
    confirm(submission, user=find_user())
    official = submission.files.get(name="my_dead.fits").official_name
    assert re.fullmatch(r"[a-z0-9]{8}l_dead\.fits", official)
    path = storage.path_of(official)
    header = fits.getheader(path)
    assert header["FILENAME"] == official
    assert header["ROOTNAME"] == official.removesuffix(".fits").upper()
    assert f"my_dead.fits renamed to {official} on " in str(header["HISTORY"]).replace("\n", "")
    row = File.objects.get(name=official)
    assert row.sha1sum == storage.sha1sum(path) != sha1(content)
    assert row.uploaded_as == "my_dead.fits"
    assert f"'{official}'" in storage.path_of("hst_cos_deadtab_0251.rmap").read_text()

    # The bytes that were uploaded are also recognised.
    before = snapshot()
    again = process(deliver({"again_dead.fits": content}, instrument="cos", context=hst))
    assert f"'again_dead.fits' is identical to existing CRDS file '{official}'" in again.reason
    assert snapshot() == before


def make_roman_site() -> str:
    return make_small_site(
        "roman", "wfi", {"flat": "roman_wfi_flat_0004.rmap"}, "roman_0007.pmap", "roman_wfi_0006.imap"
    )


def test_roman_references_are_numbered(settings: Any) -> None:
    settings.OBSERVATORY = "roman"
    site = make_roman_site()
    content = sample("roman", "roman_wfi16_f158_flat_small.asdf")
    submission = make_ready({"flat.asdf": content}, instrument="wfi", context=site)
    file = submission.files.get(name="flat.asdf")
    assert (file.official_name, file.official_sha1sum) == ("roman_wfi_flat_0001.asdf", sha1(content))
    confirm(submission, user=find_user())
    assert "'roman_wfi_flat_0001.asdf'" in storage.path_of("roman_wfi_flat_0005.rmap").read_text()


@pytest.mark.parametrize(("useafter", "is_chosen"), [("Oct 01 1996", False), ("Oct 01 2010", True)])
def test_an_overlap_of_equal_weight_is_taken_where_rules_allow_it(
    useafter: str, is_chosen: bool, hst: str
) -> None:
    """The rules of both cases are merged for a dataset; if dates are equal, the older case wins."""
    content = with_keywords(sample("hst", "s7g1700gl_dead_overlap.fits"), USEAFTER=f"{useafter} 00:00:00")
    submission = make_ready({"my_dead.fits": content}, instrument="cos", context=hst)
    trial = submission.tests[0]
    assert (trial["name"], trial["status"]) == ("trial insertion into the rmap of cos deadtab", "OK")
    assert "('FUV|NUV',)" in said(submission)
    confirm(submission, user=find_user())
    new = submission.files.get(name="my_dead.fits").official_name
    rules = contexts.get_context(snapshot().edit)
    for detector, old in (("FUV", "s7g1700gl_dead.fits"), ("NUV", "s7g1700ql_dead.fits")):
        header = {"INSTRUME": "COS", "DETECTOR": detector, "DATE-OBS": "2020-01-01", "TIME-OBS": "00:00:00"}
        assert rules.best_references(header)["deadtab"] == (new if is_chosen else old)


def test_a_mapping_of_roman_becomes_part_of_new_contexts(settings: Any) -> None:
    settings.OBSERVATORY = "roman"
    site = make_roman_site()
    text = storage.path_of("roman_wfi_flat_0004.rmap").read_text()
    row = "        '2020-01-01 00:00:00' : 'roman_wfi_flat_0004.asdf',\n"
    for name in ("roman_wfi_flat_0004.asdf", "roman_wfi_flat_0005.asdf"):
        add(name, name.encode())
    assert row in text
    edited = text.replace(row, row + row.replace("2020", "2030").replace("0004", "0005"))
    options = {"kind": Kind.MAPPINGS, "instrument": "wfi", "context": site}
    submission = make_ready({"roman_wfi_flat_0004.rmap": edited.encode()}, **options)
    confirm(submission, user=find_user())
    text = storage.path_of("roman_wfi_flat_0005.rmap").read_text()
    parsed = parse_mapping(text, "roman_wfi_flat_0005.rmap")
    assert parsed.header["sha1sum"] == text_checksum(text)
    assert parsed.header["derived_from"] == "roman_wfi_flat_0004.rmap"
    assert "'roman_wfi_flat_0005.rmap'" in storage.path_of("roman_wfi_0007.imap").read_text()
    assert snapshot().edit == "roman_0008.pmap"

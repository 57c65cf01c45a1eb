"""Official names: their form, their order and that no two are alike."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.rules.naming.file_names import is_file_name
from apps.rules.naming.official_names import (
    SLOT,
    NamingError,
    is_timed,
    keeps_name,
    next_serial,
    next_timed_name,
    numbered_name,
    stem,
    time_code,
    timed_name,
)
from apps.rules.observatories import SHIPPED, get_observatory

HST, JWST, ROMAN = (get_observatory(name) for name in ("hst", "jwst", "roman"))

kinds = st.sampled_from(
    [
        (get_observatory(name), instrument, filekind)
        for name in SHIPPED
        for instrument, filekinds in get_observatory(name).types.items()
        for filekind in filekinds
    ]
)
hst_kinds = st.sampled_from([(i, k) for i, filekinds in HST.types.items() for k in filekinds])
extensions = st.sampled_from([".fits", ".asdf", ".json", ".yaml", ".rmap"])
serials = st.integers(0, 20_000)
NOW = datetime.fromisoformat("2026-01-01")
moments = st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2025-12-31 23:59:59"))


@given(kinds, extensions, serials)
def test_every_numbered_name_is_a_file_name_and_tells_its_serial(kind, extension, serial) -> None:
    observatory, instrument, filekind = kind
    where = stem(observatory, instrument=instrument, filekind=filekind)
    name = numbered_name(where, extension, serial)
    assert is_file_name(name)
    assert name.startswith(f"{observatory.name}_{instrument}_{filekind}_")
    assert next_serial(where, extension, [name]) == serial + 1


@given(st.lists(st.tuples(st.sampled_from([".fits", ".asdf"]), serials), max_size=20))
def test_the_next_serial_was_never_given(given_names) -> None:
    where = stem(JWST, instrument="miri", filekind="flat")
    names = [numbered_name(where, extension, serial) for extension, serial in given_names]
    for extension in (".fits", ".asdf"):
        assert numbered_name(where, extension, next_serial(where, extension, names)) not in names


def test_serials_are_counted_for_each_stem_and_extension() -> None:
    names = ["jwst_miri_flat_0009.fits", "jwst_miri_flat_0010.asdf", "jwst_miri_flatx_0099.fits", "jwst.pmap"]
    assert next_serial("jwst_miri_flat", ".fits", names) == 10
    assert next_serial("jwst_miri_flat", ".asdf", names) == 11
    assert next_serial("jwst_miri_flat", ".json", names) == 1
    assert next_serial("jwst", ".pmap", names) == 1


def test_after_9999_a_digit_is_added() -> None:
    assert next_serial("jwst", ".pmap", ["jwst_9999.pmap"]) == 10_000
    assert numbered_name("jwst", ".pmap", 10_000) == "jwst_10000.pmap"
    assert next_serial("jwst", ".pmap", ["jwst_10000.pmap"]) == 10_001


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "jwst"),
        ({"instrument": "miri"}, "jwst_miri"),
        ({"instrument": "miri", "filekind": "flat"}, "jwst_miri_flat"),
    ],
)
def test_the_stem_tells_the_level(facts, expected) -> None:
    assert stem(JWST, **facts) == expected


@pytest.mark.parametrize(
    "facts",
    [
        {"instrument": "MIRI"},
        {"instrument": "../x"},
        {"filekind": "flat"},
        {"instrument": "miri", "filekind": "a_b"},
    ],
)
def test_parts_of_another_form_are_refused(facts) -> None:
    with pytest.raises(NamingError):
        stem(JWST, **facts)


@given(hst_kinds, moments)
def test_a_timed_name_has_the_form_clients_know(kind, moment) -> None:
    instrument, filekind = kind
    name = timed_name(HST, instrument=instrument, filekind=filekind, extension=".fits", moment=moment)
    unique, _, rest = name.partition("_")
    assert len(unique) == 9
    assert (
        unique[8]
        == {"acs": "j", "wfc3": "i", "stis": "o", "cos": "l", "wfpc2": "u", "nicmos": "n", "synphot": "m"}[
            instrument
        ]
    )
    assert rest == f"{HST.types[instrument][filekind]['suffix']}.fits"
    assert is_file_name(name)


@given(moments, st.integers(0, 10**8))
def test_within_an_era_of_years_codes_of_different_slots_differ(moment, seconds) -> None:
    other = moment + timedelta(seconds=seconds)
    if other.year > 2025:
        return
    same_slot = moment.replace(microsecond=0, second=moment.second // 2 * 2) == other.replace(
        microsecond=0, second=other.second // 2 * 2
    )
    assert (time_code(moment) == time_code(other)) == same_slot


@pytest.mark.parametrize(
    ("year", "letter"), [(1990, "a"), (2015, "z"), (2016, "0"), (2025, "9"), (2026, "a"), (2027, "b")]
)
def test_the_year_is_one_character_and_starts_again_after_36(year, letter) -> None:
    assert time_code(datetime.fromisoformat(f"{year}-01-01"))[0] == letter


@given(st.integers(1, 40), moments)
def test_names_of_one_moment_take_slots_one_after_the_other(count, moment) -> None:
    taken: set[str] = set()
    where = {"instrument": "cos", "filekind": "deadtab", "extension": ".fits"}
    at = moment
    for _ in range(count):
        name, at = next_timed_name(HST, **where, moment=at, taken=taken)
        assert name not in taken
        taken.add(name)
    assert at == moment + (count - 1) * SLOT


def test_throughput_and_thermal_files_keep_their_names_and_tables_do_not() -> None:
    kept = {kind for kind in HST.types["synphot"] if keeps_name(HST, instrument="synphot", filekind=kind)}
    assert kept == {"thruput", "thermal"}
    assert not keeps_name(HST, instrument="cos", filekind="deadtab")
    assert not keeps_name(JWST, instrument="miri", filekind="flat")


def test_only_hst_names_by_time() -> None:
    assert [is_timed(observatory) for observatory in (HST, JWST, ROMAN)] == [True, False, False]
    with pytest.raises(NamingError, match="by time"):
        timed_name(JWST, instrument="miri", filekind="flat", extension=".fits", moment=NOW)
    with pytest.raises(NamingError, match="nothing"):
        timed_name(HST, instrument="cos", filekind="nothing", extension=".fits", moment=NOW)


@pytest.mark.parametrize("extension", ["fits", ".exe", ".fits/x", ""])
def test_foreign_extensions_are_refused(extension) -> None:
    with pytest.raises(NamingError):
        numbered_name("jwst", extension, 1)

from types import SimpleNamespace

from apps.bestrefs.headers import complete_header


def context(observatory: str, **parkeys: list[str]) -> SimpleNamespace:
    return SimpleNamespace(observatory=observatory, required_parkeys=lambda: parkeys)


def test_missing_parkeys_are_undefined_and_others_untouched() -> None:
    header = {"INSTRUME": "COS", "DETECTOR": "FUV"}
    found = complete_header(header, context("hst", cos=["INSTRUME", "DETECTOR", "FILTER"], acs=["OTHER"]))
    assert found == header | {"FILTER": "UNDEFINED"}
    assert header == {"INSTRUME": "COS", "DETECTOR": "FUV"}


def test_only_webb_has_the_type_of_a_reference_in_headers_of_datasets() -> None:
    hubble = complete_header({"INSTRUME": "COS"}, context("hst", cos=["INSTRUME", "REFTYPE"]))
    assert hubble == {"INSTRUME": "COS"}
    webb = {"META.INSTRUMENT.NAME": "MIRI"}
    found = complete_header(webb, context("jwst", miri=["META.INSTRUMENT.NAME", "REFTYPE"]))
    assert found == webb | {"REFTYPE": "UNDEFINED"}
    own = {"INSTRUME": "COS", "REFTYPE": "DARK"}
    assert complete_header(own, context("hst", cos=["REFTYPE"])) == own


def test_a_header_of_an_unknown_instrument_stays_as_it_is() -> None:
    assert complete_header({"INSTRUME": "STIS"}, context("hst", cos=["DETECTOR"])) == {"INSTRUME": "STIS"}


def test_roman_clients_find_the_date_only_where_others_have_it() -> None:
    header = {
        "ROMAN.META.INSTRUMENT.NAME": "WFI",
        "ROMAN.META.EXPOSURE.START_TIME": "2027-01-02T03:04:05.678",
    }
    found = complete_header(header, context("roman", wfi=[]))
    assert found == header | {"DATE-OBS": "2027-01-02", "TIME-OBS": "03:04:05"}

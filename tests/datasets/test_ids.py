import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.datasets.errors import BadDatasetIdError
from apps.datasets.ids import DatasetId, find_instrument, parse_id
from apps.rules.observatories import dataset_ids

JWST = "JW94015004002_02109_00001.MIRIMAGE"
ROMAN = "R0000101001001001001_0001.WFI16"


@pytest.mark.parametrize(
    ("observatory", "text", "expected"),
    [
        ("hst", "i9zf01010:I9ZF01dzq", "I9ZF01010:I9ZF01DZQ"),
        ("jwst", JWST.lower(), f"{JWST}:{JWST}"),
        ("jwst", "jw94015004002_02109_00001_mirimage", f"{JWST}:{JWST}"),
        ("jwst", f"{JWST.replace('.', '_')}:{JWST}", f"{JWST}:{JWST}"),
        (
            "jwst",
            "JW88600071001_02101_00001_nrs1",
            "JW88600071001_02101_00001.NRS1:JW88600071001_02101_00001.NRS1",
        ),
        ("roman", f"{ROMAN}:{ROMAN}", f"{ROMAN}:{ROMAN}"),
        (
            "roman",
            "R0000101001001001001_0001_WFI01",
            "R0000101001001001001_0001.WFI01:R0000101001001001001_0001.WFI01",
        ),
    ],
)
def test_each_spelling_of_an_id_means_the_same(observatory: str, text: str, expected: str) -> None:
    assert str(parse_id(text, dataset_ids(observatory))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "A:",
        ":B",
        "A:B:C",
        "A B",
        "../ETC",
        "A/B",
        "Ä",
        "straße",
        "A\0",
        "<b>",
        "A\nB",
        "X" * 129,
        "A%00",
        "-A",
    ],
)
def test_a_text_that_cannot_be_an_id_is_refused(text: str) -> None:
    with pytest.raises(BadDatasetIdError, match="is not a dataset id; one looks like"):
        parse_id(text, dataset_ids("hst"))


@given(st.text(max_size=400))
def test_any_text_is_an_id_with_safe_characters_or_refused(text: str) -> None:
    for observatory in ("hst", "jwst", "roman", "tobs"):
        try:
            found = parse_id(text, dataset_ids(observatory))
        except BadDatasetIdError:
            continue
        assert str(found).count(":") == 1
        assert str(found).isascii()
        assert len(str(found)) <= 257
        assert parse_id(str(found), dataset_ids(observatory)) == DatasetId(*str(found).split(":"))


@pytest.mark.parametrize(
    ("observatory", "text", "instrument"),
    [
        ("hst", "I9ZF01010", "wfc3"),
        ("hst", "J9ZF01010", "acs"),
        ("hst", "L9ZF01010:X", "cos"),
        ("hst", "N9ZF01010", "nicmos"),
        ("hst", "X:O9ZF01010", "stis"),
        ("hst", "U9ZF01010", "wfpc2"),
        ("hst", "BAR", None),
        ("hst", "JUNK", None),
        ("jwst", JWST, "miri"),
        ("jwst", "jw00001001001_02101_00001_nrca1", "nircam"),
        ("jwst", "JW00001001001_02101_00001.NRCBLONG", "nircam"),
        ("jwst", "JW00001001001_02101_00001.NRS2", "nirspec"),
        ("jwst", "JW00001001001_02101_00001.NIS", "niriss"),
        ("jwst", "JW00001001001_02101_00001.GUIDER1", "fgs"),
        ("jwst", "JW00001001001_02101_00001", None),
        ("roman", ROMAN, "wfi"),
        ("roman", "BAR", None),
    ],
)
def test_an_id_tells_its_instrument(observatory: str, text: str, instrument: str | None) -> None:
    grammar = dataset_ids(observatory)
    assert find_instrument(parse_id(text, grammar), grammar) == instrument


@pytest.mark.parametrize(
    ("observatory", "header", "expected"),
    [
        ("hst", {"ROOTNAME": "j8bt05njq", "ASN_ID": "J8BT05020"}, ("J8BT05020", "J8BT05NJQ")),
        ("hst", {"FILENAME": "j8bt05njq_raw.fits", "ASN_ID": "NONE"}, ("J8BT05NJQ", "J8BT05NJQ")),
        ("jwst", {"FILENAME": "jw94015004002_02109_00001_mirimage_uncal.fits"}, (JWST, JWST)),
        ("roman", {"ROMAN.META.FILENAME": "r0000101001001001001_0001_wfi16_uncal.asdf"}, (ROMAN, ROMAN)),
        ("roman", {"ROMAN.META.FILENAME": "roman_wfi16_flat.asdf"}, None),
        ("hst", {"ROOTNAME": "../../etc/passwd"}, None),
        ("hst", {}, None),
    ],
)
def test_a_header_tells_its_id(observatory: str, header: dict[str, str], expected: object) -> None:
    assert dataset_ids(observatory).find_in_header(header) == expected

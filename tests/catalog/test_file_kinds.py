import pytest

from apps.catalog.errors import BadNameError
from apps.catalog.file_kinds import kind_of, type_in_name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("jwst_0001.pmap", "mapping"),
        ("jwst_miri.imap", "mapping"),
        ("v9718260j_drk.fits", "reference"),
        ("d6n1328ou.r6h", "reference"),
        ("d6n1328ou.r6d", "reference"),
        ("a.asdf", "reference"),
        ("a.json", "reference"),
        ("a.yaml", "reference"),
        ("a.text", "reference"),
    ],
)
def test_names_tell_the_kind_of_file(name: str, kind: str) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    "name", ["a.exe", "a", "a.txt", "../a.fits", "a.fits ", "a.r10h", "a.rxh", ".fits", ""]
)
def test_names_no_client_downloads_are_refused(name: str) -> None:
    with pytest.raises(BadNameError):
        kind_of(name)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("jwst_0001.pmap", ("", "")),
        ("jwst_na_omit.pmap", ("", "")),
        ("jwst_miri_0003.imap", ("miri", "")),
        ("jwst_miri.imap", ("miri", "")),
        ("jwst_miri_dark_0003.rmap", ("miri", "dark")),
        ("jwst_miri_pars-outlier_0003.asdf", ("miri", "pars-outlier")),
        ("hst_miri_dark_0003.fits", ("", "")),
        ("v9718260j_drk.fits", ("", "")),
    ],
)
def test_names_tell_instrument_and_filekind_where_they_are_systematic(
    name: str, told: tuple[str, str]
) -> None:
    assert type_in_name(name, observatory="jwst") == told

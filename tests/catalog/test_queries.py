import fnmatch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.catalog import audit, queries
from apps.catalog.errors import UnknownFileError
from apps.catalog.models import File
from apps.catalog.states import FileKind, FileState
from apps.core.errors import InvalidInputError
from tests.factories.catalog import make_file

pytestmark = pytest.mark.django_db


def test_an_unknown_file_is_named() -> None:
    with pytest.raises(UnknownFileError, match=r"nope\.fits"):
        queries.get_file("nope.fits")
    assert queries.find_file("nope.fits") is None


def test_many_names_are_found_in_pieces() -> None:
    make_file("jwst_miri_dark_0001.fits")
    names = [f"jwst_miri_dark_{number:04}.fits" for number in range(1200)]
    assert list(queries.files_named(names)) == ["jwst_miri_dark_0001.fits"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*", ["B.fits", "a_1.fits", "a_2.fits", "ab1.fits"]),
        ("a*", ["a_1.fits", "a_2.fits", "ab1.fits"]),
        ("A*", []),
        ("a_?.fits", ["a_1.fits", "a_2.fits"]),
        ("a[!_]1.fits", ["ab1.fits"]),
        ("[aB]*", ["B.fits", "a_1.fits", "a_2.fits", "ab1.fits"]),
        ("a_1", []),
        ("a[", []),
    ],
)
def test_patterns_match_whole_names_sorted_as_bytes(pattern: str, names: list[str]) -> None:
    for name in ("a_1.fits", "a_2.fits", "ab1.fits", "B.fits"):
        make_file(name)
    make_file("a_0001.pmap")
    make_file("a_9.fits", state=FileState.UPLOADED)
    assert queries.names_matching(FileKind.REFERENCE, pattern) == names


@pytest.mark.parametrize("pattern", ["", "a/b", "../*", "a" * 129, "a\0", "%", "(a+)+$"])
def test_patterns_that_match_no_file_name_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidInputError, match="Bad pattern"):
        queries.names_matching(FileKind.MAPPING, pattern)


def test_bad_files_are_those_marked_themselves() -> None:
    make_file("b.fits", rejected=True)
    make_file("a_r.rmap", rejected=True, blacklisted=True)
    make_file("a.pmap", blacklisted=True)
    assert queries.bad_file_names() == ["a_r.rmap", "b.fits"]


def test_the_revision_grows_with_every_record() -> None:
    before = queries.revision()
    audit.noted("test", user="tester")
    assert queries.revision() == before + 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.sampled_from([*"*?._a-^! ", "[a-j]", "[!m]", "[^m]", "jwst", "miri", "fits"]), min_size=1))
def test_patterns_match_as_in_a_shell_whatever_the_database_excludes_before(parts: list[str]) -> None:
    pattern = "".join(parts)[:128]
    known = ["jwst_miri_a.fits", "jwst_miri_m.fits", "JWST_MIRI_A.fits", "a-a.fits", "jwst_^.fits"]
    for name in known:
        File.objects.get_or_create(name=name, defaults={"kind": "reference"})
    wanted = sorted(name for name in known if fnmatch.fnmatchcase(name, pattern))
    assert queries.names_matching(FileKind.REFERENCE, pattern) == wanted

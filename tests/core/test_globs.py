import fnmatch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.catalog.models import AuditRecord
from apps.core.errors import InvalidInputError
from apps.core.globs import clean_glob, matching

NAMES = (
    "jwst_0001.pmap",
    "jwst_miri_dark_0001.rmap",
    "JWST_0001.pmap",
    "a b.fits",
    "a-b_c.json",
    "aXfits",
    "",
)
PARTS = st.sampled_from(
    [
        "*",
        "?",
        "[a-j]",
        "[!a-j]",
        "[0-9]",
        "[.x]",
        "jwst",
        "_",
        "0001",
        ".",
        "pmap",
        "a",
        "-",
        " ",
        "[A-Z_a-z]",
    ]
)


def found(pattern: str) -> set[str]:
    return set(
        AuditRecord.objects.filter(matching("filename", clean_glob(pattern))).values_list(
            "filename", flat=True
        )
    )


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(PARTS, min_size=1, max_size=6).map("".join))
def test_the_database_matches_as_the_shell_does(pattern: str) -> None:
    AuditRecord.objects.all().delete()
    AuditRecord.objects.bulk_create(AuditRecord(filename=name) for name in NAMES)
    assert found(pattern) == {name for name in NAMES if fnmatch.fnmatchcase(name, pattern)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 129,
        "[",
        "[]",
        "[a",
        "a]",
        "[z-a]",
        "[b-ad-c]",
        "a/b",
        "a'b",
        "a\\b",
        "%",
        "a\n",
        "\x00",
        "é",
        "[[:alpha:]]",
        "[a-]",
        "(a)",
        "a{2}",
        "[^a]",
    ],
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="Bad pattern"):
        clean_glob(text)


def test_the_longest_pattern_is_accepted() -> None:
    assert clean_glob("*a" * 64) == "*a" * 64

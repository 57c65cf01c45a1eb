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
PARTS = [*"*?._a- ", "[a-j]", "[!a-j]", "[0-9]", "[.x]", "[A-Z_a-z]", "jwst", "0001", "pmap"]


def found(pattern: str) -> set[str]:
    rows = AuditRecord.objects.filter(matching("filename", clean_glob(pattern)))
    return set(rows.values_list("filename", flat=True))


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=6).map("".join))
def test_the_database_matches_as_the_shell_does(pattern: str) -> None:
    AuditRecord.objects.all().delete()
    AuditRecord.objects.bulk_create(AuditRecord(filename=name) for name in NAMES)
    assert found(pattern) == {name for name in NAMES if fnmatch.fnmatchcase(name, pattern)}


BAD = "[ [] [a a] [z-a] [b-ad-c] [[:alpha:]] [a-] [^a] a/b a'b a\\b % (a) a{2} é"


@pytest.mark.parametrize("text", [*BAD.split(), "", "a" * 129, "*a" * 11, "a\n", "\0"])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="Bad pattern"):
        clean_glob(text)


def test_the_longest_pattern_is_accepted() -> None:
    assert clean_glob("*a" * 10 + "a" * 108)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.sampled_from([*PARTS, "%", "\\", "^", "]", "é"]), max_size=4).map("".join))
def test_a_beginning_is_any_text_and_its_case_counts(text: str) -> None:
    AuditRecord.objects.all().delete()
    known = {*NAMES, text, f"{text}x", f"x{text}", text.upper()}
    AuditRecord.objects.bulk_create(AuditRecord(filename=name, action="rename", user="x") for name in known)
    rows = AuditRecord.objects.filter(filename__begins=text)
    assert {row.filename for row in rows} == {name for name in known if name.startswith(text)}

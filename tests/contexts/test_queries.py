import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.catalog.models import File
from apps.contexts import queries
from apps.contexts.errors import (
    InvalidDateContextError,
    UnknownBuildError,
    UnknownContextError,
    UnknownPipelineError,
    UnusableContextError,
)
from apps.contexts.models import RemotePipeline
from apps.core.errors import InvalidInputError
from tests.factories.catalog import make_file, make_imap, make_pmap, small_context
from tests.factories.contexts import make_change, make_context

pytestmark = pytest.mark.django_db


def eras() -> None:
    """Make three eras that meet at the starts of 2016, 2017 and 2018."""
    for year, context in ((2016, "jwst_0001.pmap"), (2018, "jwst_0001.pmap"), (2017, "jwst_0002.pmap")):
        make_change(context, started_at=datetime(year, 1, 1, tzinfo=UTC))


def test_pointers_stand_where_they_were_moved_last() -> None:
    eras()
    assert queries.find_pointed("latest") == "jwst_0001.pmap"
    assert queries.find_pointed("edit") is None
    assert [era.started_at.year for era in queries.history()] == [2018, 2017, 2016]


@pytest.mark.parametrize(
    ("specifier", "context"),
    [
        ("2016-12-31T23:59:59.999999", "jwst_0001.pmap"),
        ("2017-01-01", "jwst_0002.pmap"),
        ("2017-01-01T00:00:00.000001", "jwst_0002.pmap"),
        ("jwst-2017-06-01T00:00:00", "jwst_0002.pmap"),
        ("2016-01-01", "jwst_0001.pmap"),
        ("9999-12-31", "jwst_0001.pmap"),
        (None, "jwst_0001.pmap"),
        ("null", "jwst_0001.pmap"),
        ("None", "jwst_0001.pmap"),
        ("latest", "jwst_0001.pmap"),
        ("jwst-operational", "jwst_0001.pmap"),
        ("jwst-edit", "jwst_0003.pmap"),
        ("build", "jwst_0001.pmap"),
        ("jwst-build", "jwst_0001.pmap"),
        ("jwst_0099.pmap", "jwst_0099.pmap"),
        ("jwst_miri_dark_0001.rmap", "jwst_miri_dark_0001.rmap"),
    ],
)
def test_specifiers_mean_contexts(specifier: str | None, context: str) -> None:
    eras()
    make_change("jwst_0003.pmap", pointer="edit")
    assert queries.resolve(specifier) == context


@pytest.mark.parametrize(
    ("specifier", "text"),
    [
        ("jwst-foo-2018-01-01", "Bad instrument 'foo' in CRDS date based context specification."),
        ("jwst-all-dark-latest", "Bad instrument 'all' in CRDS date based context specification."),
        ("hst-latest", "Bad observatory 'hst' in CRDS date based context specification."),
        ("2015-12-31T23:59:59.999999", "No context was in use at 2015-12-31 23:59:59.999999"),
        ("jwst-2016-13-45", "Bad date '2016-13-45'"),
        ("jwst-edit-foo", "is not a context specification"),
        ("", "The context is empty. Name a mapping, jwst_0001.pmap for example, or jwst-latest."),
        ("  ", "The context is empty."),
    ],
)
def test_bad_specifiers_say_what_is_bad(specifier: str, text: str) -> None:
    eras()
    with pytest.raises(InvalidDateContextError) as caught:
        queries.resolve(specifier)
    assert str(caught.value).startswith(text) or text in str(caught.value)
    assert caught.value.code == "InvalidDateBasedContext"


@pytest.mark.parametrize("specifier", ["latest", "jwst-edit", "build", "jwst-versions", "2016-01-01", None])
def test_a_pointer_never_set_is_an_error(specifier: str | None) -> None:
    with pytest.raises(UnknownContextError, match="has been set for jwst"):
        queries.resolve(specifier)


@pytest.mark.parametrize(
    ("specifier", "name"),
    [
        ("jwst-miri-latest", "jwst_miri_0001.imap"),
        ("jwst-miri-dark-latest", "jwst_miri_dark_0001.rmap"),
        ("jwst-miri-dark-2016-01-01", "jwst_miri_dark_0001.rmap"),
        ("jwst-miri-flat-latest", "N/A"),
        ("jwst-miri-area-latest", "N/A"),
        ("jwst-miri-nosuchtype-latest", "N/A"),
        ("jwst-fgs-latest", "N/A"),
        ("jwst-nirspec-latest", "N/A"),
        ("jwst-nirspec-dark-latest", "N/A"),
    ],
)
def test_specifiers_mean_parts_of_contexts(specifier: str, name: str) -> None:
    texts = small_context()
    texts["jwst_0001.pmap"] = make_pmap(imaps={"MIRI": "jwst_miri_0001.imap", "NIRSPEC": "N/A"})
    rmaps = {"DARK": "jwst_miri_dark_0001.rmap", "FLAT": "N/A", "AREA": "OMIT"}
    texts["jwst_miri_0001.imap"] = make_imap(rmaps=rmaps)
    make_context(texts=texts)
    make_change()
    assert queries.resolve(specifier) == name


def test_a_pipeline_context_is_a_pmap() -> None:
    make_context()
    make_change()
    assert queries.resolve_pipeline("jwst-latest") == "jwst_0001.pmap"
    for specifier in ("jwst-miri-latest", "jwst_miri_0001.imap"):
        with pytest.raises(InvalidDateContextError, match=r"means jwst_miri_0001\.imap"):
            queries.resolve_pipeline(specifier)


@given(st.text(max_size=60))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_specifier_is_more_than_refused(specifier: str) -> None:
    with contextlib.suppress(InvalidDateContextError, UnknownContextError):
        assert queries.resolve(specifier).endswith(("map", "N/A"))


def test_a_closure_holds_the_mapping_itself_and_is_sorted() -> None:
    make_context()
    assert queries.mapping_names("jwst_0001.pmap") == tuple(sorted(small_context()))
    assert queries.mapping_names("jwst_miri_0001.imap") == ("jwst_miri_0001.imap", "jwst_miri_dark_0001.rmap")
    assert queries.mapping_names("jwst_miri_dark_0001.rmap") == ("jwst_miri_dark_0001.rmap",)
    assert queries.reference_names("jwst_0001.pmap") == ("jwst_miri_dark_0001.fits",)


def test_a_closure_has_no_directories_and_no_special_values() -> None:
    rmaps = {"DARK": "old/jwst_miri_dark_0001.rmap", "FLAT": "N/A", "AREA": "OMIT"}
    make_context(texts=small_context() | {"jwst_miri_0001.imap": make_imap(rmaps=rmaps)})
    assert queries.mapping_names("jwst_0001.pmap") == tuple(sorted(small_context()))


@pytest.mark.parametrize("name", ["nope.pmap", "nope.rmap", "../jwst_0001.pmap", "jwst_0001", "", "a.fits"])
@pytest.mark.parametrize("question", ["mapping_names", "reference_names", "get_context"])
def test_an_unknown_mapping_is_named(name: str, question: str) -> None:
    with pytest.raises(UnknownContextError, match="is not known to this server") as caught:
        getattr(queries, question)(name)
    assert repr(name) in str(caught.value)


def test_a_mapping_that_is_not_held_is_named() -> None:
    texts = small_context()
    make_file("jwst_miri_dark_0001.rmap")
    del texts["jwst_miri_dark_0001.rmap"]
    make_context(texts=texts)
    assert "jwst_miri_dark_0001.rmap" in queries.mapping_names("jwst_0001.pmap")
    with pytest.raises(
        UnusableContextError, match=r"needs jwst_miri_dark_0001\.rmap: .* is catalogued, but .* not hold"
    ):
        queries.get_context("jwst_0001.pmap")


def test_a_mapping_nobody_knows_is_named_with_the_context_that_needs_it() -> None:
    texts = small_context()
    del texts["jwst_miri_0001.imap"]
    make_context(texts=texts)
    with pytest.raises(
        UnusableContextError, match=r"jwst_0001\.pmap .* needs jwst_miri_0001\.imap: .* not known"
    ):
        queries.mapping_names("jwst_0001.pmap")


@pytest.mark.parametrize("text", ["", "nonsense", "header = {}\nselector = {}\n", "\xff"])
def test_a_mapping_that_is_none_is_named(text: str) -> None:
    make_context(texts=small_context() | {"jwst_miri_0001.imap": text})
    for question in (queries.get_context, queries.mapping_names):
        with pytest.raises(UnusableContextError, match=r"jwst_miri_0001\.imap"):
            question("jwst_0001.pmap")


def test_a_mapping_that_is_no_text_is_named() -> None:
    make_context()
    make_file("jwst_0002.pmap", content=b"\xff\xfe")
    with pytest.raises(UnusableContextError, match=r"jwst_0002\.pmap is not UTF-8"):
        queries.get_context("jwst_0002.pmap")


def builds() -> None:
    for number, version in enumerate(["1.14.0", "1.14.2", "1.13.9", "1.20.0rc1", "2.0", "unknown"], start=1):
        make_change(
            f"jwst_000{number}.pmap",
            pointer="build",
            calibration_version=version,
            started_at=datetime(2016, 1, number, tzinfo=UTC),
        )


@pytest.mark.parametrize(
    ("version", "context"),
    [
        ("1.14.2", "jwst_0002.pmap"),
        ("1.14.1", "jwst_0001.pmap"),
        ("1.14.99", "jwst_0002.pmap"),
        ("1.14", "jwst_0001.pmap"),
        ("1.13.10", "jwst_0003.pmap"),
        ("1.20.0rc1", "jwst_0004.pmap"),
        ("1.20.0", "jwst_0004.pmap"),
        ("2", "jwst_0005.pmap"),
        ("2.0.1", "jwst_0005.pmap"),
    ],
)
def test_a_build_is_exact_or_the_closest_earlier_patch(version: str, context: str) -> None:
    builds()
    assert queries.build_context(version) == context


@pytest.mark.parametrize("version", ["1.13.8", "1.15.0", "0.14.2", "3"])
def test_a_version_without_build_is_an_error(version: str) -> None:
    builds()
    with pytest.raises(UnknownBuildError, match=r"known are .*1\.14\.0"):
        queries.build_context(version)


@pytest.mark.parametrize("version", ["", "dev", "unknown", "1.14.1; drop", "1" * 33, "1.14\n", "٢"])
def test_what_is_no_version_is_refused(version: str) -> None:
    builds()
    with pytest.raises(InvalidInputError, match="Bad calibration version"):
        queries.build_context(version)


def test_a_version_tied_anew_gives_the_newer_context() -> None:
    make_change("jwst_0001.pmap", pointer="build", calibration_version="1.0.0")
    make_change(
        "jwst_0002.pmap",
        pointer="build",
        calibration_version="1.0.0",
        started_at=datetime(2017, 1, 1, tzinfo=UTC),
    )
    assert queries.build_context("1.0.0") == queries.resolve("jwst-build") == "jwst_0002.pmap"


def test_a_pipeline_that_is_unknown_or_silent_is_an_error() -> None:
    RemotePipeline.objects.create(name="silent", key_sha256="0" * 64)
    for name in ("nobody", "silent", "x" * 1000):
        with pytest.raises(UnknownPipelineError):
            queries.remote_context(name)


def test_a_literal_costs_no_query(django_assert_num_queries: Any) -> None:
    make_context()
    queries.context_for("jwst_0001.pmap")
    with django_assert_num_queries(0):
        queries.context_for("jwst_0001.pmap")
        queries.mapping_names("jwst_0001.pmap")
    make_change()
    with django_assert_num_queries(1):
        queries.context_for("jwst-latest")


def test_pmap_and_imaps_are_known_although_no_rmap_is_held() -> None:
    make_context()
    File.objects.filter(name="jwst_miri_dark_0001.rmap").update(held_at=None)
    assert sorted(queries.upper_mappings_of("jwst_0001.pmap")) == ["jwst_0001.pmap", "jwst_miri_0001.imap"]
    with pytest.raises(UnusableContextError, match=r"needs jwst_miri_dark_0001\.rmap"):
        queries.mappings_of("jwst_0001.pmap")


def test_only_mappings_that_are_bad_themselves_are_named() -> None:
    make_context()
    File.objects.filter(name="jwst_miri_dark_0001.rmap").update(rejected=True, blacklisted=True)
    File.objects.filter(name="jwst_0001.pmap").update(blacklisted=True)
    make_file("jwst_fgs_dark_0001.rmap", rejected=True)
    assert queries.bad_mappings("jwst_0001.pmap") == ["jwst_miri_dark_0001.rmap"]

"""Checklist of the wire protocol: status, configuration, pointers, specifiers, ranges."""

import pytest

from tests.contract.client import Client
from tests.shared_data import data_root


def test_status(hst: Client) -> None:
    done = hst.crds("list", "--status")
    assert done.status == 0, done.text
    assert "Effective Context = 'hst_0729.pmap'" in done.text
    assert "Last Synced = " in done.text


def test_status_of_webb_asks_for_the_default_context(jwst: Client) -> None:
    done = jwst.crds("list", "--status")
    assert done.status == 0, done.text
    assert "jwst_0541.pmap" in done.text


def test_configuration(hst: Client) -> None:
    done = hst.crds("list", "--config")
    assert done.status == 0, done.text
    assert "Traceback" not in done.text
    assert "connected = True" in done.text


@pytest.mark.parametrize(
    ("option", "context"), [("--latest-context", "hst_0729.pmap"), ("--build-context", "hst_0729.pmap")]
)
def test_pointers(hst: Client, option: str, context: str) -> None:
    done = hst.crds("list", option)
    assert done.status == 0, done.text
    assert context in done.output


def test_specifiers_are_resolved(hst: Client) -> None:
    specifiers = ("hst-cos-deadtab-2014-11-11T00:00:00", "hst-edit", "hst-latest", "2016-01-01")
    done = hst.crds("list", "--resolve-contexts", "--contexts", *specifiers)
    assert done.status == 0, done.text
    assert {"hst_cos_deadtab_0250.rmap", "hst_0729.pmap"} <= set(done.output.split())


def test_a_date_names_the_context_of_its_era(hst: Client) -> None:
    done = hst.crds("list", "--resolve-contexts", "--contexts", "hst-2014-11-11T00:00:00")
    assert done.output.split() == ["hst_0297.pmap"]


def test_a_bad_instrument_is_named(hst: Client) -> None:
    done = hst.crds("list", "--resolve-contexts", "--contexts", "hst-foo-2018-01-01")
    assert (
        "InvalidDateBasedContext: Bad instrument 'foo' in CRDS date based context specification." in done.text
    )


def test_symbolic_instrument_contexts_of_roman(roman: Client) -> None:
    done = roman.crds("list", "--resolve-contexts", "--contexts", "roman-wfi-latest", "roman-build")
    assert done.status == 0, done.text
    assert any(name.endswith(".imap") for name in done.output.split())


@pytest.mark.parametrize(
    ("options", "count"), [(("--range", "720:729"), 10), (("--last-n-contexts", "3"), 3), (("--all",), None)]
)
def test_ranges_of_contexts(hst: Client, options: tuple[str, ...], count: int | None) -> None:
    done = hst.crds("list", "--resolve-contexts", *options)
    assert done.status == 0, done.text
    known = len(list((data_root() / "mappings" / "hst").glob("*.pmap")))
    assert len([name for name in done.output.split() if name.endswith(".pmap")]) == (count or known)


def test_a_type_in_all_instruments(jwst: Client) -> None:
    assert jwst.crds("sync", "--contexts", "jwst-latest").status == 0
    done = jwst.crds("list", "--resolve-contexts", "--contexts", "jwst-all-flat-latest")
    assert done.status == 0, done.text
    assert {name.split("_")[1] for name in done.output.split() if name.endswith("rmap")} >= {"miri", "nircam"}


def test_pushed_contexts_are_remembered(demo: Client) -> None:
    key = demo.server.manage("create_pipeline", "jwst-test-pipeline").split()[-1]
    done = demo.crds("sync", "--contexts", "jwst-latest", "--push-context", key)
    assert done.status == 0, done.text
    done = demo.crds("list", "--remote-context", "jwst-test-pipeline")
    assert done.status == 0, done.text
    assert "jwst_" in done.output


@pytest.mark.parametrize("unnamed", ["''", "None", "'none'"])
def test_a_push_without_a_context_is_refused(demo: Client, unnamed: str) -> None:
    name = f"jwst-unnamed-{len(unnamed)}"
    key = demo.server.manage("create_pipeline", name).split()[-1]
    push = f"from crds.client import api; api.push_remote_context('jwst', 'latest', {key!r}, {unnamed})"
    assert "Name a mapping" in demo.python(push).errors
    told = demo.python(f"from crds.client import api; print(api.get_remote_context('jwst', {name!r}))")
    assert "has not told its context yet" in told.errors


def test_an_empty_context_lists_nothing(demo: Client) -> None:
    """The client sends an empty name for a versions context that was never set."""
    done = demo.python("from crds.client import api; print(api.get_mapping_names(''))")
    assert done.status != 0
    assert "InvalidDateBasedContext: The context is empty. Name a mapping" in done.errors


def test_dates_with_an_offset_or_a_blank_are_resolved(demo: Client) -> None:
    dates = ("2090-01-01T00:00:00", "2090-01-01T00:00:00Z", "2090-01-01 00:00:00+00:00")
    specifiers = [f"jwst-{date}" for date in dates]
    done = demo.crds("list", "--resolve-contexts", "--contexts", *specifiers)
    assert done.status == 0, done.text
    found = done.output.split()
    assert len(set(found)) == 1, done.text
    assert found[0].endswith(".pmap")


def test_a_foreign_key_pushes_nothing(demo: Client) -> None:
    done = demo.crds("sync", "--contexts", "jwst-latest", "--push-context", "not-a-key")
    assert "Failed" in done.text or done.status != 0

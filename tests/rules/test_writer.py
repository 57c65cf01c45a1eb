"""Mapping text as it is written: read back as the same values, and as the client would have written it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.rules.errors import MappingError
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.observatories import get_observatory
from apps.rules.text.parser import RawSelector, parse_mapping
from apps.rules.text.writer import write_mapping
from tests.shared_data import data_root, is_real
from tests.warm_python import warm_client

pytestmark = pytest.mark.shared_data

JWST = get_observatory("jwst")

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12).filter(
    lambda text: "sha1sum" not in text
)
numbers = st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
atoms = texts | numbers | st.booleans() | st.none()
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=8,
)
headers = st.dictionaries(texts, values, max_size=5)
contexts = st.dictionaries(texts, texts, max_size=4)
keys = texts | st.tuples(texts, texts | numbers)
selectors = st.builds(
    RawSelector,
    st.just("Match"),
    st.dictionaries(
        keys,
        texts | st.builds(RawSelector, st.just("UseAfter"), st.dictionaries(texts, texts, max_size=3)),
        max_size=3,
    ),
)
comments = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters='"\\\r\0'), max_size=20
).filter(lambda text: "sha1sum" not in text)


@given(headers, contexts | selectors, comments)
def test_what_is_written_is_read_back_as_the_same_values(header: Any, selector: Any, comment: str) -> None:
    parsed = parse_mapping(write_mapping(header, selector, comment=comment), "x.rmap")
    read = dict(parsed.header)
    assert len(read.pop("sha1sum")) == 40
    assert read == header
    assert parsed.selector == selector
    assert (parsed.comment or "") == comment


def test_the_engine_accepts_the_checksum_and_refuses_a_changed_text() -> None:
    text = pmap_text()
    assert compile_mapping(text, name="jwst_0001.pmap", observatory=JWST).name == "jwst_0001.pmap"
    with pytest.raises(MappingError):
        compile_mapping(text.replace("0001.imap", "0002.imap"), name="jwst_0001.pmap", observatory=JWST)


def pmap_text(**header: Any) -> str:
    facts = {
        "mapping": "PIPELINE",
        "name": "jwst_0001.pmap",
        "observatory": "JWST",
        "derived_from": "nothing",
    }
    parkey = ("META.INSTRUMENT.NAME",)
    return write_mapping({**facts, "parkey": parkey, **header}, {"MIRI": "jwst_miri_0001.imap"})


def test_a_checksum_that_is_given_is_replaced() -> None:
    assert pmap_text(sha1sum="0" * 40) == pmap_text()


@pytest.mark.parametrize(
    ("header", "selector", "comment"),
    [
        ({"a": object()}, {}, ""),
        ({"a": (1, {2})}, {}, ""),
        ({"a": float("nan")}, {}, ""),
        ({"a": float("inf")}, {}, ""),
        ({("a", frozenset()): "b"}, {}, ""),
        ({"a": "the sha1sum of nothing"}, {}, ""),
        ({}, {}, "half a pair \ud800"),
        ({}, RawSelector("__import__", {"os": "N/A"}), ""),
        ({}, {"a": RawSelector("Match", {"a": b"bytes"})}, ""),
        ({}, {}, 'over """ and out'),
        ({}, {}, 'quoted"'),
        ({}, {}, "line\\"),
        ({}, {}, "sha1sum"),
    ],
)
def test_what_could_not_be_read_back_is_refused(header: Any, selector: Any, comment: str) -> None:
    with pytest.raises(MappingError):
        write_mapping(header, selector, comment=comment)


def test_a_value_cannot_leave_its_quotes() -> None:
    hostile = "'}\nselector = __import__('os')\n#"
    parsed = parse_mapping(write_mapping({"a": hostile}, {}), "x.rmap")
    assert parsed.header["a"] == hostile


def test_real_mappings_are_written_as_they_were() -> None:
    """The exceptions are a few old files that were written by hand, in another order."""
    paths = sorted((data_root() / "mappings" / "jwst").glob("*_00[0-9]0.*map" if is_real() else "*map"))
    same = 0
    for path in paths:
        text = path.read_text()
        parsed = parse_mapping(text, path.name)
        same += write_mapping(parsed.header, parsed.selector, comment=parsed.comment or "") == text
    assert len(paths) > 50
    assert same / len(paths) > 0.98


CLIENT_PROGRAM = """
import json, sys
from crds.core import rmap
for name, text in json.load(sys.stdin).items():
    kind = {"pmap": rmap.PipelineContext, "imap": rmap.InstrumentContext, "rmap": rmap.ReferenceMapping}
    loaded = kind[name[-4:]].from_string(text, name, ignore_checksum=False, loader=lambda *args, **keys: None)
    if loaded.format() != text:
        print(name)
"""


def test_the_client_reads_what_we_write_and_writes_the_same(tmp_path: Path) -> None:
    from apps.demo.releases import releases

    texts = {mapping.name: mapping.text for release in releases() for mapping in release.mappings}
    done = warm_client().run(
        ["-c", CLIENT_PROGRAM],
        text=json.dumps(texts),
        env={
            "CRDS_OBSERVATORY": "jwst",
            "CRDS_PATH": str(tmp_path),
            "CRDS_SERVER_URL": "https://jwst-serverless.stsci.edu",
        },
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr

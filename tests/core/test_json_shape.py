"""The shape of a JSON text as it is counted before it is parsed, compared with the parsed values."""

import doctest
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import json_shape
from apps.core.json_shape import Shape

TEXTS = st.text(alphabet='ab"\\\\[]{},:\n\u00e9', max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=40,
)


def count(value: Any) -> int:
    if isinstance(value, list):
        return 1 + sum(map(count, value))
    if isinstance(value, dict):
        return 1 + sum(1 + count(one) for one in value.values())
    return 1


def depth(value: Any) -> int:
    inner = value if isinstance(value, list) else value.values() if isinstance(value, dict) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@pytest.mark.parametrize("ascii_only", [True, False])
@given(value=VALUES)
def test_no_value_and_no_level_is_missed(ascii_only: bool, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    counted = int(Shape(nodes=0, depth=99).fault(text).split()[2])
    # A comma or colon, and the bracket before it, each stand for one value.
    assert count(value) <= counted <= 2 * count(value)
    assert Shape(nodes=10_000, depth=depth(value)).fault(text) == ""
    if depth(value) > 1:
        assert "depth" in Shape(nodes=10_000, depth=depth(value) - 1).fault(text)


@given(text=st.binary(max_size=60) | st.text(alphabet='"\\\\[]{},:1', max_size=40).map(str.encode))
def test_a_text_that_is_not_json_is_counted_without_an_error(text: bytes) -> None:
    Shape(nodes=3, depth=2).fault(text)


@pytest.mark.parametrize("inside", [b"[" * 99, b"," * 99, b'\\"' * 99, b"[\\\\"])
def test_punctuation_inside_quotes_does_not_count(inside: bytes) -> None:
    assert Shape(nodes=4, depth=1).fault(b'["%b"]' % inside) == ""


def test_examples() -> None:
    assert doctest.testmod(json_shape).failed == 0

"""Our reader of forms compared with that of Django, and bodies that nobody should send."""

import io
import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from hypothesis import given
from hypothesis import strategies as st

from apps.submissions.uploads.multipart import HEAD, READ, MultipartReader

BOUNDARY = b"xX"
# Pieces of a delimiter, so that random content often contains the start of one.
SCRAPS = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b"-", b"--", b"--x", b"\r\n--", b"\r\n--x", b"xX", b"X", b"\x00", b"abc" * 9]
)
CONTENT = (
    st.lists(SCRAPS | st.binary(max_size=5), max_size=12).map(b"".join).filter(lambda x: b"--xX" not in x)
)
NAMES = st.sampled_from(["a", "files", "b c", "x.fits", "e=f", "g,h"])
PARTS = st.lists(st.tuples(NAMES, NAMES | st.none(), CONTENT), max_size=4)


def body_of(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    """Return the body of a form with these names, file names and contents."""
    body = b""
    for name, file_name, content in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        if file_name is not None:
            head += f'; filename="{file_name}"\r\nContent-Type: application/octet-stream'
        body += b"--xX\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n"
    return body + b"--xX--\r\n"


def in_steps(body: bytes, steps: Iterator[int]) -> Any:
    """Return a function that reads the body in steps of these sizes."""
    stream = io.BytesIO(body)
    return lambda size: stream.read(min(size, next(steps)))


def read(body: bytes, steps: Iterator[int] | None = None) -> tuple[list[Any], MultipartReader]:
    reader = MultipartReader(in_steps(body, steps or itertools.repeat(1 << 20)), BOUNDARY)
    return [(part.name, part.file_name, b"".join(part.content)) for part in reader.parts()], reader


@given(PARTS, st.lists(st.integers(1, 40), min_size=1))
def test_what_was_put_in_comes_out_in_whatever_steps_it_arrives(
    parts: list[tuple[str, str | None, bytes]], steps: list[int]
) -> None:
    body = body_of(parts)
    found, reader = read(body, itertools.cycle(steps))
    assert found == parts
    assert reader.is_closed
    assert reader.count == len(body)


@given(PARTS)
def test_django_reads_the_same(parts: list[tuple[str, str | None, bytes]]) -> None:
    body = body_of(parts)
    head = {"CONTENT_TYPE": "multipart/form-data; boundary=xX", "CONTENT_LENGTH": str(len(body))}
    fields, files = MultiPartParser(head, io.BytesIO(body), [MemoryFileUploadHandler()]).parse()
    theirs = [(name, None, text) for name in fields for text in fields.getlist(name)]
    theirs += [(name, file.name, file.read()) for name in files for file in files.getlist(name)]
    ours = [
        (name, file_name, content if file_name else content.decode("utf-8", "replace"))
        for name, file_name, content in read(body)[0]
    ]
    assert sorted(ours, key=str) == sorted(theirs, key=str)


@given(PARTS.filter(bool), st.data())
def test_a_body_that_ends_early_is_never_closed(
    parts: list[tuple[str, str | None, bytes]], data: st.DataObject
) -> None:
    body = body_of(parts)
    end = data.draw(st.integers(0, len(body) - 3))
    try:
        found, reader = read(body[:end])
    except MultiPartParserError:
        return
    assert not reader.is_closed
    for before, after in zip(parts, found, strict=False):
        assert before[2].startswith(after[2])


@given(st.lists(SCRAPS | st.binary(max_size=9) | st.just(b"\r\n--xX\r\n"), max_size=20).map(b"".join))
def test_anything_else_is_refused_or_read_and_ends(body: bytes) -> None:
    try:
        read(b"--xX\r\n" + body, itertools.repeat(3))
    except MultiPartParserError:
        return


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"--xXy\r\nContent-Disposition: form-data; name=a\r\n\r\n", "something else"),
        (b"--xX\r\nContent-Type: text/plain\r\n\r\nabc\r\n--xX--", "no name"),
        (b"--xX\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--xX--", "no name"),
        (b"--xX\r\nContent-Disposition: form-data\r\n\r\n\r\n--xX--", "no name"),
        (
            b"--xX\r\nContent-Disposition: form-data; name=a\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\nYQ==\r\n--xX--",
            "as it is",
        ),
        (b"--xX\r\n" + b"a" * HEAD, "head"),
        (b"--xX\r\n" + b"a: b\r\n" * HEAD, "head"),
        (b"--xX\r\nContent-Disposition: form-data", "head"),
        (b"--xX", "head"),
    ],
)
def test_a_form_that_is_none_is_refused(body: bytes, words: str) -> None:
    if body == b"--xX":
        assert not read(body)[1].is_closed
        return
    with pytest.raises(MultiPartParserError, match=words):
        read(body)


def test_what_nobody_reads_is_skipped() -> None:
    reader = MultipartReader(
        io.BytesIO(body_of([("a", "b", b"c" * 3000000), ("d", None, b"e")])).read, BOUNDARY
    )
    assert [part.name for part in reader.parts()] == ["a", "d"]
    assert reader.is_closed


def test_blocks_are_handed_on_without_being_joined() -> None:
    content = random.Random(1).randbytes(READ)
    [block] = [
        block
        for part in MultipartReader(io.BytesIO(body_of([("a", "b", content)])).read, BOUNDARY).parts()
        for block in part.content
        if len(block) > READ // 2
    ]
    assert block.readonly

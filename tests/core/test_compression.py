"""Pages leave in gzip for browsers that take it; answers to programs leave as they are."""

import gzip

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
ACCEPTED = {"Accept-Encoding": "gzip, deflate, br"}


def test_a_page_is_compressed_for_a_browser_that_takes_it() -> None:
    plain = Client().get("/docs/glossary/")
    packed = Client().get("/docs/glossary/", headers=ACCEPTED)
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert b"parkey" in gzip.decompress(packed.content)
    assert len(packed.content) * 2 < len(plain.content)


def test_the_length_of_a_page_tells_nothing_about_its_content() -> None:
    lengths = {len(Client().get("/docs/glossary/", headers=ACCEPTED).content) for _ in range(20)}
    assert len(lengths) > 3


@pytest.mark.parametrize("path", ["/healthz", "/robots.txt", "/search/?q=miri&format=json"])
def test_an_answer_to_a_program_is_not_compressed(path: str) -> None:
    assert "Content-Encoding" not in Client().get(path, headers=ACCEPTED)

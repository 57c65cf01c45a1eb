"""The glossary defines the terms of the pages, and the tag `term` links to them."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.template import Context, Template
from django.test import Client

from apps.web.help_pages.glossary import TERMS
from tests.factories.accounts import logged_in, make_user

PAGE = "/docs/glossary/"
TAG = re.compile(r'{% term "([^"]+)"')


def rendered(text: str) -> str:
    return Template("{% load glossary %}" + text).render(Context())


def used_terms() -> Iterator[tuple[str, str]]:
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        for name in TAG.findall(path.read_text()):
            yield path.name, name


def test_every_term_that_a_template_uses_is_defined() -> None:
    used = list(used_terms())
    assert used
    assert [found for found in used if found[1] not in TERMS] == []


@pytest.mark.parametrize(
    "name", ["pmap", "imap", "rmap", "context", "useafter", "parkey", "selector", "match case", "blacklisted"]
)
@pytest.mark.django_db
def test_a_term_has_a_place_on_the_page(client: Client, name: str) -> None:
    text = client.get(PAGE).text
    assert re.search(rf'<div id="{TERMS[name].anchor}">\s*<dt><dfn>{name}</dfn>', text)
    assert TERMS[name].short.split("'")[0] in text


@pytest.mark.django_db
def test_no_anchor_is_used_twice_even_beside_a_lock() -> None:
    text = logged_in(make_user(), instrument="miri").get(PAGE).text
    anchors = re.findall(r' id="([^"]+)"', text)
    assert "lock" in anchors
    assert sorted(set(anchors)) == sorted(anchors)


@pytest.mark.django_db
def test_examples_name_the_observatory_of_the_server(client: Client) -> None:
    text = client.get(PAGE).text
    assert f"<code>{settings.OBSERVATORY}_0001.pmap</code>" in text
    assert "OBS_0001" not in text


def test_related_terms_exist() -> None:
    assert {name for term in TERMS.values() for name in term.see} <= set(TERMS)


def test_the_tag_links_a_word_and_explains_it() -> None:
    link = rendered('{% term "useafter" "Useafter dates" %}')
    assert link.startswith(f'<a class="term" href="{PAGE}#useafter" title="The first moment')
    assert link.endswith(">Useafter dates</a>")


def test_the_tag_marks_an_abbreviation() -> None:
    assert '<abbr title="Reference mapping. The rules for' in rendered('{% term "rmap" %}')


def test_the_tag_refuses_an_unknown_term() -> None:
    with pytest.raises(KeyError):
        rendered('{% term "rmapp" %}')


@pytest.mark.django_db
def test_the_foot_of_a_page_links_to_the_glossary(client: Client) -> None:
    assert f'<li><a href="{PAGE}">Glossary</a></li>' in client.get("/").text

"""Addresses are reversed from the URL table, so that the server may stand below a path."""

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.roots import PROJECT

FOLDERS = {"apps": "*.py", "crds_server": "*.py", "templates": "*.*", "static/js": "*.js"}
# Places that show an address without a link, or recognise a request before Django sees it.
ALLOWED = {
    ("apps/catalog/backups/__init__.py", "/files/"),  # Folders of a backup and of a tree, in docstrings.
    ("apps/distribution/published_tree.py", "/mappings/"),
    ("apps/web/file_pages/mapping_text.py", "/browse/"),  # The example of a docstring.
    ("apps/rpc/direct.py", "/json"),
    ("apps/rpc/direct.py", "/json/"),
    ("crds_server/web.py", "/healthz"),
    ("crds_server/web.py", "/readyz"),
    ("apps/core/middleware.py", "/healthz"),
    ("apps/core/middleware.py", "/readyz"),
    ("apps/core/middleware.py", "/metrics"),
}


def first_parts() -> set[str]:
    """Return what the addresses of the server begin with."""
    return {match[0] for match in map(re.compile(r"[a-z_]+").match, _routes(get_resolver())) if match}


def _routes(resolver: URLResolver) -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = str(entry.pattern).removeprefix("^")
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from _routes(entry)


def literals(text: str) -> Iterator[str]:
    """Yield the beginnings of addresses that are written out, with a slash before them, in quotes."""
    parts = "|".join(sorted(first_parts(), key=len, reverse=True))
    for found in re.finditer(rf"""(?:["'=(>]|(?<!`)`|PUBLIC_URL\}})(/(?:{parts})[/"'`?#{{])""", text):
        yield found[1].rstrip("\"'`?#{")


def test_the_search_finds_written_addresses() -> None:
    text = """<a href="/browse/{{ name }}"> to("/login/") f"{PUBLIC_URL}/display_result/{key}" `/jpoll/$"""
    assert list(literals(text)) == ["/browse/", "/login/", "/display_result/", "/jpoll/"]
    assert {"json", "upload", "browse_db"} <= first_parts()


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_address_is_written_out(folder: str) -> None:
    found = {
        (str(path.relative_to(PROJECT)), address)
        for path in sorted((PROJECT / folder).rglob(FOLDERS[folder]))
        if path.is_file()
        and not path.name.endswith("urls.py")  # They are the table.
        and path != PROJECT / "apps" / "api" / "views.py"  # REST names its addresses beside their answers.
        for address in literals(path.read_text())
    }
    assert not found - ALLOWED

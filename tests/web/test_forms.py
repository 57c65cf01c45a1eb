"""All forms of all pages, found by the URL table: required fields are marked, errors lead to their fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from tests.factories.world import World, make_world
from tests.taken_back import close, taken_back
from tests.url_table import every_address

pytestmark = pytest.mark.django_db

BUTTONS = ("submit", "button", "image", "reset")
VOID = ("input", "br", "hr", "img", "link", "meta", "wbr", "path", "source", "col")


@dataclass
class Control:
    """One field that a person sees; its parents are tags with their classes, the nearest last."""

    name: str
    tag: str
    kind: str
    is_required: bool
    parents: tuple[str, ...]


@dataclass
class Form:
    method: str
    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    controls: list[Control] = field(default_factory=list)
    buttons: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """The facts that make it another form than those of other pages."""
        return self.method, self.action.split("?")[0], tuple(sorted({each.name for each in self.controls}))


class Page(HTMLParser):
    """The forms, the ids and the summary of errors of a page."""

    def __init__(self, text: str, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self.ids: set[str] = set()
        self.summary: dict[str, str | None] = {}
        self.links: list[str] = []
        self._parents: list[tuple[str, str]] = []
        self._form: Form | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids.add(values.get("id") or "")
        if values.get("id") == "error_message":
            self.summary = values
        if tag == "a" and any("error-links" in look for _, look in self._parents):
            self.links.append((values.get("href") or "").lstrip("#"))
        if tag == "form":
            self._form = Form((values.get("method") or "get").lower(), values.get("action") or self.address)
            self.forms.append(self._form)
        elif self._form is not None and tag in ("input", "select", "textarea", "button"):
            self._add(self._form, tag, values)
        if tag not in VOID:
            self._parents.append((tag, values.get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        while self._parents and self._parents[-1][0] != tag and any(tag == each for each, _ in self._parents):
            self._parents.pop()  # The end of a paragraph, an option or a cell may be left out.
        if self._parents and self._parents[-1][0] == tag:
            self._parents.pop()
        if tag == "form":
            self._form = None

    def _add(self, form: Form, tag: str, values: dict[str, str | None]) -> None:
        name, kind = values.get("name") or "", values.get("type") or ""
        if tag == "button" or kind in BUTTONS:
            form.buttons |= {name: values.get("value") or ""} if name and not form.buttons else {}
        elif kind == "hidden":
            form.hidden[name] = values.get("value") or ""
        elif name and "disabled" not in values:
            parents = tuple(f"{each}.{look}" for each, look in self._parents)
            form.controls.append(Control(name, tag, kind, "required" in values, parents))


@pytest.fixture
def world() -> World:
    return make_world()


def pages(world: World) -> Iterator[Page]:
    """Yield every page that an admin sees."""
    kept = {name: morsel.value for name, morsel in world.browser.cookies.items()}
    for address in every_address(world.values):
        world.browser.cookies = SimpleCookie(kept)  # Some pages, such as that of the logout, change them.
        with taken_back():
            answer = world.browser.get(address.path, headers={"Sec-Fetch-Site": "same-origin"})
            text = _text(answer)
            close(answer)
        if text:
            yield Page(text, address.path)


def _text(answer: HttpResponseBase) -> str:
    """Return the text of a page; empty if the answer is something else."""
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return b"".join(answer).decode() if is_page else ""  # type: ignore[call-overload]


def every_form(world: World) -> list[tuple[Page, Form]]:
    """Return every form with something to fill in, once."""
    found = {form.key: (page, form) for page in pages(world) for form in page.forms if form.controls}
    return list(found.values())


def test_required_fields_are_marked(world: World) -> None:
    """The style sheet marks the label beside a required field, and the legend of required buttons."""
    seen = 0
    for page, form in every_form(world):
        for control in form.controls:
            if control.is_required:
                seen += 1
                is_in_set = control.kind == "radio" and any(
                    each.startswith("fieldset") for each in control.parents
                )
                is_in_field = "field" in control.parents[-1].partition(".")[2].split()
                assert is_in_field or is_in_set, f"{page.address}: {control.name}"
    assert seen >= 10


@pytest.mark.parametrize("value", ["", "\x01no such thing?'"])
def test_an_error_takes_the_focus_and_leads_to_its_fields(world: World, value: str) -> None:
    with_links, faults = set(), []
    for page, form in every_form(world):
        answered = Page(send(world.browser, page, form, value), page.address)
        if not answered.summary:
            continue
        where = f"{form.method} {form.action} from {page.address}"
        if not {"autofocus", "tabindex"} <= answered.summary.keys():
            faults.append(f"{where}: the error does not take the focus")
        shown = {each.name for answer in answered.forms for each in answer.controls}
        if not answered.links and shown & {each.name for each in form.controls}:
            faults.append(f"{where}: no link to a field")
        if not set(answered.links) <= answered.ids:
            faults.append(f"{where}: links to nowhere {answered.links}")
        if answered.links:
            with_links.add(form.key)
    assert not faults, "\n".join(faults)
    assert len(with_links) >= 8, with_links


def send(browser: Client, page: Page, form: Form, value: str) -> str:
    """Send a form with one value in all fields, and return the answer; it changes nothing."""
    typed = {each.name: value for each in form.controls if each.kind != "file"}
    sent = {**form.hidden, **typed, **dict(list(form.buttons.items())[:1])}
    headers = {"Sec-Fetch-Site": "same-origin"}
    kept = {name: morsel.value for name, morsel in browser.cookies.items()}
    with taken_back():
        if form.method == "post":
            sent["csrfmiddlewaretoken"] = kept.get("csrftoken", "")
            answer = browser.post(form.action, sent, headers=headers)
        else:
            answer = browser.get(form.action.split("#")[0] or page.address, sent, headers=headers)
        text = _text(answer)
        close(answer)
    browser.cookies = SimpleCookie(kept)
    assert answer.status_code < 500, f"{form.action} from {page.address}"
    return text

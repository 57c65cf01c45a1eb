"""Pages without a browser: forms are found by a field, filled in, and sent as a browser would send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

SENT_IF_CHECKED = ("checkbox", "radio")
NEVER_SENT = ("submit", "button", "file")


@dataclass
class Form:
    """One form of a page: where it goes, and what it says if nobody touches it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", "")))
        if not self.forms:
            return
        form, name = self.forms[-1], values.get("name", "")
        if tag in ("input", "select", "textarea", "button") and name:
            form.names.add(name)
        if tag == "input" and name and values.get("type") not in NEVER_SENT:
            if values.get("type") not in SENT_IF_CHECKED or "checked" in values:
                form.fields[name] = values.get("value", "")
        elif tag == "textarea":
            form.fields[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in values or self._select not in form.fields):
            form.fields[self._select] = values.get("value", "")


class Visitor:
    """Somebody with cookies, who reads pages and sends forms."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def read(self, path: str) -> str:
        """Return a page, which must be there."""
        answer = self.session.get(urljoin(self.url, path))
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(
        self, path: str, having: str, files: dict[str, Any] | None = None, **changes: str
    ) -> requests.Response:
        """Send the form of a page that has a field of this name, with other values of some fields."""
        found = [form for form in _Forms(self.read(path)).forms if having in form.names]
        assert found, f"{path} has no form with a field {having}"
        target = urljoin(urljoin(self.url, path), found[0].action)
        answer = self.session.post(
            target, found[0].fields | changes, files=files, headers={"Referer": target}
        )
        assert answer.status_code == 200, answer.text
        assert 'id="error_message"' not in answer.text, answer.text
        return answer

    def log_in(self, name: str, password: str, *, instrument: str = "none") -> None:
        """Log in by the form of the page."""
        self.send("/login/", "password", username=name, password=password, instrument=instrument)
        assert name in self.read("/")

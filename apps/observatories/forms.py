"""The forms of an operator: each edits the text of the document in one place, and keeps the rest of it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from apps.observatories import documents
from apps.rules.observatories import get_observatory
from apps.rules.observatories.definition import ALL, Definition
from apps.rules.observatories.definition_edits import with_items, with_value
from apps.rules.observatories.definition_schema import (
    EXTENSIONS,
    FORMS,
    PLACES,
    REQUIRED,
    SELECTORS,
    TYPES,
)
from apps.rules.observatories.overlay import Overlay

EVERYWHERE = ""
LONGEST = 200_000  # characters of a whole document in the form

Plain = dict[str, Any]


class EditForm(forms.Form):
    """The part that all of them share.

    Attributes
    ----------
    title, help
        The heading of its page, and what it does.
    is_for_definitions
        Whether an overlay cannot do this, because the client knows instruments and types by itself.
    """

    title = ""
    help = ""
    is_for_definitions = False

    # The sha1sum of the text that the person has seen.
    base = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def edited(self, text: str, document: documents.Document) -> str:
        """Return the text of the document with what the form says."""
        raise NotImplementedError


def _line(label: str, help_text: str = "", *, required: bool = True, longest: int = 200) -> forms.CharField:
    widget = forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"})
    return forms.CharField(
        label=label, help_text=help_text, required=required, max_length=longest, widget=widget
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in re.split(r"[,\n]", text) if word.strip()]


def _choices(words: tuple[str, ...], first: str = "") -> list[tuple[str, str]]:
    return ([("", first)] if first else []) + [(word, word) for word in words]


class _NewTypeForm(EditForm):
    is_for_definitions = True

    type = _line("Type", "Lower case, such as dark.", longest=40)
    text = _line("What people call it", "Such as Dark current.")
    match = _line(
        "Match keys",
        "Keywords that choose a file, separated by commas, such as DETECTOR, FILTER. "
        "Leave it empty if one file serves all data of the instrument.",
        required=False,
        longest=1000,
    )
    select = forms.ChoiceField(
        label="How time chooses",
        choices=_choices(SELECTORS),
        help_text="UseAfter: the newest file before an exposure. ClosestTime: the one closest in time. "
        "Match: time does not matter.",
    )
    extension = forms.ChoiceField(label="Ending of the files", choices=_choices(EXTENSIONS[:4]))
    provisional = forms.BooleanField(
        label="Provisional: confirm at once what a program delivers",
        required=False,
        help_text="Such files are marked provisional until a person delivers a better one.",
    )

    def facts(self) -> Plain:
        """Return the type as the document says it, without what is usual."""
        cleaned = self.cleaned_data
        facts: Plain = {"text": cleaned["text"], "match": _words(cleaned["match"]) or "nothing"}
        if cleaned["select"] != SELECTORS[0]:
            facts["select"] = cleaned["select"]
        if cleaned["extension"] != EXTENSIONS[0]:
            facts["extension"] = cleaned["extension"]
        if cleaned["provisional"]:
            facts["provisional"] = "yes"
        return facts


class NewInstrumentForm(_NewTypeForm):
    title = "Add an instrument"
    help = "An instrument begins with one type. Its imap and the rmap of the type are made with it."

    instrument = _line("Instrument", "A letter and up to 16 letters or digits, such as nirc2.", longest=40)
    letter = _line("Its letter in names", "Only if references are named by time.", required=False, longest=1)
    field_order = ("instrument", "type", "text", "match", "select", "extension", "provisional", "letter")

    def edited(self, text: str, document: documents.Document) -> str:
        name, kind = self.cleaned_data["instrument"].strip(), self.cleaned_data["type"].strip()
        plain = document.plain
        if name in plain["instruments"]:
            raise ValidationError(f"There is an instrument {name} already. Add a type to it.")
        text = with_value(text, ("instruments", name), {kind: self.facts()})
        key = plain["instrument_key"]
        for place in ("every_reference", "keywords"):
            if plain.get(place, {}).get(key, {}).get("values"):
                text = with_items(text, (place, key), [name.upper()])
        if letter := self.cleaned_data["letter"]:
            text = with_value(text, ("naming", "characters", name), letter)
        return text


class NewTypeForm(_NewTypeForm):
    title = "Add a type"
    help = "The rmap of the type is made with it, without references, and a new imap and context name it."

    instrument = forms.ChoiceField(label="Instrument")
    field_order = ("instrument", "type", "text", "match", "select", "extension", "provisional")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = tuple(_types_by_instrument())
        self.fields["instrument"].choices = _choices(names)  # type: ignore[attr-defined]

    def edited(self, text: str, document: documents.Document) -> str:
        instrument, kind = self.cleaned_data["instrument"], self.cleaned_data["type"].strip()
        if kind in document.plain["instruments"][instrument]:
            raise ValidationError(f"{instrument} has a type {kind} already.")
        return with_value(text, ("instruments", instrument, kind), self.facts())


class _ScopedForm(EditForm):
    """A form whose answer holds for all references, for those of an instrument, or for one type."""

    where = forms.ChoiceField(label="Where it holds", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["where"].choices = _scopes()  # type: ignore[attr-defined]

    @property
    def scope(self) -> tuple[str, ...]:
        """The instrument and the type, the instrument alone, or nothing."""
        return tuple(self.cleaned_data["where"].split())


def _types_by_instrument() -> dict[str, list[str]]:
    document = documents.in_use()
    if isinstance(document, Overlay):
        return {name: list(kinds) for name, kinds in get_observatory(document.name).types.items()}
    return {each.name: list(each.types) for each in document.instruments.values()}


def _scopes() -> list[tuple[str, str]]:
    found = [(EVERYWHERE, "everywhere")]
    for instrument, kinds in _types_by_instrument().items():
        found.append((instrument, f"{instrument}, all types"))
        found += [(f"{instrument} {kind}", f"{instrument} {kind}") for kind in kinds]
    return found


class ValueForm(_ScopedForm):
    title = "Add a value"
    help = "Files may have the value as soon as this is confirmed. Clients fetch it when they synchronize."

    keyword = _line("Keyword", "Such as FILTER.", longest=80)
    values = _line("New values", "Separated by commas, such as Z, Y.", longest=2000)
    field_order = ("keyword", "values", "where")

    def edited(self, text: str, document: documents.Document) -> str:
        keyword = self.cleaned_data["keyword"].strip().upper()
        wanted = _words(self.cleaned_data["values"])
        known = self._known(document, keyword)
        values = [value for value in wanted if value.upper() not in known]
        if not values:
            raise ValidationError(f"{keyword} may be {', '.join(wanted)} already.")
        path: tuple[str, ...] = ("keywords", keyword)
        if self.scope:
            path = ("instruments", self.scope[0], (*self.scope, ALL)[1], *path)
        is_there = _has(document.plain, path)
        # The nearest vocabulary counts, so a new one begins with the values that held until now.
        return with_items(text, path, values if is_there else [*known, *values])

    def _known(self, document: documents.Document, keyword: str) -> tuple[str, ...]:
        if isinstance(document, Overlay):
            return document.values_beyond(*(*self.scope, ALL, ALL)[:2]).get(keyword, ())
        return _vocabulary(document, self.scope, keyword)


def _vocabulary(document: Definition, scope: tuple[str, ...], keyword: str) -> tuple[str, ...]:
    places = [document.keywords]
    if scope:
        instrument = document.instruments[scope[0]]
        places.insert(0, instrument.keywords)
        places = ([instrument.types[scope[1]].keywords] if len(scope) > 1 else []) + places
    return next((place[keyword].values for place in places if keyword in place), ())


def _has(plain: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if key not in plain:
            return False
        plain = plain[key]
    return True


class ConstraintForm(_ScopedForm):
    title = "Add a constraint"
    help = "Certification refuses a file that breaks it. The next page says which files in use would."

    keyword = _line("Keyword", "Such as EXPTIME; or the name of a column or an array.", longest=80)
    required = forms.ChoiceField(
        label="Must a file have it?", choices=_choices(REQUIRED), initial="yes", required=False
    )
    when = _line(
        "Only when",
        "A condition under which it is required, such as (DETECTOR == 'CCD').",
        required=False,
        longest=2000,
    )
    values = _line(
        "Allowed values", "Separated by commas; empty for every value.", required=False, longest=4000
    )
    type = forms.ChoiceField(label="What the values are", choices=_choices(TYPES), required=False)
    form = forms.ChoiceField(label="Form", choices=_choices(FORMS, "any"), required=False)
    check = _line(
        "Condition that must be true", "Such as (float(EXPTIME) > 0).", required=False, longest=2000
    )
    place = forms.ChoiceField(label="Where the keyword stands", choices=_choices(PLACES), required=False)
    field_order = ("keyword", "where", "required", "when", "values", "type", "form", "check", "place")

    def edited(self, text: str, document: documents.Document) -> str:
        cleaned = self.cleaned_data
        keyword = cleaned["keyword"].strip().upper()
        usual = {"type": TYPES[0], "place": PLACES[0], "required": "no"}
        facts: Plain = {
            name: cleaned[name].strip()
            for name in ("required", "when", "form", "check", "type", "place")
            if cleaned[name].strip() not in ("", usual.get(name))
        }
        if values := _words(cleaned["values"]):
            facts["values"] = values
        if not facts:
            raise ValidationError("This constraint would demand nothing.")
        path: tuple[str, ...] = ("every_reference", keyword)
        if self.scope:
            path = ("instruments", self.scope[0], (*self.scope, ALL)[1], "constraints", keyword)
        return with_value(text, path, facts)


class WholeTextForm(EditForm):
    title = "Edit the whole text"
    help = "Mistakes are listed with their lines, and the next page shows what would change."

    text = forms.CharField(
        label="Text",
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 32,
                "spellcheck": "false",
                "autocapitalize": "none",
                "wrap": "off",
            }
        ),
    )

    def edited(self, text: str, document: documents.Document) -> str:
        typed = self.cleaned_data["text"].replace("\r\n", "\n")
        return typed if typed.endswith("\n") else f"{typed}\n"


FORMS_BY_NAME: dict[str, type[EditForm]] = {
    "instrument": NewInstrumentForm,
    "type": NewTypeForm,
    "value": ValueForm,
    "constraint": ConstraintForm,
    "text": WholeTextForm,
}


def with_next_version(text: str, version: str) -> str:
    """Return the text with the next version in it.

    Examples
    --------
    >>> with_next_version("version: 1.9", "1.9")
    'version: 1.10'
    """
    begin, _, last = version.rpartition(".")
    return with_value(text, ("version",), ".".join(filter(None, (begin, str(int(last) + 1)))))

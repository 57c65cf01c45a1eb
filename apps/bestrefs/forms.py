"""The forms that ask for best references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings

from apps.bestrefs import questions
from apps.bestrefs.pasted_header import LONGEST, read_header
from apps.bestrefs.questions import MAX_NAME, Question
from apps.contexts.forms import ContextChoiceMixin
from apps.contexts.states import ContextChoice
from apps.datasets.queries import find_example, id_grammar, knows_none
from apps.rules.observatories import get_observatory

HEADER, DATASET = "header", "dataset"


class PublicContextForm(ContextChoiceMixin):
    """The choice of a context on pages that need no login."""

    default_choice = ContextChoice.LATEST
    is_floating = False
    allows_bad = True


class AskForm(PublicContextForm):
    """A context, and a header or the id of an archived dataset."""

    use_required_attribute = False

    dataset_mode = forms.ChoiceField(
        choices=((HEADER, "Upload FITS Header"), (DATASET, "Dataset ID")), required=False, label="Dataset"
    )
    header_text = forms.CharField(
        max_length=LONGEST, required=False, strip=False, label="Header", widget=forms.Textarea
    )
    header_name = forms.CharField(max_length=MAX_NAME, required=False, label="File name")
    dataset_id = forms.CharField(max_length=300, required=False, label="Dataset ID")

    @classmethod
    def is_sent(cls, sent: Mapping[str, Any]) -> bool:
        """Return whether an address holds a question, and does not only ask for the form."""
        return any(sent.get(name) for name in ("header_text", "dataset_id"))

    @property
    def mode(self) -> str:
        """The chosen way to give the data: a header or an id."""
        header, dataset = ((self[name].value() or "").strip() for name in ("header_text", "dataset_id"))
        if bool(header) != bool(dataset):  # The only field with a text counts.
            return DATASET if dataset else HEADER
        return DATASET if self["dataset_mode"].value() == DATASET else HEADER

    @property
    def example_id(self) -> str:
        """An example of an id, taken from an existing dataset if there is one."""
        return find_example() or id_grammar().examples[0]

    @property
    def lacks_datasets(self) -> bool:
        """Return whether this server has no datasets to look ids up in."""
        return knows_none()

    @property
    def example_header(self) -> str:
        """The example lines in the empty text area."""
        observatory = get_observatory(settings.OBSERVATORY)
        instrument = observatory.instruments[0].upper()
        dates = zip(observatory.useafter_keys, ("2022-06-30", "12:00:00"), strict=False)
        named = "\n".join(f"{key} = {value}" for key, value in dates)
        return f"{observatory.instrument_key} = {instrument}\n{named}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        wanted, what = (
            ("dataset_id", "the id of a dataset") if self.mode == DATASET else ("header_text", "a header")
        )
        if not (cleaned.get(wanted) or "").strip() and wanted not in self.errors:
            self.add_error(wanted, f"Give {what}.")
        return cleaned

    def questions(self) -> list[Question]:
        """Return the questions of a valid form, one for each exposure; errors are those of `questions`."""
        cleaned = self.cleaned_data
        if self.mode == DATASET:
            return questions.of_dataset(cleaned["context"], cleaned["dataset_id"].strip())
        header = read_header(cleaned["header_text"])
        return [questions.of_header(cleaned["context"], header, name=cleaned["header_name"])]


class InstrumentForm(PublicContextForm):
    """The choice of a context and an instrument whose rules are explored."""

    use_required_attribute = False
    instrument = forms.CharField(max_length=32, label="Instrument")

    @property
    def instruments(self) -> tuple[str, ...]:
        """The instruments of the observatory, lower case."""
        return get_observatory(settings.OBSERVATORY).instruments

    def clean_instrument(self) -> str:
        name: str = self.cleaned_data["instrument"].lower()
        if name not in self.instruments:
            known = ", ".join(map(str.upper, self.instruments))
            raise forms.ValidationError(f"{name[:40]!r} is not an instrument here. Choose one of {known}.")
        return name


def filled_with(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of `AskForm` that ask the same question as the address of an answer."""
    context = sent.get("context", "")
    chosen = {"pmap_mode": ContextChoice.TYPED.value, "pmap_text": context} if context else {}
    if dataset := sent.get("dataset", ""):
        return {**chosen, "dataset_mode": DATASET, "dataset_id": dataset}
    lines = [f"{key} = {value}" for key, value in sent.items() if key not in questions.RESERVED]
    named = {"header_name": sent.get("name", "")}
    return {**chosen, **named, "dataset_mode": HEADER, "header_text": "\n".join(lines)}

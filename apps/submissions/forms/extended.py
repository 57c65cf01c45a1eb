"""The extended form: the questions of `apps.submissions.forms.questions`, and the delivery itself."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django import forms
from django.conf import settings

from apps.rules.observatories import get_observatory
from apps.submissions.forms.deliveries import DeliveryForm
from apps.submissions.forms.fields import (
    AddressesField,
    FlagField,
    FlagMenu,
    LineField,
    LongField,
    WordField,
)
from apps.submissions.forms.questions import AnswerKind as Answer
from apps.submissions.forms.questions import FormQuestion, questions
from apps.submissions.states import Kind

# Questions that every delivery answers, also without the questionnaire.
SHARED = ("change_level", "description")


class ExtendedForm(DeliveryForm):
    kind = Kind.EXTENDED
    auto_rename = FlagField(label="Auto-Rename", initial=True, help_text="Gives the files official names.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions(get_observatory(settings.OBSERVATORY))
        for question in self.questions:
            if question.key in SHARED:
                shared: Any = self.fields[question.key]
                shared.label, shared.help_text = question.label, question.help_text
            else:
                self.fields[question.key] = _field(question)

    @property
    def sections(self) -> Iterator[tuple[str, list[tuple[FormQuestion, forms.BoundField]]]]:
        """The questions by heading, each with its field, in the order of the page.

        The questions in `SHARED` are left out.
        """
        listed = (question for question in self.questions if question.key not in SHARED)
        for section, group in groupby(listed, key=lambda question: question.section):
            yield section, [(question, self[question.key]) for question in group]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for question in self.questions:
            if question.must_not_be_no and cleaned.get(question.key) in (False, "No"):
                self.add_error(question.key, "The server accepts the files only with this.")
        replaced = cleaned.get("old_reference_files", "")
        if cleaned.get("replacement_files") and not (replaced or "old_reference_files" in self.errors):
            self.add_error("old_reference_files", "Name the files that the new ones replace.")
        keys = [question.key for question in self.questions if question.key not in SHARED]
        return cleaned | {"answers": {key: cleaned.get(key) for key in keys}}


def _field(question: FormQuestion) -> forms.Field:
    """Return the form field for a question."""
    texts: dict[str, Any] = {"label": question.label, "help_text": question.help_text}
    if question.kind == Answer.FLAG:
        return FlagField(**texts, widget=FlagMenu(question.menu)) if question.menu else FlagField(**texts)
    texts |= {"initial": question.page_initial or question.initial, "required": question.is_required}
    if question.kind == Answer.CHOICE:
        return WordField(words=question.choices, **texts)
    if question.key == "other_email":
        return AddressesField(**texts)
    return LongField(**texts) if question.is_long else LineField(**texts)

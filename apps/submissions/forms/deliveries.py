"""The forms of uploaded files: certify, batch, references, mappings (website, sections 7.2 to 7.7)."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings

from apps.contexts.forms import ContextChoiceMixin
from apps.locks.queries import NONE, instruments
from apps.rules.naming.file_names import is_file_name
from apps.rules.observatories import get_observatory
from apps.submissions.forms.fields import FlagField, LineField, ReasonField, WordField
from apps.submissions.forms.questions import CHANGE_LEVELS
from apps.submissions.operations import SubmissionOptions
from apps.submissions.states import ContextMode, Kind

# Field of the form to its name in `SubmissionOptions`, where they differ.
_CALLED = {
    "auto_rename": "is_renamed",
    "compare_old_reference": "is_compared",
    "generate_contexts": "makes_contexts",
}
_SAME = ("instrument", "context", "change_level", "creator", "description", "names", "other_email", "answers")


class ContextualForm(ContextChoiceMixin):
    """A form of files that are checked against a context. Fields that it does not know are ignored."""

    kind: ClassVar[Kind]

    def options(self) -> SubmissionOptions:
        """Return the options that a valid form gives."""
        cleaned = self.cleaned_data
        values = {name: cleaned[name] for name in _SAME if name in cleaned}
        values |= {option: cleaned[field] for field, option in _CALLED.items() if field in cleaned}
        mode = cleaned["pmap_mode"]
        return SubmissionOptions(
            kind=self.kind,
            context_mode=mode if mode in ContextMode.values else ContextMode.FIXED,
            posted_context=_posted(cleaned["pmap_name"]) or cleaned["context"],
            **values,
        )


def _posted(name: str) -> str:
    """Return the context that a client believed to start from; empty if that is not the name of a pmap."""
    return name if is_file_name(name) and name.endswith(".pmap") else ""


class CertifyForm(ContextualForm):
    kind = Kind.CERTIFY
    compare_old_reference = FlagField(
        label="Compare Old Reference",
        initial=True,
        help_text="Compares tables with the ones that they would replace in the context.",
    )


class DeliveryForm(ContextualForm):
    """The fields that all deliveries of files have in common."""

    instrument = WordField(label="Instrument", words=(), required=False, widget=forms.HiddenInput)
    change_level = WordField(
        label="Change Level",
        words=CHANGE_LEVELS[::-1],
        initial="SEVERE",
        help_text="How much the new files are expected to change scientific results.",
    )
    creator = LineField(label="Creator", help_text="Who made the files. It may be somebody else than you.")
    description = ReasonField(
        label="Description",
        help_text="What changed, for which instrument and type, and the impact that you expect. Letters, "
        "digits, white space and . _ / , = - + only.",
    )
    auto_rename = FlagField(label="Auto-Rename", help_text="Gives the files official names.")
    compare_old_reference = FlagField(
        label="Compare Old Reference",
        initial=True,
        help_text="Compares tables with the ones that they replace.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_words(self, "instrument", (NONE, *instruments()))
        # Scripted clients leave the field out if they have no creator. A page always sends it, even empty.
        self.fields["creator"].required = not self.is_bound or "creator" in self.data

    def clean_instrument(self) -> str:
        instrument: str = self.cleaned_data["instrument"]
        return "" if instrument == NONE else instrument

    def clean_change_level(self) -> str:
        level: str = self.cleaned_data["change_level"]
        return level.lower()


def offer_words(form: forms.Form, name: str, words: tuple[str, ...]) -> None:
    """Set the words that a field accepts, for fields whose words depend on the settings."""
    field: Any = form.fields[name]
    field.words = words
    field.choices = [(word, word) for word in words]


class BatchForm(DeliveryForm):
    kind = Kind.BATCH

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Where names contain the time of delivery, files mostly arrive under the name that they will keep.
        self.fields["auto_rename"].initial = get_observatory(settings.OBSERVATORY).timed_names is None


class ReferencesForm(DeliveryForm):
    kind = Kind.REFERENCES


class MappingsForm(DeliveryForm):
    kind = Kind.MAPPINGS
    auto_rename = FlagField(
        label="Auto-Rename",
        initial=True,
        help_text="Gives the files official names, and updates name and derived_from in their headers.",
    )
    generate_contexts = FlagField(
        label="Generate Contexts",
        initial=True,
        help_text="Makes a new imap and pmap for the rmaps. They become the editing context. Clear it for "
        "imaps and pmaps.",
    )

"""The form that marks files bad or OK."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices

from apps.core.errors import InvalidInputError
from apps.core.free_text import clean_reason

MOST = 200  # files marked at once
LONGEST = 2000  # characters of a reason


class Verdict(TextChoices):
    """The new mark of a file."""

    BAD = "bad", "Bad"
    OK = "ok", "OK"


class BadFilesForm(forms.Form):
    names = forms.CharField(
        label="Files",
        max_length=130 * MOST,
        help_text="Names of mappings and references, separated by spaces, commas or newlines.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocapitalize": "none"}),
    )
    verdict = forms.ChoiceField(label="Mark as", choices=Verdict.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST,
        help_text="Letters, digits, white space and . _ / , = - + are allowed.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    # Only the second step has these.
    is_confirmed = forms.BooleanField(required=False)
    is_overridden = forms.BooleanField(label="Mark them bad anyway.", required=False)

    def clean_names(self) -> list[str]:
        names = [name for name in dict.fromkeys(re.split(r"[\s,]+", self.cleaned_data["names"])) if name]
        if len(names) > MOST:
            raise ValidationError(f"At most {MOST} files can be marked at once; these are {len(names)}.")
        if not names:
            raise ValidationError("Name at least one file.")
        return names

    def clean_reason(self) -> str:
        try:
            reason = clean_reason(self.cleaned_data["reason"])
        except InvalidInputError as exc:
            raise ValidationError(str(exc)) from exc
        if not reason:
            raise ValidationError("This field is required.")
        return reason

    @property
    def is_bad(self) -> bool:
        """The fact that the files are to be marked bad, and not OK."""
        return bool(self.cleaned_data["verdict"] == Verdict.BAD)

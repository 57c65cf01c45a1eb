"""Forms that add or delete references which are already on this server, by name (website, section 7.8)."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from apps.rules.naming.file_names import is_file_name, is_mapping
from apps.submissions.forms.deliveries import ContextualForm
from apps.submissions.forms.fields import ReasonField
from apps.submissions.states import Kind

_MOST_NAMES = 1000
_NAMED = 8  # bad names that one message repeats


class NamesField(forms.CharField):
    """Names of references, separated by blanks, commas or new lines; the value holds each one once."""

    widget = forms.Textarea(attrs={"rows": 6, "cols": 70, "spellcheck": "false", "autocapitalize": "none"})

    def clean(self, value: Any) -> tuple[str, ...]:
        """Return the names in the order they were typed, or raise with those that are not reference names."""
        names = tuple(dict.fromkeys(filter(None, re.split(r"[\s,]+", super().clean(value)))))
        if not names:
            raise ValidationError("Name at least one reference.")
        if len(names) > _MOST_NAMES:
            raise ValidationError(f"You gave {len(names)} names. At most {_MOST_NAMES} are allowed at once.")
        _refuse([name for name in names if not is_file_name(name)], "These are not file names")
        _refuse(list(filter(is_mapping, names)), "These are mappings, but only references can be listed")
        return names


def _refuse(names: list[str], reason: str) -> None:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        raise ValidationError(f"{reason}: {', '.join(repr(name[:128]) for name in names[:_NAMED])}{more}.")


class ListForm(ContextualForm):
    description = ReasonField(
        label="Description",
        help_text="The reason. Letters, digits, white space and . _ / , = - + only.",
    )


class AddForm(ListForm):
    kind = Kind.ADD
    names = NamesField(
        label="Added Files",
        help_text="Names of confirmed references, separated by spaces, commas or newlines.",
    )


class DeleteForm(ListForm):
    kind = Kind.DELETE
    names = NamesField(
        label="Deleted Files",
        help_text="Names of references of the context, separated by spaces, commas or newlines. They stay in "
        "CRDS and in older contexts.",
    )

"""The choice of a context, for every page that needs one (website specification, section 5.4)."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django import forms
from django.conf import settings

from apps.contexts import queries
from apps.contexts.context_chooser import Candidate, ContextChooser, find_candidate, find_choices
from apps.contexts.states import FORMER_CHOICES, ContextChoice
from apps.rules.errors import CrdsError


class ContextChoiceMixin(forms.Form):
    """The choice of a context; ``contexts/_context_chooser.html`` shows it.

    A valid form has the name of the chosen pmap in ``cleaned_data["context"]``.
    """

    default_choice = ContextChoice.EDIT  # Public forms say LATEST.
    is_floating = True  # Edit and latest are resolved again later, when a submission is confirmed.
    allows_bad = False  # Public forms accept a bad context and show `context_warning`.
    context_warning = ""

    pmap_mode = forms.CharField(label="Context", max_length=32, required=False)
    pmap_menu = forms.CharField(label="Recent context", max_length=128, required=False)
    pmap_text = forms.CharField(label="User specified context", max_length=200, required=False)
    # With each choice the client sends the context that it resolved itself.
    pmap_name = forms.CharField(label="Context name", max_length=200, required=False)

    def clean_pmap_mode(self) -> str:
        mode = self.cleaned_data["pmap_mode"] or self.default_choice
        return FORMER_CHOICES.get(mode, mode)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if any(name.startswith("pmap_") for name in self.errors):
            return cleaned
        try:
            cleaned["context"] = chosen_context(cleaned, allow_bad=self.allows_bad)
        except CrdsError as exc:
            self.add_error(_field_of(cleaned["pmap_mode"]), str(exc))
            return cleaned
        if queries.get_pmap(cleaned["context"]).is_bad:
            self.context_warning = f"{cleaned['context']} is marked bad."
        return cleaned

    @cached_property
    def chooser(self) -> ContextChooser:
        """The contexts to choose from."""
        return find_choices()

    @property
    def choice(self) -> str:
        """The present choice, for the template."""
        mode = self["pmap_mode"].value() or self.default_choice
        return FORMER_CHOICES.get(mode, mode)

    @property
    def context_title(self) -> str:
        """The text of the closed panel for the present choice."""
        found = self._candidate()
        return found.title if found else "No context is chosen yet"

    @property
    def context_example(self) -> str:
        return f"{settings.OBSERVATORY}_0001.pmap"

    def _candidate(self) -> Candidate | None:
        if self.choice == ContextChoice.EDIT:
            return self.chooser.edit
        if self.choice == ContextChoice.LATEST:
            return self.chooser.latest
        if self.choice not in ContextChoice.values:
            return None
        field = "pmap_menu" if self.choice == ContextChoice.RECENT else "pmap_text"
        name = self[field].value() or self["pmap_name"].value() or ""
        return find_candidate(ContextChoice(self.choice), name.strip())


def chosen_context(cleaned: Mapping[str, Any], *, allow_bad: bool = False) -> str:
    """Return the pmap that the cleaned fields of `ContextChoiceMixin` mean now.

    Edit and latest can change: a submission resolves them again when it is confirmed. Errors as
    `queries.resolve_choice`.
    """
    return queries.resolve_choice(
        cleaned["pmap_mode"],
        name=cleaned["pmap_name"],
        text=cleaned["pmap_text"],
        menu=cleaned["pmap_menu"],
        allow_bad=allow_bad,
    )


def _field_of(mode: str) -> str:
    """Return the name of the field that shows the error of a choice."""
    return {ContextChoice.RECENT.value: "pmap_menu", ContextChoice.TYPED.value: "pmap_text"}.get(
        mode, "pmap_mode"
    )

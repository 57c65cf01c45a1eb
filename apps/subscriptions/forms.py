"""Forms of a person's subscriptions and web hooks."""

from typing import Any

from django import forms
from django.conf import settings

from apps.rules.observatories import get_observatory
from apps.subscriptions.models import EventType, Period
from apps.subscriptions.receivers import LONGEST


def _subjects() -> list[tuple[str, Any]]:
    """Return the choices: everything, then each instrument with its types."""
    types = get_observatory(settings.OBSERVATORY).types
    groups = [
        (
            instrument,
            [
                (f"{instrument}/", f"{instrument}, all types"),
                *((f"{instrument}/{name}", f"{instrument} {name}") for name in names),
            ],
        )
        for instrument, names in types.items()
    ]
    return [("/", "all instruments"), *groups]


class SubscriptionForm(forms.Form):
    subject = forms.ChoiceField(label="New references of")
    period = forms.ChoiceField(label="How often", choices=Period.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].choices = _subjects()  # type: ignore[attr-defined]

    def clean_period(self) -> Period:
        """Return the period as its choice."""
        return Period(self.cleaned_data["period"])

    @property
    def references(self) -> tuple[str, str]:
        """The instrument and the type that were chosen; empty for all."""
        instrument, _, filekind = self.cleaned_data["subject"].partition("/")
        return instrument, filekind


class WebHookForm(forms.Form):
    address = forms.CharField(
        label="Address of the receiver",
        max_length=LONGEST,
        help_text="It begins with https:// and is reachable from the internet.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    types = forms.MultipleChoiceField(
        label="Events", choices=EventType.choices, widget=forms.CheckboxSelectMultiple
    )

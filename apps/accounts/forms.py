"""Forms for login and for tokens."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts.models import User
from apps.core.access import Role
from apps.locks.queries import NONE, instruments

LONGEST = 4096  # characters of a password; a longer one would only cost time to hash
LONGEST_ADDRESS = 2000  # characters of the address that follows the login


class LoginForm(forms.Form):
    instrument = forms.ChoiceField(
        label="Lock Instrument", error_messages={"invalid_choice": "There is no instrument %(value)s."}
    )
    username = forms.CharField(
        label="User name or e-mail address",
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label="Password or API token",
        max_length=LONGEST,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    next = forms.CharField(max_length=LONGEST_ADDRESS, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(name, name) for name in (NONE, *instruments())]
        self.fields["instrument"].choices = choices  # type: ignore[attr-defined]


def local_address(request: HttpRequest, wanted: str) -> str:
    """Return the wanted address if it is on this site, else the home page."""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # The client always asks for "/". If the server runs below a path, "/" is not part of this site.
    is_below = urlsplit(wanted).path.startswith(get_script_prefix())
    return wanted if is_ours and is_below else reverse("web:home")


class TokenForm(forms.Form):
    name = forms.CharField(
        label="What is it for?",
        max_length=64,
        help_text="A name by which you will know it when you revoke it.",
    )
    scopes = forms.MultipleChoiceField(
        label="May act as",
        widget=forms.CheckboxSelectMultiple,
        help_text="A token cannot have more roles than you have.",
    )
    days = forms.IntegerField(label="Expires after (days)", min_value=1)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = [(role.value, role.label) for role in Role if user.has_role(role)]
        self.fields["scopes"].choices = own  # type: ignore[attr-defined]
        self.fields["days"].max_value = settings.TOKEN_DAYS  # type: ignore[attr-defined]

"""Functions for all forms."""

from django import forms


def messages_of(form: forms.Form) -> list[str]:
    """Return all errors of a form, as lines that name the field."""
    found = [(name, text) for name, texts in form.errors.items() for text in texts]
    return [str(text) if name == "__all__" else f"{form.fields[name].label}: {text}" for name, text in found]

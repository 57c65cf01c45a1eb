"""The error of a form, for every page that has one."""

from typing import Any

from django import forms, template

register = template.Library()


@register.inclusion_tag("parts/_errors.html")
def error_summary(text: str, form: forms.Form | None = None, **fields: str) -> dict[str, Any]:
    """Show the error of a page, which takes the focus, with links to the fields to correct.

    Parameters
    ----------
    text
        The error; empty if there is none. Clients read it, so it has no markup.
    form
        The form whose fields with errors are linked.
    fields
        Element id to label, linked if no field of the form has an error, or if the template writes the form
        itself.
    """
    links = _fields_with_errors(form) if form is not None else []
    return {"error": text, "links": links or fields.items()}


def _fields_with_errors(form: forms.Form) -> list[tuple[str, str]]:
    """Return element id and label of each visible field that has an error, in the order of the form."""
    wrong = [field for field in form if field.errors and not field.is_hidden]
    return [(_first_element(field), str(field.label)) for field in wrong]


def _first_element(field: forms.BoundField) -> str:
    """Return the id of the element to which a link can move the focus; of several buttons, the first."""
    is_group = isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    return f"{field.auto_id}_0" if is_group else field.auto_id

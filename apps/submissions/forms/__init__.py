"""The forms of deliveries, for people and for scripted clients alike."""

from apps.submissions.forms.deliveries import (
    BatchForm,
    CertifyForm,
    ContextualForm,
    MappingsForm,
    ReferencesForm,
)
from apps.submissions.forms.extended import ExtendedForm
from apps.submissions.forms.lists import AddForm, DeleteForm

__all__ = [
    "AddForm",
    "BatchForm",
    "CertifyForm",
    "ContextualForm",
    "DeleteForm",
    "ExtendedForm",
    "MappingsForm",
    "ReferencesForm",
]

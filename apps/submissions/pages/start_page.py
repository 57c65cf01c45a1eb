"""The start page of people who deliver: their open submissions, and the ways to submit."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from apps.accounts.models import User
from apps.submissions.models import Submission
from apps.submissions.states import ALIVE

# Title, name of the address, and purpose in one sentence.
_WAYS = (
    ("Extended Batch Submit", "extended", "New references with the questionnaire, the usual way to deliver."),
    ("Batch Submit", "batch", "New references without the questionnaire."),
    ("Certify", "certify", "Only check files; nothing is kept."),
    ("Submit Mappings", "mappings", "Rules that you edited by hand."),
    ("Submit References", "references", "References that no context is to use yet."),
    ("Add References", "add_references", "References that are here already get into the rules."),
    ("Delete References", "delete_references", "References leave the rules; the files stay."),
)


@dataclass(frozen=True, slots=True)
class Way:
    """One kind of submission.

    Attributes
    ----------
    is_usual
        Whether to take this way if there is no reason for another.
    """

    title: str
    address: str
    text: str
    is_usual: bool


def start_page(user: User) -> dict[str, Any]:
    """Return the contents of the page besides the ingest area."""
    ways = [
        Way(title, reverse(f"submissions:{name}"), text, is_usual=number == 0)
        for number, (title, name, text) in enumerate(_WAYS)
    ]
    return {"ways": ways, "waiting": undecided(user.get_username())}


def undecided(user: str) -> QuerySet[Submission]:
    """Return the submissions of a person that have not ended, newest first."""
    return Submission.objects.filter(user=user, status__in=ALIVE).order_by("-pk")

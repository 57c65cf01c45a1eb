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
    (
        "Extended Batch Submit",
        "extended",
        "Submit new references with a questionnaire. This is the usual way.",
    ),
    ("Batch Submit", "batch", "Submit new references without a questionnaire."),
    ("Certify", "certify", "Check files without submitting them."),
    ("Submit Mappings", "mappings", "Submit rules that you edited by hand."),
    ("Submit References", "references", "Submit references that no context uses yet."),
    ("Add References", "add_references", "Add references that the server already has to the rules."),
    ("Delete References", "delete_references", "Remove references from the rules. The files stay."),
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

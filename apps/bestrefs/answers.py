"""The answer to a question in the form that pages show: one row for each reference type of the instrument."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from apps.bestrefs.queries import NOT_FOUND
from apps.bestrefs.questions import Question
from apps.catalog import queries as catalog
from apps.catalog.addresses import file_page
from apps.catalog.models import File
from apps.contexts import queries as contexts

# Names that are one word to a shell and a file to the client.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*\.(?:fits|asdf)")
OMITTED = "omitted"
NA = "n/a"


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One reference type.

    Attributes
    ----------
    reftype
        Lower case.
    text
        Name of the reference, ``n/a``, ``omitted``, or why there is none.
    file
        Row of the reference; None if there is no reference or the catalog does not know it.
    """

    reftype: str
    description: str
    text: str
    is_reference: bool
    file: File | None
    why: str

    @property
    def title(self) -> str:
        """The reference type in upper case, as people write it."""
        return self.reftype.upper()

    @property
    def look(self) -> str:
        """The kind of answer: reference, na, omitted or failure."""
        if self.is_reference:
            return "reference"
        return {NA: "na", OMITTED: OMITTED}.get(self.text, "failure")

    @property
    def is_bad(self) -> bool:
        """Return whether clients must refuse the reference."""
        return self.file is not None and self.file.is_bad

    @property
    def is_provisional(self) -> bool:
        """Return whether a program delivered the reference, and nobody has looked at it."""
        return self.file is not None and self.file.provisional

    @property
    def is_held(self) -> bool:
        """Return whether this server has the bytes of the reference."""
        return self.file is not None and self.file.is_held

    @property
    def size(self) -> int | None:
        """Bytes of the reference; None if unknown."""
        return self.file.size if self.file else None

    @property
    def sha1sum(self) -> str:
        """The sha1sum of the reference; empty if unknown."""
        return self.file.sha1sum if self.file else ""

    @property
    def useafter_at(self) -> datetime | None:
        """The first moment at which the reference applies; None if unknown."""
        return self.file.useafter_at if self.file else None

    @property
    def page(self) -> str:
        """Address of the page of the reference, empty if there is no reference."""
        return file_page(self.text) if self.is_reference else ""

    @property
    def download(self) -> str:
        """Address of the bytes of the reference, empty if there is no reference."""
        if not self.is_reference:
            return ""
        return reverse("distribution:file", args=["references", settings.OBSERVATORY, self.text])


def rows_of(question: Question) -> list[AnswerRow]:
    """Return the answer for each type of the instrument, sorted by type.

    Raises
    ------
    HeaderError
        Raised if the context does not know the instrument.
    """
    answers = question.rules.best_references(question.header)
    types = _types(question) or tuple(answers)
    names = [answer for answer in answers.values() if not answer.startswith(NOT_FOUND)]
    files = catalog.files_named(names)
    descriptions = question.rules.definition.reftypes.get(question.instrument, {})
    return [
        _row(question, reftype, answers.get(reftype), files, descriptions.get(reftype, ""))
        for reftype in sorted({*types, *answers})
    ]


def _types(question: Question) -> tuple[str, ...]:
    """Return the types of the instrument, including types that the rules may omit."""
    imap = question.rules.imap_name(question.instrument)
    if imap is None or not imap.endswith(".imap"):
        return ()
    return tuple(dict(contexts.upper_mappings_of(imap)[imap].selections))


def _row(
    question: Question, reftype: str, answer: str | None, files: dict[str, File], description: str
) -> AnswerRow:
    why = urlencode({**question.sent, "type": reftype})
    if answer is None:
        return AnswerRow(reftype, description, OMITTED, False, None, why)
    is_reference = not answer.startswith(NOT_FOUND)
    return AnswerRow(
        reftype,
        description,
        answer.removeprefix(NOT_FOUND).strip(),
        is_reference,
        files.get(answer) if is_reference else None,
        why,
    )


def commands(question: Question, rows: list[AnswerRow]) -> list[tuple[str, str]]:
    """Return the purpose of each client command, and the command."""
    names = sorted({row.text for row in rows if row.is_reference})
    found = []
    if source := _source(question):
        text = f"crds bestrefs --new-context {question.context} {source} --print-new-references"
        found.append(("Ask the same from the command line", text))
    if names:
        found.append(("Fetch these references", f"crds sync --files {' '.join(names)}"))
    return found


def _source(question: Question) -> str:
    """Return the client's option that names the data; empty if no option can."""
    if question.dataset:
        return f"--datasets {question.dataset}"
    return f"--files {question.name}" if _PLAIN_NAME.fullmatch(question.name) else ""

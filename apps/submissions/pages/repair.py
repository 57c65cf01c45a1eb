"""A table of everything that is wrong with the files of a submission, and how to repair it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from apps.submissions.models import Submission, SubmittedFile

ROWS = 25  # errors of one file that the table shows; its log has all
NEAREST = 3  # permitted values that are shown at once
_LONGEST = 300  # characters of an error that is shown as it is

_KEYWORD = re.compile(r"'([A-Za-z0-9_.-]+(?: \[[A-Z0-9_-]+\])?)'")
_VALUE = re.compile(r"Value '?(?P<found>[^']*?)'? is not one of (?P<allowed>[\[({].*)", re.DOTALL)
_QUOTED = re.compile(r"'([^']*)'")
_MISSING = re.compile(r"Missing required (?P<what>keyword|array) '(?P<name>[^']*)'")
_TWIN = re.compile(r"is identical to (?:existing CRDS file )?'(?P<name>[^']*)'")
# A part of an error, and what the submitter can do about it.
_REMEDIES = (
    ("is not in agreement with CHECKSUM", "Update or remove CHECKSUM and DATASUM."),
    ("not consistent with", "Update or remove CHECKSUM and DATASUM."),
    ("Can't identify REFTYPE", "Set REFTYPE and INSTRUME to a type and an instrument of this observatory."),
    ("Can't determine", "Set the keywords of the instrument and of the type in the primary header."),
    ("identically match case", "Deliver one of the two files only, or change the parameters of one."),
    ("equal weight special case", "Use the same list of values as the existing case, or separate values."),
    ("valid FITS file", "The file is not FITS. Write it again and upload that."),
    ("outside acceptable", "Set the keyword to a value in the range."),
    ("Invalid format", "Correct the format of the value."),
)


@dataclass(frozen=True, slots=True)
class RepairRow:
    """One thing that is wrong.

    Attributes
    ----------
    name
        The file, or the check of several files together.
    keyword
        Keyword or array; empty if the error names none.
    found
        The value, or the error as it is.
    allowed, others
        The permitted values nearest to the one that was found, and all others.
    remedy
        The advice; empty if there is none.
    """

    name: str
    keyword: str
    found: str
    allowed: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Repairs:
    """The rows of the table, and how many errors are only in the logs.

    Attributes
    ----------
    bad, count
        Number of files with errors, and of all files.
    """

    rows: tuple[RepairRow, ...]
    hidden: int
    bad: int
    count: int


def repairs_of(submission: Submission, files: Sequence[SubmittedFile]) -> Repairs | None:
    """Return everything that is wrong with the files, file by file; None if no check found an error."""
    logs = [(file.name, file.log) for file in files if file.errors]
    bad = len(logs)
    logs += [(result["name"], result["log"]) for result in submission.tests if result["errors"]]
    rows: list[RepairRow] = []
    hidden = 0
    for name, log in logs:
        found = list(dict.fromkeys(_rows(name, log)))
        rows += found[:ROWS]
        hidden += max(0, len(found) - ROWS)
    return Repairs(tuple(rows), hidden, bad, len(files)) if rows else None


def _rows(name: str, log: Iterable[Sequence[str]]) -> Iterator[RepairRow]:
    for level, text in log:
        if level == "ERROR":
            yield _row(name, text)


def _row(name: str, text: str) -> RepairRow:
    """Return an error of the library, taken apart where its form is known (website, section 8.10)."""
    if missing := _MISSING.search(text):
        what = "to the header" if missing["what"] == "keyword" else "to the file"
        return RepairRow(name, missing["name"], "missing", remedy=f"Add it {what}.")
    if twin := _TWIN.search(text):
        advice = "Remove it from the delivery, or upload the new version in its place."
        return RepairRow(name, "", f"The same bytes as {twin['name']}", remedy=advice)
    if value := _VALUE.search(text):
        keyword = _KEYWORD.search(text[: value.start()].replace(f"'{name}'", ""))
        known = tuple(dict.fromkeys(_QUOTED.findall(value["allowed"])))
        near = tuple(difflib.get_close_matches(value["found"], known, NEAREST, cutoff=0))
        others = tuple(each for each in known if each not in near)
        advice = "Use one of the permitted values."
        return RepairRow(name, keyword[1] if keyword else "", value["found"], near, others, advice)
    remedy = next((advice for part, advice in _REMEDIES if part in text), "")
    return RepairRow(name, "", text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…", remedy=remedy)

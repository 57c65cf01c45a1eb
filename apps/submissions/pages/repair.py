"""A table of everything that is wrong with the files of a submission, and how to repair it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.states import Origin

MOST_FIELDS = 60  # files that can be replaced in one form; a form may have 100 parts
ROWS = 25  # errors of one file that the table shows; its log has all
NEAREST = 3  # permitted values that are shown at once
_LONGEST = 300  # characters of an error that is shown as it is

_KEYWORD = re.compile(r"'([A-Za-z0-9_.-]+(?: \[[A-Z0-9_-]+\])?)'")
_VALUE = re.compile(r"Value '?(?P<found>[^']*?)'? is not one of (?P<allowed>[\[({].*)", re.DOTALL)
_QUOTED = re.compile(r"'([^']*)'")
_FORMAT = re.compile(r"Invalid '?\w+'? format '(?P<found>[^']*)' should be '(?P<example>[^']*)'")
_USEAFTER = re.compile(r"Bad (?P<name>USEAFTER) time format = '(?P<found>[^']*)'")
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
class RepairFile:
    """A file of the submission, or a check of several files together, with what is wrong with it.

    Attributes
    ----------
    rows, hidden
        The errors that the table shows, and how many more are in the log.
    field
        Name of the form field for its replacement; empty if it cannot be replaced here.
    state
        What the ingest area has under its name now: ``"kept"``, ``"replaced"`` or ``"missing"``.
    """

    name: str
    rows: tuple[RepairRow, ...] = ()
    hidden: int = 0
    field: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Repairs:
    """All that is wrong with a submission.

    Attributes
    ----------
    bad, good
        Files and checks with errors, and files without.
    count
        Number of files of the submission.
    added
        Files of the ingest area that the submission did not have.
    """

    bad: tuple[RepairFile, ...]
    good: tuple[RepairFile, ...]
    count: int
    added: tuple[str, ...] = ()

    @property
    def bad_files(self) -> int:
        """Number of files with errors."""
        return self.count - len(self.good)

    @property
    def hidden(self) -> int:
        """Number of errors that only the logs have."""
        return sum(file.hidden for file in self.bad)


def repairs_of(
    submission: Submission, files: Sequence[SubmittedFile], area: Mapping[str, str] | None = None
) -> Repairs | None:
    """Return everything that is wrong with the files, file by file; None if there is nothing to repair.

    Parameters
    ----------
    area
        Name to sha1sum of the files in the ingest area, if the reader may replace files; else None.
    """
    uploads = [file for file in files if file.origin == Origin.UPLOADED]
    found = [_repair_file(file.name, file.log if file.errors else ()) for file in files]
    if area is not None:
        fields = {file.name: file for file in uploads[:MOST_FIELDS]}
        found = [_replaceable(each, fields.get(each.name), area) for each in found]
    found += [_repair_file(result["name"], result["log"]) for result in submission.tests if result["errors"]]
    bad = tuple(file for file in found if file.rows)
    if not bad and area is None:
        return None
    added = sorted((area or {}).keys() - {file.name for file in files})
    return Repairs(bad, tuple(file for file in found if not file.rows), len(files), tuple(added))


def field_of(file: SubmittedFile) -> str:
    """Return the name of the form field for the replacement of a file."""
    return f"replacement-{file.pk}"


def _repair_file(name: str, log: Iterable[Sequence[str]]) -> RepairFile:
    rows = tuple(dict.fromkeys(_rows(name, log)))
    return RepairFile(name, rows[:ROWS], max(0, len(rows) - ROWS))


def _replaceable(shown: RepairFile, file: SubmittedFile | None, area: Mapping[str, str]) -> RepairFile:
    """Return a file with the field for its replacement, and what is uploaded under its name now."""
    if file is None:
        return shown
    present = area.get(file.name)
    state = "missing" if present is None else "kept" if present == file.sha1sum else "replaced"
    return replace(shown, field=field_of(file), state=state)


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
    if wrong := _FORMAT.search(text):
        advice = "Write the value in this format."
        return RepairRow(name, _keyword(name, text, wrong), wrong["found"], (wrong["example"],), (), advice)
    if wrong := _USEAFTER.search(text):
        return RepairRow(
            name,
            wrong["name"],
            wrong["found"],
            remedy="Write it as date and time, for example 2018-12-22T00:00:00.",
        )
    if value := _VALUE.search(text):
        known = tuple(dict.fromkeys(_QUOTED.findall(value["allowed"])))
        near = tuple(difflib.get_close_matches(value["found"], known, NEAREST, cutoff=0))
        others = tuple(each for each in known if each not in near)
        advice = "Use one of the permitted values."
        return RepairRow(name, _keyword(name, text, value), value["found"], near, others, advice)
    text = text.removeprefix(f"In '{name}' : ")
    remedy = next((advice for part, advice in _REMEDIES if part in text), "")
    return RepairRow(name, "", text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…", remedy=remedy)


def _keyword(name: str, text: str, found: re.Match[str]) -> str:
    """Return the keyword that an error names before what it found; empty if it names none."""
    keyword = _KEYWORD.search(text[: found.start()].replace(f"'{name}'", ""))
    return keyword[1] if keyword else ""

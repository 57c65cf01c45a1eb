"""The questions of the extended form, as data: the source of the form, its validation and its description.

Source: website specification, section 7.4; wire protocol, section 6.8.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from apps.rules.observatories import Observatory

YES_NO = ("N/A", "No", "Yes")
CHANGE_LEVELS = ("TRIVIAL", "MODERATE", "SEVERE")
# The description has another order than the page for these, because clients print their help in this order.
_ORDER = ("pedigree_updated", "keywords_checked", "descrip_updated", "useafter_updated", "useafter_matches")


class AnswerKind(StrEnum):
    """The types of answer that clients know; a client stops with an error at any other type."""

    TEXT = "CharField"
    FLAG = "BooleanField"
    CHOICE = "TypedChoiceField"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormQuestion:
    """One question of the form.

    Attributes
    ----------
    key
        Name of the field on the wire.
    label
        The question, as a statement or a heading, without a full stop.
    section
        Heading above the question on the page; `questions` sets it for all questions of a part at once.
    is_required
        An empty answer is refused. A flag may still be false.
    choices
        Texts, distinct in any case.
    initial
        Answer that scripted clients start with; empty if there is none.
    page_initial
        Answer that the page starts with, if it differs from `initial`; else empty.
    is_long
        The answer may have several lines.
    must_not_be_no
        A submission is refused if the answer is no, or the flag is not set.
    menu
        Answers of a flag that the page shows as a menu, in this order.
    """

    key: str
    label: str
    section: str = ""
    kind: AnswerKind = AnswerKind.TEXT
    is_required: bool = False
    choices: tuple[str, ...] = ()
    initial: str = ""
    page_initial: str = ""
    help_text: str = ""
    is_long: bool = False
    must_not_be_no: bool = False
    menu: tuple[str, ...] = ()

    @property
    def needed(self) -> str:
        """The text about accepted answers that the page shows beside the question; empty if there is none."""
        if not self.must_not_be_no:
            return ""
        return "required" if self.kind == AnswerKind.FLAG else "Yes or N/A is required"

    @property
    def wire(self) -> dict[str, Any]:
        """The entry of the question in the description that clients read."""
        facts: dict[str, Any] = {
            "key": self.key,
            "label": self.label,
            "type": str(self.kind),
            "required": self.is_required,
        }
        if self.kind == AnswerKind.FLAG:
            return facts | {"initial": False, "choices": [False, True]} | self._help
        # Clients refuse an empty initial value of a required text.
        begin = {"initial": self.initial} if self.initial else {}
        choices = {"choices": list(self.choices)} if self.choices else {}
        return facts | begin | choices | self._help

    @property
    def _help(self) -> dict[str, str]:
        return {"help_text": self.help_text} if self.help_text else {}


def questions(observatory: Observatory) -> tuple[FormQuestion, ...]:
    """Return all questions of an observatory, in the order of the page."""
    return tuple(
        replace(question, section=section) for section, part in _PARTS for question in part(observatory)
    )


def in_wire_order(every: tuple[FormQuestion, ...]) -> tuple[FormQuestion, ...]:
    """Return questions in the order of the description."""
    by_key = {question.key: question for question in every}
    moved = iter(_ORDER)
    return tuple(by_key[next(moved)] if question.key in _ORDER else question for question in _levelled(every))


def _levelled(every: tuple[FormQuestion, ...]) -> Iterator[FormQuestion]:
    """Yield the questions, with the change level before correctness testing, as clients always list it."""
    level = next(question for question in every if question.key == "change_level")
    for question in every:
        if question.key == "correctness_testing":
            yield level
        if question is not level:
            yield question


def as_yaml(observatory: Observatory) -> str:
    """Return the description of the form that clients read.

    Each value is written as JSON, which is YAML too: its strings have quotation marks, so that no Yes becomes
    a boolean.
    """
    return "".join(map(_item, in_wire_order(questions(observatory))))


def _item(question: FormQuestion) -> str:
    lines = "\n  ".join(f"{name}: {json.dumps(value)}" for name, value in question.wire.items())
    return f"- {lines}\n"


def _people(observatory: Observatory) -> tuple[FormQuestion, ...]:
    return (
        FormQuestion(
            key="deliverer",
            label="Name of the deliverer",
            is_required=True,
            help_text="Your name. A question below asks for the author of the files.",
        ),
        FormQuestion(
            key="other_email",
            label="Further addresses to notify",
            help_text="E-mail addresses, separated by commas. Your own address always gets the mails.",
        ),
        FormQuestion(
            key="instrument",
            label="Instrument",
            kind=AnswerKind.CHOICE,
            is_required=True,
            choices=observatory.instruments,
            initial=observatory.instruments[0],
            help_text="All files must belong to this instrument. It is locked when you submit.",
        ),
        FormQuestion(
            key="file_type",
            label="Types of the files (bias, dark, ...)",
            is_required=True,
        ),
    )


def _checks(observatory: Observatory) -> tuple[FormQuestion, ...]:
    keywords = " and ".join(observatory.checked_keywords)
    formats = ", ".join(observatory.compliance_checks)
    statements = (
        ("history_updated", "HISTORY in the primary header says why and how the files were made"),
        ("descrip_updated", "DESCRIP says in short why the files are delivered"),
        ("useafter_updated", "USEAFTER has been checked, and updated where necessary"),
        ("pedigree_updated", "PEDIGREE has been checked, and updated where necessary"),
        (
            "keywords_checked",
            f"{keywords} {'have' if len(observatory.checked_keywords) > 1 else 'has'} been checked",
        ),
    )
    flags = [
        FormQuestion(key=key, label=label, kind=AnswerKind.FLAG, must_not_be_no=True)
        for key, label in statements
    ]
    same_dates = FormQuestion(
        key="useafter_matches",
        label="The USEAFTER dates are the same as in the files that are replaced",
        kind=AnswerKind.CHOICE,
        is_required=True,
        choices=YES_NO,
        initial="N/A",
        help_text="Use N/A for files that only the exposure time calculator uses.",
    )
    compliance = FormQuestion(
        key="compliance_verified",
        label=f"The files comply with their format ({formats})",
        kind=AnswerKind.CHOICE,
        is_required=True,
        choices=YES_NO,
        initial="N/A",
        page_initial="No",
        must_not_be_no=True,
        help_text="Use N/A if you did not verify it yourself.",
    )
    return (*flags[:3], same_dates, *flags[3:], compliance)


def _use(_: Observatory) -> tuple[FormQuestion, ...]:
    return (
        FormQuestion(
            key="ingest_files",
            label="The affected data should be reprocessed",
            kind=AnswerKind.FLAG,
        ),
        FormQuestion(
            key="etc_delivery",
            label="The exposure time calculator (ETC) also uses the files",
            kind=AnswerKind.FLAG,
        ),
        FormQuestion(
            key="jwst_etc",
            label="These are files of the ETC itself",
            kind=AnswerKind.FLAG,
            menu=("No", "Yes"),
        ),
        FormQuestion(
            key="calpipe_version",
            label="Did you run the files through the current pipeline, or through synthetic photometry or "
            "ETC software? Yes or no, and the version",
            is_required=True,
        ),
    )


def _replacement(_: Observatory) -> tuple[FormQuestion, ...]:
    return (
        FormQuestion(
            key="replacement_files",
            label="Some of the files replace older ones",
            kind=AnswerKind.FLAG,
            menu=("Yes", "No"),
        ),
        FormQuestion(
            key="old_reference_files",
            label="Names of the files that are replaced",
            is_long=True,
        ),
        FormQuestion(
            key="replacing_badfiles",
            label="The replaced files are bad for all data",
            kind=AnswerKind.CHOICE,
            is_required=True,
            choices=YES_NO,
            initial="N/A",
            help_text="Yes if results with them are scientifically invalid, or the software fails on them.",
        ),
    )


def _details(_: Observatory) -> tuple[FormQuestion, ...]:
    return (
        FormQuestion(key="jira_issue", label="Issue tickets", help_text="Separated by commas."),
        FormQuestion(
            key="table_rows_changed",
            label="Rows that changed, if the files are tables",
            is_long=True,
        ),
        FormQuestion(
            key="modes_affected",
            label="Observing modes that are affected",
            is_required=True,
            is_long=True,
        ),
        FormQuestion(
            key="correctness_testing",
            label="How you tested that the files are correct",
            is_required=True,
            is_long=True,
        ),
        FormQuestion(
            key="additional_considerations",
            label="Anything else that we should know",
            is_long=True,
        ),
    )


def _reason(_: Observatory) -> tuple[FormQuestion, ...]:
    return (
        FormQuestion(
            key="change_level",
            label="Change Level",
            kind=AnswerKind.CHOICE,
            is_required=True,
            choices=CHANGE_LEVELS,
            initial="SEVERE",
            help_text="How much the new files are expected to change scientific results.",
        ),
        FormQuestion(
            key="description",
            label="Reason for Delivery",
            is_required=True,
            is_long=True,
            help_text="What changed, for which instrument and type, and the impact that you expect. Letters, "
            "digits, white space and . _ / , = - + only.",
        ),
    )


# Headings of the page, and the questions below each.
_PARTS = (
    ("People and files", _people),
    ("What you have checked", _checks),
    ("Use of the files", _use),
    ("Replaced files", _replacement),
    ("Details", _details),
    ("Delivery", _reason),
)

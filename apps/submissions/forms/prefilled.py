"""Values that fill in the extended form: from an earlier submission, or from a file of the client's library.

The file is YAML as ``Submission.yaml()`` of the client writes it and ``crds rc_submit`` reads it: one mapping
of the keys of the questionnaire to texts, true and false. Only the events of the YAML parser are read, and
they become nothing but texts. So neither tags nor aliases can make the file large or dangerous.

Source: ``Submission.yaml`` and ``RedCatSubmissionScript`` in the client's ``submit/rc_submit.py``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from apps.core.errors import InvalidInputError
from apps.core.free_text import storable
from apps.submissions.forms.extended import SHARED, ExtendedForm
from apps.submissions.forms.fields import FlagField
from apps.submissions.models import Submission
from apps.submissions.states import Kind

LARGEST = 64 * 1024  # bytes of a file
MOST_KEYS = 100
_OFFERED = 25  # earlier submissions in the menu
_NAMED = 8  # unknown keys that one notice repeats
# Fields of the form outside the questionnaire. `crds rc_submit` also sends them if the file has them.
_BESIDES = ("creator", "auto_rename", "compare_old_reference")
# Texts that YAML reads as null.
_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))


@dataclass(frozen=True, slots=True)
class Filling:
    """The values that a form starts with, and notices about them.

    Attributes
    ----------
    values
        Value by the name of the field.
    notices
        Sentences for the person who fills in the form.
    is_doubtful
        Some of the given values could not be used.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    is_doubtful: bool = False


def earlier(user: str) -> QuerySet[Submission]:
    """Return the newest submissions of a person that have answers for this form."""
    kinds = (Kind.EXTENDED, Kind.BATCH)
    return Submission.objects.filter(user=user, kind__in=kinds).order_by("-pk")[:_OFFERED]


def from_earlier(submission: Submission) -> Filling:
    """Return the values of an earlier submission.

    Its files and its context are left out. So are the statements about checks of those files: the person must
    make them again for the new files.
    """
    known = {question.key for question in ExtendedForm().questions if not question.must_not_be_no}
    answers = {
        name: value for name, value in submission.answers.items() if name in known and value is not None
    }
    values = answers | {
        "change_level": submission.change_level.upper(),
        "description": submission.description,
        "creator": submission.creator,
        "auto_rename": submission.is_renamed,
        "compare_old_reference": submission.is_compared,
    }
    values.setdefault("instrument", submission.instrument)
    moment = f"{submission.started_at:%Y-%m-%d %H:%M}"
    return Filling(
        values, (f"Copied from your submission of {moment} UTC. Answer again what you have checked.",)
    )


def from_yaml(content: bytes) -> Filling:
    """Return the values of a file, with notices about unknown keys and values that the form would refuse.

    Raises
    ------
    InvalidInputError
        Raised if the file is not one YAML mapping of keys to texts, or is too large.
    """
    given = _read(content)
    form = ExtendedForm()
    known = (*(question.key for question in form.questions), *_BESIDES)
    unknown = [key for key in given if key not in known]
    values = {key: text for key, text in given.items() if key in known}
    refused = list(_refused(form, values))
    notices = [f"Filled in {len(values)} answers from your file. Check them before you submit."]
    if unknown:
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        named = ", ".join(repr(key[:40]) for key in unknown[:_NAMED])
        notices.append(f"The form does not ask for {named}{more}. They were left out.")
    return Filling(values, (*notices, *refused), is_doubtful=bool(unknown or refused))


def _refused(form: ExtendedForm, values: Mapping[str, str]) -> Iterator[str]:
    for key, text in values.items():
        try:
            form.fields[key].clean(text)
        except ValidationError as exc:
            yield f"{form.fields[key].label}: {'; '.join(exc.messages)}"


def _read(content: bytes) -> dict[str, str]:
    if len(content) > LARGEST:
        raise InvalidInputError(f"The file has more than {LARGEST} bytes; a filled form is much smaller.")
    try:
        events = yaml.parse(content.decode(), Loader=yaml.SafeLoader)
        return _mapping(events)
    except UnicodeDecodeError as exc:
        raise InvalidInputError("The file is not text in UTF-8.") from exc
    except yaml.YAMLError as exc:
        raise InvalidInputError(f"The file is not YAML: {_first_line(exc)}") from exc


def _mapping(events: Iterator[yaml.Event]) -> dict[str, str]:
    """Return the one mapping of a stream; anything else in the stream is refused at its first event."""
    stream = (
        each for each in events if not isinstance(each, yaml.StreamStartEvent | yaml.DocumentStartEvent)
    )
    if not isinstance(first := next(stream, None), yaml.MappingStartEvent):
        raise InvalidInputError("The file must be one YAML mapping of keys to answers.")
    _refuse_marks(first)
    found: dict[str, str] = {}
    while isinstance(key := next(stream, None), yaml.ScalarEvent):
        name = _text(key)
        found[name] = _answer(name, next(stream, None))
        if len(found) > MOST_KEYS:
            raise InvalidInputError(f"The file has more than {MOST_KEYS} keys.")
    if not isinstance(key, yaml.MappingEndEvent):
        raise InvalidInputError("The file must be one YAML mapping, and each key must be text.")
    if any(isinstance(each, yaml.NodeEvent) for each in stream):
        raise InvalidInputError("The file must be one YAML document.")
    return found


def _answer(name: str, event: yaml.Event | None) -> str:
    if not isinstance(event, yaml.ScalarEvent):
        what = "an alias" if isinstance(event, yaml.AliasEvent) else "a list or mapping"
        raise InvalidInputError(f"{name[:40]!r} is {what}. Each answer must be text, true or false.")
    return _text(event)


def _text(event: yaml.ScalarEvent) -> str:
    """Return the text as it was written; a null without quotation marks becomes empty."""
    _refuse_marks(event)
    is_plain = event.implicit[0]
    return "" if is_plain and event.value in _NOTHING else storable(event.value)


def _refuse_marks(event: yaml.ScalarEvent | yaml.MappingStartEvent) -> None:
    if event.anchor or event.tag:
        mark = f"the anchor &{event.anchor[:40]}" if event.anchor else f"the tag {str(event.tag)[:40]}"
        raise InvalidInputError(f"The file has {mark}. Remove all tags, anchors and aliases.")


def _first_line(error: yaml.YAMLError) -> str:
    where = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or "it cannot be read")[:120]
    return f"{problem}, line {where.line + 1}." if where else f"{problem}."


def as_yaml(form: ExtendedForm) -> str:
    """Return a form, complete or not, as YAML in the way that the client's ``Submission`` writes itself."""
    answers = {question.key: _exported(form, question.key) for question in form.questions}
    # As in the client, the questions in `SHARED` come last.
    ordered = {key: answers.pop(key) for key in list(answers) if key not in SHARED} | answers
    return str(yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=100))


def _exported(form: forms.Form, key: str) -> str | bool:
    field, typed = form.fields[key], form[key].value()
    try:
        value = field.to_python(typed)
    except ValidationError:
        value = typed  # The person must correct it, in this form or in the file.
    if isinstance(field, FlagField):
        return value is True
    return str(value or "")

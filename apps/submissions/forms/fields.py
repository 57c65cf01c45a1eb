"""Fields that browsers and scripted clients fill in alike (website, sections 1.7 and 1.8)."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from apps.core.errors import InvalidInputError
from apps.core.free_text import clean_reason

LONGEST_LINE = 255  # characters
LONGEST_TEXT = 8000  # characters
_MOST_ADDRESSES = 20
_SHOWN = 40  # characters of what was typed that a message repeats

# A checkbox without a value sends "on". People who write YAML use yes and no.
_FLAGS = {"true": True, "on": True, "yes": True, "1": True} | dict.fromkeys(
    ("false", "off", "no", "0", "none", ""), False
)


class FlagInput(forms.CheckboxInput):
    """A checkbox that sends ``True``, and understands the ``False`` that clients may send instead."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, check_test=lambda value: _FLAGS.get(str(value).lower(), False))

    def format_value(self, value: Any) -> str:
        return "True"

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        return data.get(name, "False")


class FlagField(forms.Field):
    """A flag, true or false. An absent field is false, because a browser does not send an unticked box."""

    widget = FlagInput

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def to_python(self, value: Any) -> bool:
        """Return the flag, or raise if the text is not one of the known words."""
        text = str(value).strip().lower()
        if text not in _FLAGS:
            raise ValidationError(f"{_shown(value)} is not True or False.")
        return _FLAGS[text]


class FlagMenu(forms.Select):
    """A flag that is shown as a menu."""

    def __init__(self, answers: tuple[str, ...]) -> None:
        super().__init__(choices=[(str(answer == "Yes"), answer) for answer in answers])

    def format_value(self, value: Any) -> list[str]:
        return [str(_FLAGS.get(str(value).lower(), False))]

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        return data.get(name, "False")


class WordField(forms.ChoiceField):
    """One word of a list, accepted in any case and returned as the list spells it.

    If *Yes* and *No* are in the list, ``True`` and ``False`` mean them, because YAML reads Yes as true.
    """

    def __init__(self, *, words: tuple[str, ...], **options: Any) -> None:
        super().__init__(choices=[(word, word) for word in words], **options)
        self.words = words

    def to_python(self, value: Any) -> str:
        """Return the word as the list spells it, or the text as typed if it is not in the list."""
        text = super().to_python(value).strip()
        known = {word.lower(): word for word in self.words}
        if "yes" in known:
            text = {"true": "Yes", "false": "No"}.get(text.lower(), text)
        return known.get(text.lower(), text)

    def validate(self, value: str) -> None:
        """Refuse every word that is not in the list."""
        forms.Field.validate(self, value)
        if value and value not in self.words:
            raise ValidationError(f"{_shown(value)} is not one of {', '.join(self.words)}.")

    def prepare_value(self, value: Any) -> Any:
        """Return the word that the menu shows as chosen."""
        return self.to_python(value)


class LineField(forms.CharField):
    """One line without invisible characters, because it is shown in histories and mails."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_LINE, **options)

    def validate(self, value: str) -> None:
        """Refuse ends of lines and other characters that cannot be printed."""
        super().validate(value)
        if not value.isprintable():
            raise ValidationError("This must be one line, without control characters.")


class LongField(forms.CharField):
    """Several lines of text, otherwise like `LineField`; each end of a line becomes one newline character."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 70})

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_TEXT, **options)

    def to_python(self, value: Any) -> str:
        """Return the text with newline characters at the ends of lines."""
        return "\n".join(str(super().to_python(value)).splitlines())

    def validate(self, value: str) -> None:
        """Refuse control characters other than tabulators and ends of lines."""
        super().validate(value)
        if not value.replace("\n", "").replace("\t", "").isprintable():
            raise ValidationError("This must not have control characters.")


class ReasonField(LongField):
    """The description of a delivery, in which only a few plain characters are allowed."""

    def to_python(self, value: Any) -> str:
        """Return the text in plain characters, or raise with the characters that have no plain form."""
        try:
            return clean_reason(super().to_python(value))
        except InvalidInputError as exc:
            raise ValidationError(str(exc)) from exc


class AddressesField(forms.CharField):
    """E-mail addresses, separated by commas; the value has each one once, with comma and blank between."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_TEXT, **options)

    def clean(self, value: Any) -> str:
        """Return the addresses, or raise with the first texts that are not addresses or are too many."""
        parts = (part.strip() for part in super().clean(value).split(","))
        addresses = list(dict.fromkeys(part for part in parts if part))
        if bad := [address for address in addresses if not _is_address(address)]:
            raise ValidationError(
                f"Not an e-mail address: {', '.join(map(_shown, bad[:5]))}. Separate addresses by commas."
            )
        if len(addresses) > _MOST_ADDRESSES:
            raise ValidationError(
                f"You gave {len(addresses)} addresses. At most {_MOST_ADDRESSES} are allowed."
            )
        return ", ".join(addresses)


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _shown(value: Any) -> str:
    """Return the beginning of what was typed, in quotation marks."""
    return repr(str(value)[:_SHOWN])

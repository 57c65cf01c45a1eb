"""The form that moves a pointer to a context (website specification, section 7.13)."""

import re
from typing import Any

from django import forms

from apps.contexts import operations, queries
from apps.contexts.context_chooser import is_newer_banner, next_context
from apps.contexts.forms import ContextChoiceMixin
from apps.contexts.models import Pointer
from apps.contexts.states import ContextChoice
from apps.core.free_text import clean_reason
from apps.rules.errors import CrdsError

CUSTOM = "custom"  # the choice to type a version of the calibration software


class SetContextForm(ContextChoiceMixin):
    """The move of a pointer to a context, and the reason."""

    is_floating = False

    context_type = forms.CharField(label="Context type", max_length=16)
    cal_ver = forms.CharField(label="CAL_VER", max_length=32, required=False)
    cal_ver_custom = forms.CharField(label="Custom CAL_VER", max_length=32, required=False)
    update_banner = forms.BooleanField(
        label="Update Home Page Banner / Pipeline Build Context", required=False
    )
    reason = forms.CharField(
        label="Reason for change",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 80}),
        help_text="Letters, digits, white space and . _ / , = - + are allowed.",
    )
    is_overridden = forms.BooleanField(label="Even if files are not available (latest only)", required=False)
    # The last move of each pointer when the page was made.
    seen = forms.CharField(label="Seen", max_length=200, required=False)

    def clean_context_type(self) -> str:
        try:
            return operations.as_pointer(self.cleaned_data["context_type"]).value
        except CrdsError as exc:
            raise forms.ValidationError(str(exc)) from exc

    def clean_reason(self) -> str:
        try:
            return clean_reason(self.cleaned_data["reason"])
        except CrdsError as exc:
            raise forms.ValidationError(str(exc)) from exc

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        pointer = cleaned.get("context_type")
        cleaned["version"] = self._version()
        if pointer == Pointer.BUILD:
            self._require_version()
        elif pointer and (cleaned["version"] or cleaned.get("update_banner")):
            self.add_error(
                "context_type", f"Only build contexts have a CAL_VER and the banner, not {pointer}."
            )
        self._require_unmoved()
        if "reason" not in self.errors and not cleaned["reason"]:
            self.add_error("reason", self._ask_for_reason())
        if not self.errors and self._changes_nothing():
            which = f"{pointer} {cleaned['version']}".strip()
            self.add_error(None, f"Nothing was changed: {which} is already {cleaned['context']}.")
        return cleaned

    def _version(self) -> str:
        picked, typed = (self.cleaned_data.get(name, "") for name in ("cal_ver", "cal_ver_custom"))
        return typed if picked in {"", CUSTOM} else picked

    def _require_version(self) -> None:
        version = self.cleaned_data["version"]
        if not version:
            self.add_error("cal_ver", "Pick a version of the calibration software, or type one.")
        elif not queries.is_version(version):
            self.add_error("cal_ver", f"{version!r} is not a version. Write for example 1.14.1.")

    def _ask_for_reason(self) -> str:
        """Fill in the reason of the delivery if there is one, and return the message about it."""
        cleaned = self.cleaned_data
        known = proposed_reason(cleaned.get("context_type", ""), cleaned.get("context", ""))
        if not known:
            return "Give a reason. The public history shows it."
        self._fill(known)
        return "It was empty. Now it is the reason of the delivery: check it, and press the button again."

    def _changes_nothing(self) -> bool:
        cleaned = self.cleaned_data
        if cleaned["context_type"] != Pointer.BUILD:
            return queries.find_pointed(cleaned["context_type"]) == cleaned["context"]
        tied = queries.find_build(cleaned["version"])
        moves_banner = cleaned["update_banner"] and is_newer_banner(cleaned["context"])
        return tied is not None and tied.context == cleaned["context"] and not moves_banner

    def _require_unmoved(self) -> None:
        """Refuse a choice that means another context by now: the operator has not seen its files."""
        pointer = {ContextChoice.EDIT.value: Pointer.EDIT, ContextChoice.LATEST.value: Pointer.LATEST}.get(
            self.choice
        )
        seen = self.seen_move(pointer) if pointer else None
        if seen is None or not pointer:
            return
        change = queries.find_change(pointer)
        if change and change.pk != seen:
            self.add_error(
                "pmap_mode",
                f"{pointer} has changed since you opened this page: it is {change.context} now. "
                "Check it, then try again.",
            )

    def seen_move(self, pointer: str) -> int | None:
        """Return the key of a pointer's last move when the page was made; None if it was not posted."""
        found = re.search(rf"\b{pointer}:([0-9]{{1,18}})\b", self.cleaned_data.get("seen", ""))
        return int(found[1]) if found else None

    @property
    def posted(self) -> list[tuple[str, str]]:
        """The fields of a valid form as they were posted, for the page that asks to confirm them."""
        values = [(name, self[name].value()) for name in self.fields]
        return [(name, str(value)) for name, value in values if value not in (None, "", False, "False")]

    def autogenerate(self) -> None:
        """Fill in the standard reason for a build context, or say what is missing."""
        typed = self.data.get("reason", "")
        self._fill("-")  # So that a missing reason is not an error here.
        if self.is_valid() and self.cleaned_data["context_type"] != Pointer.BUILD:
            self.add_error(None, "Autogenerate writes the reason of build contexts only.")
        if self.errors:
            self._fill(typed)
            return
        self._fill(standard_reason(self.cleaned_data["version"], self.cleaned_data["context"]))

    def _fill(self, reason: str) -> None:
        """Replace the posted reason."""
        self.data = {name: self.data[name] for name in self.data} | {"reason": reason}


def proposed_reason(pointer: str, context: str) -> str:
    """Return the description of the delivery if latest moves to the next context, else an empty text."""
    latest = queries.find_pointed(Pointer.LATEST)
    following = next_context(latest) if latest and pointer == Pointer.LATEST else None
    return following.description if following and following.name == context else ""


def standard_reason(version: str, context: str) -> str:
    """Return the reason that Autogenerate writes."""
    return f"Build context {context} for version {version} of the calibration software."

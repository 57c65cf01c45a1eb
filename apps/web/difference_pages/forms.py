"""The choice of two files to compare."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import TextChoices

from apps.web.difference_pages.compared_files import LONGEST


class FileOrigin(TextChoices):
    """The origin of a file."""

    KNOWN = "known", "Known"
    UPLOADED = "uploaded", "Uploaded"


def _origin(number: int) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=f"File{number} source",
        choices=FileOrigin.choices,
        initial=FileOrigin.KNOWN,
        required=False,
        widget=forms.RadioSelect,
    )


def _known(number: int) -> forms.CharField:
    attributes = {"spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}
    return forms.CharField(
        label=f"File{number}, known",
        max_length=LONGEST,
        required=False,
        widget=forms.TextInput(attrs=attributes),
    )


def _upload(number: int) -> forms.FileField:
    return forms.FileField(label=f"File{number}, uploaded", required=False, allow_empty_file=True)


class DifferenceForm(forms.Form):
    use_required_attribute = False

    source1 = _origin(1)
    file1 = _known(1)
    upload1 = _upload(1)
    source2 = _origin(2)
    file2 = _known(2)
    upload2 = _upload(2)

    @property
    def sides(self) -> list[dict[str, Any]]:
        """The fields of each file."""
        return [
            {
                "number": number,
                "source": self[f"source{number}"],
                "known": self[f"file{number}"],
                "upload": self[f"upload{number}"],
            }
            for number in (1, 2)
        ]

    @property
    def has_uploads(self) -> bool:
        """Return whether one of the files is to be uploaded."""
        return any(isinstance(self.chosen(number), UploadedFile) for number in (1, 2))

    def chosen(self, number: int) -> str | UploadedFile:
        """Return the name or the upload of a file, of a form that is right."""
        is_uploaded = self.cleaned_data[f"source{number}"] == FileOrigin.UPLOADED
        found: str | UploadedFile = self.cleaned_data[f"{'upload' if is_uploaded else 'file'}{number}"]
        return found

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for number in (1, 2):
            if f"source{number}" in cleaned:
                self._clean_side(number, cleaned)
        return cleaned

    def _clean_side(self, number: int, cleaned: dict[str, Any]) -> None:
        origin = cleaned[f"source{number}"] or FileOrigin.KNOWN
        known, upload = cleaned.get(f"file{number}"), cleaned.get(f"upload{number}")
        if known and upload:
            self.add_error(f"source{number}", "Name a known file or upload one, not both.")
        elif origin == FileOrigin.KNOWN and not known:
            self.add_error(f"file{number}", "Name a file that CRDS knows.")
        elif origin == FileOrigin.UPLOADED and not upload and f"upload{number}" not in self.errors:
            self.add_error(f"upload{number}", "Choose a file to upload.")

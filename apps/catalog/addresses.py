"""Addresses of pages about files by name, whether or not the catalogue has a row for them."""

from urllib.parse import urlencode

from django.urls import reverse


def file_page(name: str) -> str:
    """Return the address of the page of a file."""
    return reverse("web:file", args=[name])


def changes_page(old: str, new: str) -> str:
    """Return the address of the page of the references that changed between two contexts."""
    return reverse("web:changes", args=[old, new])


def difference_page(old: str, new: str) -> str:
    """Return the address of the page of differences between two files."""
    return f"{reverse('web:difference')}?{urlencode({'file1': old, 'file2': new})}"

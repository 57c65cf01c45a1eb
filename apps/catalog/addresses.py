"""Addresses of files by their names, whether or not the catalogue has a row of them."""

from urllib.parse import urlencode

from django.urls import reverse


def file_page(name: str) -> str:
    """Return the address of the page of a file."""
    return reverse("web:file", args=[name])


def difference_page(old: str, new: str) -> str:
    """Return the address of what differs between two files."""
    return f"{reverse('web:difference')}?{urlencode({'file1': old, 'file2': new})}"

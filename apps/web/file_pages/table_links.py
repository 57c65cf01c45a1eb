"""Addresses of the tables inside references."""

from urllib.parse import urlencode

from django.urls import reverse


def table_address(name: str, part: int) -> str:
    """Return the address of the table in an HDU of a FITS reference."""
    return f"{reverse('web:file_table', args=[name])}?{urlencode({'part': part})}"

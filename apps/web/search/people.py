"""People who delivered files, for those who are logged in."""

from urllib.parse import urlencode

from django.urls import reverse

from apps.catalog.models import File
from apps.core.rows import distinct
from apps.web.search.hits import Hit, HitGroup, group


def find_people(text: str, most: int) -> HitGroup:
    """Return the accounts that delivered and have a text in their name."""
    wanted = text.lower()
    names = (name for name in distinct(File, "deliverer") if name and wanted in name.lower())
    return group("People", map(_hit, names), most)


def _hit(name: str) -> Hit:
    address = f"{reverse('web:browse_db')}?{urlencode({'user': name, 'extension': '*'})}"
    return Hit("person", name, "all files of this person", address)

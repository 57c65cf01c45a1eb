"""Reads of mails."""

from apps.mails.models import Mail


def find_mail(key: str) -> Mail | None:
    """Return the mail with this key, or None if there is none."""
    return Mail.objects.filter(key=key).first()

"""Links in mails by which people unsubscribe without a login."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core import signing
from django.urls import reverse

from apps.core.addresses import absolute

SALT = "apps.subscriptions.unsubscribe"


@dataclass(frozen=True, slots=True)
class UnsubscribeLink:
    """A signed list of subscriptions. Whoever has the mail can remove these and nothing else."""

    pks: Sequence[int]

    @property
    def address(self) -> str:
        """The address for the mail."""
        text = signing.dumps(list(self.pks), salt=SALT, compress=True)
        return absolute(reverse("subscriptions:unsubscribe", args=[text]))


def read_link(text: str) -> UnsubscribeLink | None:
    """Return the link with this text; None if this server did not sign it. It never expires."""
    try:
        return UnsubscribeLink(signing.loads(text, salt=SALT))
    except signing.BadSignature:
        return None

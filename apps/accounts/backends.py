"""Finds the account of a session. How people prove who they are stands in `operations.login` and `sso`."""

from django.contrib.auth.backends import BaseBackend

from apps.accounts.models import User
from apps.core.rows import find_row


class AccountBackend(BaseBackend):
    def get_user(self, user_id: int) -> User | None:
        """Return the account of a session; None if it was closed meanwhile."""
        return find_row(User, id=user_id, is_active=True)

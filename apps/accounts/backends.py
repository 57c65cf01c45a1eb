"""The account of a session. `operations.login` and `single_sign_on` verify who somebody is."""

from django.contrib.auth.backends import BaseBackend

from apps.accounts.models import User
from apps.core.rows import find_row


class AccountBackend(BaseBackend):
    def get_user(self, user_id: int) -> User | None:
        """Return the account of a session, or None if the account was closed."""
        return find_row(User, id=user_id, is_active=True)

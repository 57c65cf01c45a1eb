"""Finds the account of a session. How people prove who they are stands in `operations.login` and `sso`."""

from django.contrib.auth.backends import BaseBackend

from apps.accounts.models import User


class AccountBackend(BaseBackend):
    def get_user(self, user_id: int) -> User | None:
        """Return the account of a session; None if it was closed meanwhile."""
        return User.objects.filter(pk=user_id, is_active=True).first()

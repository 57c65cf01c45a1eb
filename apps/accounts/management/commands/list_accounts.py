from typing import Any

from django.core.management.base import BaseCommand

from apps.accounts.models import User


class Command(BaseCommand):
    help = "Print each account with its roles, last login and valid tokens; fields are separated by tabs."

    def handle(self, *args: Any, **options: Any) -> None:
        for user in User.objects.prefetch_related("grants", "tokens").order_by("username"):
            valid = sum(token.status == "valid" for token in user.tokens.all())
            login = f"{user.last_login:%Y-%m-%d %H:%M}" if user.last_login else "never"
            roles = "; ".join(sorted(str(grant) for grant in user.grants.all())) or "no role"
            state = "open" if user.is_active else "closed"
            self.stdout.write("\t".join((user.username, state, user.email, roles, login, f"{valid} tokens")))

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.operations import close_account, grant, withdraw
from apps.accounts.queries import find_user
from apps.core.access import Role
from apps.rules.errors import CrdsError

ACTOR = "change_account"


class Command(BaseCommand):
    help = (
        "Grant or withdraw a role, or close an account. To change a password, use manage.py changepassword."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account")
        change = parser.add_mutually_exclusive_group(required=True)
        change.add_argument("--grant", choices=Role.values)
        change.add_argument("--withdraw", choices=Role.values)
        change.add_argument("--close", action="store_true", help="end its logins, and release its lock")
        parser.add_argument(
            "--instrument",
            action="extend",
            nargs="+",
            default=[],
            help="instruments of --grant; all if not given",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = find_user(options["account"])
        if user is None:
            raise CommandError(f"There is no account {options['account']!r}.")
        try:
            if options["grant"]:
                grant(user, role=options["grant"], instruments=options["instrument"], by=ACTOR)
            elif options["withdraw"]:
                withdraw(user, role=options["withdraw"], by=ACTOR)
            else:
                close_account(user, by=ACTOR)
        except CrdsError as exc:
            raise CommandError(str(exc)) from exc
        roles = ", ".join(str(grant) for grant in user.grants.all()) or "no role"
        self.stdout.write(f"{user}: {roles}{'' if user.is_active else '; closed'}.")

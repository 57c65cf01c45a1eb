from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.operations import create_token
from apps.accounts.queries import find_user
from apps.core.access import Role
from apps.rules.errors import CrdsError


class Command(BaseCommand):
    help = "Make an API token for an account. Standard output holds the token and nothing else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account")
        parser.add_argument("--name", default="create_token", help="purpose of the token")
        parser.add_argument("--scope", action="extend", nargs="+", default=[], choices=Role.values)
        parser.add_argument("--days", type=int, help="days until it expires")

    def handle(self, *args: Any, **options: Any) -> None:
        user = find_user(options["account"])
        if user is None:
            raise CommandError(f"There is no account {options['account']!r}.")
        try:
            _, text = create_token(
                user,
                name=options["name"],
                scopes=options["scope"],
                days=options["days"],
                by="create_token",
            )
        except CrdsError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(text)

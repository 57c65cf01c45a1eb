from argparse import ArgumentParser, FileType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.accounts.operations import create_account, create_token
from apps.core.access import Role
from apps.rules.errors import CrdsError

ACTOR = "create_account"


class Command(BaseCommand):
    help = "Make an account. With --print-token, standard output holds the token and nothing else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--email",
            default="",
            help="if verified, it also identifies the person at the first single sign-on",
        )
        parser.add_argument("--role", choices=Role.values, required=True)
        parser.add_argument(
            "--instrument",
            action="extend",
            nargs="+",
            default=[],
            help="instruments of the role; all if not given",
        )
        parser.add_argument(
            "--password-from",
            type=FileType("r"),
            metavar="FILE",
            help="file with the local password, or - for standard input; no password if not given",
        )
        parser.add_argument("--subject", default="", help="name of the person at the single sign-on provider")
        parser.add_argument("--print-token", action="store_true", help="make an API token and print it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["subject"] and not settings.OIDC_ISSUER:
            raise CommandError("--subject needs a provider of single sign-on: set OIDC_ISSUER.")
        password = None
        if options["password_from"]:
            with options["password_from"] as given:
                password = given.read().rstrip("\n")
        try:
            user = create_account(
                options["name"],
                role=options["role"],
                instruments=options["instrument"],
                email=options["email"],
                password=password,
                issuer=settings.OIDC_ISSUER,
                subject=options["subject"],
                by=ACTOR,
            )
            token = create_token(user, name=ACTOR, by=ACTOR)[1] if options["print_token"] else ""
        except CrdsError as exc:
            raise CommandError(str(exc)) from exc
        self.stderr.write(f"The account {user} was made, with the role {options['role']}.")
        if token:
            self.stdout.write(token)

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.demo import own_observatory
from apps.demo.operations import Seeded, seed
from apps.demo.people import ensure_demo_accounts
from apps.rules.errors import CrdsError
from apps.rules.observatories import find_definition


class Command(BaseCommand):
    help = "Build a small made-up observatory, or the demo of a definition. A complete one is not changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-possible",
            action="store_true",
            help="Exit without an error on a server that cannot hold the demo.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if definition := find_definition(settings.OBSERVATORY):
            count = own_observatory.seed(definition)
            self.stdout.write(f"Demo of {definition.title}: added {count} files.")
            for account in ensure_demo_accounts():
                self.stdout.write(str(account))
            return
        try:
            seeded = seed()
        except CrdsError as exc:
            if not options["if_possible"]:
                raise CommandError(str(exc)) from exc
            self.stdout.write(f"No demo here: {exc}")
            return
        self.stdout.write(_describe(seeded))
        for account in ensure_demo_accounts():
            self.stdout.write(str(account))


def _describe(seeded: Seeded) -> str:
    if seeded.is_nothing:
        return "The demo observatory is complete."
    return (
        f"Demo observatory: added {seeded.files} files, {seeded.pointers} moves of pointers "
        f"and {seeded.datasets} datasets."
    )

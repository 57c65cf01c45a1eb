from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.addresses import absolute
from apps.reprocessing.operations import search
from apps.rules.errors import CrdsError


class Command(BaseCommand):
    help = "Queue the search for the datasets that a step of the context history affects; it may be repeated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", help="The context before, such as hst_0299.pmap.")
        parser.add_argument("new", help="The context that followed it.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = search(options["old"], options["new"], user="find_affected")
        except CrdsError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(f"Queued; see {absolute(row.get_absolute_url())}")

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.addresses import absolute
from apps.reprocessing.operations import search
from apps.rules.errors import CrdsError


class Command(BaseCommand):
    help = "Queue the search for datasets whose references differ under two contexts; it may be repeated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", help="The context before, such as keckao_0299.pmap.")
        parser.add_argument("new", help="The context after, such as keckao_0300.pmap.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = search(options["old"], options["new"], user="find_affected")
        except CrdsError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(f"Queued; see {absolute(row.get_absolute_url())}")

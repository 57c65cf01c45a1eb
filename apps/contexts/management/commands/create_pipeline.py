from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.contexts.operations import create_pipeline
from apps.rules.errors import CrdsError


class Command(BaseCommand):
    help = "Let a pipeline tell which context it uses; prints its key, which is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="What people ask for, jwst-ops-pipeline say.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(create_pipeline(options["name"], user="create_pipeline"))
        except CrdsError as exc:
            raise CommandError(str(exc)) from exc

from typing import Any

from django.core.management import BaseCommand, CommandError

from apps.catalog import identity


class Command(BaseCommand):
    help = (
        "Declare that the database and the store belong together, and to the server that OBSERVATORY and "
        "SERVER_STRING name. Use it when a server gets another SERVER_STRING, and after one of the two was "
        "restored or replaced."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            before, now = identity.adopt(user="adopt_data")
        except identity.ForeignDataError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(f"Before: {before}. Now both belong to {now}.")

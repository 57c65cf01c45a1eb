from typing import Any

from django.core.management import BaseCommand, call_command


class Command(BaseCommand):
    help = (
        "Migrate the database and collect the static files. Run it once before web processes and workers "
        "start with a new version; they refuse to start before it is done."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)

from typing import Any

from django.core.management.base import BaseCommand

from apps.bestrefs.pipeline import keep
from apps.contexts.listings import keep_listings


class Command(BaseCommand):
    help = "Compute the best references of datasets now that lack them, and list the rules in use."

    def handle(self, *args: Any, **options: Any) -> None:
        keep_listings()
        self.stdout.write(f"{keep()} datasets were computed.")

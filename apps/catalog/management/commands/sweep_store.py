from typing import Any

from django.core.management.base import BaseCommand

from apps.catalog.pipeline.sweep import sweep


class Command(BaseCommand):
    help = "Remove unfinished files older than an hour, and complete the rows of files whose bytes are here."

    def handle(self, *args: Any, **options: Any) -> None:
        swept = sweep(user="sweep_store")
        self.stdout.write(
            f"{swept.parts_removed} unfinished files removed, {len(swept.completed)} rows completed."
        )
        for name in swept.unread:
            self.stdout.write(f"not read: {name}; the files that it names are not known. The log says why.")

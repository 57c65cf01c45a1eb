from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog import storage
from apps.catalog.pipeline.fixity import check_store
from apps.catalog.progress import Progress


class Command(BaseCommand):
    help = "Hash every stored file again and report missing, changed and unknown ones."

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress()
        progress.start("verified", sum(1 for _ in storage.stored_names()))
        run = check_store(tell=lambda finding: self.stdout.write(str(finding)), step=progress.step)
        progress.finish()
        self.stdout.write(
            f"{run.files} files: {run.missing} missing, {run.changed} changed, {run.unknown} unknown."
        )
        if not run.is_clean:
            raise CommandError("The store and the catalog disagree.")

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog import storage
from apps.catalog.pipeline.verify import verify
from apps.catalog.progress import Progress


class Command(BaseCommand):
    help = "Hash every stored file again and report missing, changed and unknown ones."

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress()
        progress.start("verified", sum(1 for _ in storage.stored_files()))
        found: Counter[str] = Counter()
        for finding in verify(progress.step):
            found[finding.kind] += 1
            self.stdout.write(str(finding))
        progress.finish()
        self.stdout.write(
            f"{progress.done} files: {found['missing']} missing, {found['changed']} changed, "
            f"{found['unknown']} unknown."
        )
        if found:
            raise CommandError("The store and the catalog disagree.")

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog.backups.restoring import restore
from apps.catalog.progress import Progress
from apps.core.bucket import BucketError
from apps.rules.errors import CrdsError


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty database and store, while no web process and no worker runs. After "
        "an interruption run it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="folder of the backup")
        parser.add_argument("--snapshot", default="", help="name of the snapshot; the newest if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        progress, wrong = Progress(), []

        def complain(text: str) -> None:
            wrong.append(text)
            self.stderr.write(text)

        try:
            facts = restore(
                options["folder"],
                options["snapshot"],
                complain=complain,
                note=self.stderr.write,
                begin=lambda count: progress.start("restored", count),
                step=progress.step,
            )
        except (CrdsError, BucketError, OSError) as exc:
            raise CommandError(f"The restore did not end: {exc}") from exc
        progress.finish()
        self.stdout.write(
            f"Restored the snapshot {facts.made_at} of {facts.observatory} ({facts.server_string}), "
            f"{facts.files} files. Deliveries that were under way must be submitted again. "
            "Next: manage.py prepare, then start the server."
        )
        if wrong:
            raise CommandError(
                f"{len(wrong)} files are missing; bring them by import_cache, or from elsewhere."
            )

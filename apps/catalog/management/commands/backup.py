from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog.backups.writing import back_up
from apps.catalog.progress import Progress
from apps.core.bucket import BucketError
from apps.rules.errors import CrdsError


class Command(BaseCommand):
    help = (
        "Add a snapshot to a backup while the server runs: a consistent copy of the database, and the files "
        "that are not in the backup yet. Everything is read back after it was written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="folder of the backup, on another disk")
        parser.add_argument(
            "--verify", action="store_true", help="read the copies of earlier runs again and compare them"
        )
        parser.add_argument("--keep", type=int, default=0, help="snapshots that stay; all if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress()
        try:
            facts = back_up(
                options["folder"],
                complain=self.stderr.write,
                begin=lambda count: progress.start("in the backup", count),
                step=progress.step,
                is_read=options["verify"],
                keep=max(0, options["keep"]),
            )
        except (CrdsError, BucketError, OSError) as exc:
            raise CommandError(f"There is no new snapshot: {exc}") from exc
        progress.finish()
        self.stdout.write(f"Snapshot {facts.made_at}: {facts.files} files, {facts.size} bytes.")
        if facts.lacking:
            raise CommandError(
                f"{len(facts.lacking)} files could not be copied; run verify_store. "
                "The snapshot has all others."
            )

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog.progress import Progress
from apps.core.bucket import BucketError
from apps.distribution.published_tree import publish


class Command(BaseCommand):
    help = (
        "Write or renew a static copy of rules, references and descriptions, which any web server or bucket "
        "can serve to the client without this server."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="folder to write; links save space on the store's disk")
        parser.add_argument("--url", default="", help="address under which the folder will be served")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress()
        progress.start("published", 0)
        try:
            done = publish(
                options["folder"], url=options["url"], complain=self.stderr.write, step=progress.step
            )
        except OSError as exc:
            raise CommandError(f"{options['folder']} cannot be written: {exc}") from exc
        except BucketError as exc:
            raise CommandError(f"The bucket does not answer; run the command again: {exc}") from exc
        self.stdout.write(f"{done.files} files, {done.new} of them new.")
        if done.refused:
            raise CommandError(f"{done.refused} files are damaged and were left out; run verify_store.")

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.catalog.pipeline.import_report import ImportOptions
from apps.catalog.progress import Progress
from apps.contexts.operations.import_cache import import_cache
from apps.core.bucket import BucketError
from apps.rules.errors import CrdsError


class Command(BaseCommand):
    help = "Import a CRDS cache: mappings, references, catalog, context history, bad files. May be repeated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "path", type=Path, help="The CRDS_PATH of the cache: mappings/, references/, config/."
        )
        parser.add_argument(
            "--take-unknown",
            action="store_true",
            help="Also import files that no catalog lists, as they are.",
        )
        parser.add_argument(
            "--adopt",
            nargs="+",
            default=[],
            metavar="PATTERN",
            help="Files to import although the catalog has another sha1sum; the audit names each of them.",
        )
        parser.add_argument(
            "--user", default="import_cache", help="The name of the operator, for the audit records."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = ImportOptions(options["user"], options["take_unknown"], tuple(options["adopt"]))
        try:
            imported = import_cache(options["path"], chosen, Progress())
        except CrdsError as exc:
            raise CommandError(str(exc)) from exc
        except BucketError as exc:
            raise CommandError(f"The bucket does not answer; run the command again: {exc}") from exc
        for name, why in imported.files.refused:
            self.stdout.write(f"not taken: {name}: {why}")
        for text in [*imported.pointers, *imported.unusable]:
            self.stdout.write(text)
        self.stdout.write(f"{imported.files}; {imported.eras} eras of the history are new.")
        if imported.files.took_nothing:
            raise CommandError("Nothing could be taken.")

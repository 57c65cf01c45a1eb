import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.distribution.mirroring import MirrorSourceError, mirror_once
from apps.rules.errors import CrdsError


class Command(BaseCommand):
    help = (
        "Take over rules, references, contexts and bad files of another server or published tree. What was "
        "fetched is compared with its sums. With --every it goes on until it is ended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="address of the first server, or of a published tree")
        parser.add_argument("--every", type=int, default=0, metavar="SECONDS", help="repeat after this time")

    def handle(self, *args: Any, **options: Any) -> None:
        last, failed = b"", 0
        while True:
            try:
                last, failed = self._round(options["url"], last)
            except MirrorSourceError as exc:
                # The first server may be gone for a while. That is what a mirror is for.
                if not options["every"]:
                    raise CommandError(str(exc)) from exc
                self.stderr.write(str(exc))
            except CrdsError as exc:
                raise CommandError(str(exc)) from exc
            if not options["every"]:
                break
            time.sleep(options["every"])
        if failed:
            raise CommandError(f"{failed} files could not be fetched; run the command again.")

    def _round(self, url: str, last: bytes) -> tuple[bytes, int]:
        done, seen = mirror_once(url, complain=self.stderr.write, last=last)
        if done.imported is not None:
            self.stdout.write(f"{done.fetched} files fetched, {done.size} bytes. {done.imported.files}.")
            for text in (*done.imported.pointers, *done.imported.unusable):
                self.stdout.write(text)
            self.stdout.flush()
        return seen, done.failed

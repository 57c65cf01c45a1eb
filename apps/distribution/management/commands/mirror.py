import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connections

from apps.core.bucket import BucketError
from apps.distribution.mirroring import mirror_once
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
            except (CrdsError, BucketError, Error, OSError) as exc:
                # The first server, our database, bucket or disk may be gone for a while.
                # The next round may succeed.
                if not options["every"]:
                    raise CommandError(str(exc)) from exc
                self.stderr.write(str(exc))
            if not options["every"]:
                break
            # A broken connection must not reach the next round.
            connections.close_all()
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

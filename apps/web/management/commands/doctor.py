from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.web import health, invariants


class Command(BaseCommand):
    help = "Check the parts of this server, and with --invariants that rows and bytes agree. It only reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--invariants",
            action="store_true",
            help="check rows, bytes, sums, names, history, deliveries, locks, jobs, folders, contexts and "
            "searches",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = [check for check in health.run() if not check.is_ok and check.is_vital]
        for check in wrong:
            self.stdout.write(f"{check.name}: {check.text}")
        count = 0
        if options["invariants"]:
            for name, text in invariants.violations():
                self.stdout.write(f"{name}: {text}")
                count += 1
            self.stdout.write(f"{len(invariants.CHECKS)} checks of invariants, {count} violations.")
        if wrong or count:
            raise CommandError("This server is not in order; see above.")

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.web import client_settings, health, invariants


class Command(BaseCommand):
    help = (
        "Check the parts of this server, and with --invariants that rows and bytes agree; or with --client "
        "the settings of a user of the client. It only reads."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--invariants",
            action="store_true",
            help="check rows, bytes, sums, names, history, deliveries, locks, jobs, folders, contexts and "
            "searches",
        )
        parser.add_argument(
            "--client",
            nargs="*",
            metavar="NAME=VALUE",
            help="check CRDS_SERVER_URL, CRDS_PATH, CRDS_OBSERVATORY, CRDS_CONTEXT and CRDS_CLIENT_VERSION, "
            "from the environment or as given here",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["client"] is not None:
            self._check_client(options["client"])
            return
        # The comparison of rows and bytes is also for servers that do not run, where no worker lives.
        wrong = [
            check
            for check in health.run()
            if not check.is_ok and (check.is_vital or not options["invariants"])
        ]
        for check in wrong:
            self.stdout.write(f"{check.name}: {check.text}")
        count = 0
        if options["invariants"]:
            for name, text in invariants.violations():
                self.stdout.write(f"{name}: {text}")
                count += 1
            self.stdout.write(f"{len(invariants.CHECKS)} checks of invariants, {count} violations.")
        if count or any(check.is_vital for check in wrong):
            raise CommandError("This server is not in order; see above.")

    def _check_client(self, given: list[str]) -> None:
        variables = dict(os.environ) | dict(text.split("=", 1) for text in given if "=" in text)
        wrong = 0
        for advice in client_settings.check(variables):
            self.stdout.write(str(advice))
            wrong += not advice.is_ok
        if wrong:
            raise CommandError(f"{wrong} settings need a change.")

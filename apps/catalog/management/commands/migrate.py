from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import connection

from apps.catalog import identity
from apps.catalog.models import Installation
from apps.core.text_indexes import all_indexes


class Command(migrate.Command):
    help = (
        f"{migrate.Command.help} Refuses data of another server, and marks new data as belonging to this one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            identity.require_own()
            super().handle(*args, **options)
            if _has_everything(options):
                identity.settle()
                self._keep_text_indexes()
        except identity.ForeignDataError as exc:
            raise CommandError(str(exc)) from exc

    def _keep_text_indexes(self) -> None:
        """Make the indexes that migrations cannot describe; without them a search works, but slowly."""
        for index in all_indexes():
            if problem := index.keep():
                self.stderr.write(problem)


def _has_everything(options: dict[str, Any]) -> bool:
    """Return whether a run has made every table, and in our only database."""
    is_partial = options.get("app_label") or options.get("plan") or options.get("check_unapplied")
    return not is_partial and options.get("database", "default") == "default" and _has_table()


def _has_table() -> bool:
    return Installation._meta.db_table in connection.introspection.table_names()

"""The jobs of synthetic photometry: new lookup tables, then tests of the whole ensemble."""

from __future__ import annotations

from apps.certify import child_synphot_tables, child_synphot_tests
from apps.certify.child_reporter import Reporter
from apps.certify.child_synphot_files import delivered_files
from apps.certify.messages import SynphotJob, SynphotVerdict, TableMade


def do(job: SynphotJob, reporter: Reporter) -> list[TableMade | SynphotVerdict]:
    """Do the parts of a job; do nothing if no file of synphot was delivered."""
    done: list[TableMade | SynphotVerdict] = []
    with reporter.silence():
        delivered = delivered_files(job)
    if not delivered:
        return done
    if job.is_regenerated:
        made = child_synphot_tables.regenerate(job, delivered, reporter)
        for table in made:
            delivered.setdefault(table.reftype, []).append(table.path)
        done += made
    if job.is_tested and not any(step.errors for step in done):
        done += child_synphot_tests.test(job, delivered, reporter)
    return done

"""The new imaps and the new pmap of a submission that is being confirmed (website, section 8.5)."""

from django.conf import settings

from apps.catalog.reading import load_sources
from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.rules.naming import official_names
from apps.rules.observatories import get_observatory
from apps.rules.text.derived_mappings import Base, NewRmap
from apps.submissions import staging
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.pipeline.official_names import next_name, reserve
from apps.submissions.states import ContextMode, Origin

_FLOATING = {ContextMode.EDIT: Pointer.EDIT, ContextMode.LATEST: Pointer.LATEST}


def new_contexts(
    submission: Submission, files: list[SubmittedFile], *, is_forced: bool
) -> list[SubmittedFile]:
    """Make the new imaps and the new pmap, stage their bytes, and return their rows, the pmap last.

    Only the lines of the new rmaps change, so changes that others made to the floating base are kept. The
    caller holds the ledger lock (`lock_ledger`), so the base stays the same until the edit context moves.

    Raises
    ------
    CollisionError
        Raised if the base has a newer rmap for one of the types, unless the submission is forced.
    """
    rmaps = [_new_rmap(file) for file in files if file.official_name.endswith(".rmap")]
    if not submission.makes_contexts or not rmaps:
        return []
    base = read_base(floating_base(submission))
    submission.final_base = base.pmap
    instruments = sorted({rmap.instrument for rmap in rmaps})
    rows = {name: _row(submission, base.imaps[name], name) for name in instruments if name in base.imaps}
    pmap = _row(submission, base.pmap, "")
    texts = base.with_rmaps(
        rmaps,
        pmap=pmap.official_name,
        imaps={name: row.official_name for name, row in rows.items()},
        is_forced=is_forced,
    )
    made = [*rows.values(), pmap]
    for row in made:
        staging.write(staging.official_path(row), texts[row.official_name].encode())
        staging.record(row)
    return made


def floating_base(submission: Submission) -> str:
    """Return the pmap that new rmaps are put into now; for a floating mode the pmap of its pointer."""
    pointer = _FLOATING.get(ContextMode(submission.context_mode))
    return (contexts.find_pointed(pointer) if pointer else None) or submission.base


def read_base(pmap: str) -> Base:
    """Return a context in the form that new rmaps are put into; raise the errors of `load_sources`."""
    wanted = [name for name in contexts.mapping_names(pmap) if not name.endswith(".rmap")]
    return Base.read(pmap, load_sources(wanted))


def _new_rmap(file: SubmittedFile) -> NewRmap:
    return NewRmap(file.official_name, file.derived_from, file.instrument, file.filekind)


def _row(submission: Submission, old: str, instrument: str) -> SubmittedFile:
    """Reserve the name of a new imap or pmap, and return its row."""
    file = SubmittedFile(
        submission=submission,
        origin=Origin.GENERATED,
        name=old,
        instrument=instrument,
        derived_from=old,
        errors=0,
    )
    stem = official_names.stem(get_observatory(settings.OBSERVATORY), instrument=instrument)
    reserve(file, next_name(stem, old[old.rindex(".") :]))
    return file

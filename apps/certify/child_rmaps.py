"""New rmaps, made and checked by the library in a child."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apps.certify.child_reporter import Reporter, trapped
from apps.certify.messages import Answer, CertifyJob, RmapEdit, RmapMade
from apps.rules.differences.rmap_agreement import probes
from apps.rules.errors import CrdsError


def trial(
    instrument: str, filekind: str, paths: Sequence[str], job: CertifyJob, reporter: Reporter
) -> RmapMade:
    """Insert references into the rmap of their type under their uploaded names, to see whether they fit."""
    names = [Path(path).name for path in paths]
    target, old = "", ""
    with reporter.counting(f"{instrument} {filekind}".strip()) as count:
        with trapped(reporter, "Failed updating rmap"):
            old = _governing(job.context, instrument, filekind)
            path = _folder(job, "trial") / old
            reporter.info("Checking rmap update for", (instrument, filekind), "inserting files", names)
            _insert(old, path, paths, job)
            target = str(path)
            _certify(path, job)
        errors, warnings = count()
        with reporter.silence():
            answers = _answers(target, names, job)
    made = RmapMade(
        old, old, target, errors, warnings, instrument, filekind, tuple(names), is_trial=True, answers=answers
    )
    reporter.emit(made)
    return made


def edit(order: RmapEdit, job: CertifyJob, reporter: Reporter) -> RmapMade:
    """Make one new rmap under its name, with its derivation and checksum, and certify it."""
    names = [Path(path).name for path in order.insert]
    target = ""
    with reporter.counting(order.new) as count:
        with trapped(reporter, f"Failed generating {order.new!r} from {order.old!r}"):
            path = _folder(job, "new") / order.new
            reporter.info(f"Generating new rmap {order.new!r} from {order.old!r}")
            if order.insert:
                _insert(order.old, path, order.insert, job)
            if order.delete:
                _delete(path if order.insert else _located(order.old, job), path, order.delete)
            _finish(path, old=order.old)
            target = str(path)
            reporter.info(f"Certifying rmap {order.new!r}")
            _certify(path, job)
        errors, warnings = count()
        with reporter.silence():
            answers = _answers(target, names, job)
    made = RmapMade(
        order.new,
        order.old,
        target,
        errors,
        warnings,
        inserted=tuple(names),
        deleted=order.delete,
        answers=answers,
    )
    reporter.emit(made)
    return made


def _folder(job: CertifyJob, name: str) -> Path:
    folder = Path(job.folder) / name
    folder.mkdir(exist_ok=True)
    return folder


def _governing(context: str, instrument: str, filekind: str) -> str:
    """Return the name of the rmap that a context has for a type.

    Raises
    ------
    CrdsError
        Raised if it has none; then somebody must first submit an rmap for the type.
    """
    import crds
    from crds.core.exceptions import CrdsError as LibraryError

    try:
        found = crds.get_cached_mapping(context).get_imap(instrument).get_rmap(filekind)
        return str(found.basename)
    except (LibraryError, AttributeError) as exc:
        raise CrdsError(
            f"{context} has no rmap for type {filekind!r} of instrument {instrument!r} ({exc}). "
            "Submit a first rmap for it with Submit Mappings, then the references."
        ) from exc


def hint_at_missing(context: str, instrument: str, filekind: str, reporter: Reporter) -> None:
    """Report what to do if a file failed because the context has no rmap for it."""
    try:
        _governing(context, instrument, filekind)
    except CrdsError as exc:
        reporter.info(str(exc))


def _located(name: str, job: CertifyJob) -> Path:
    return Path(job.folder) / "cache" / "mappings" / job.observatory / name


def _insert(old: str, new: Path, paths: Sequence[str], job: CertifyJob) -> None:
    from crds.refactoring import refactor

    refactor.rmap_insert_references(
        str(_located(old, job)), str(new), list(paths), observatory=job.observatory
    )


def _delete(old: Path, new: Path, names: Sequence[str]) -> None:
    from crds.refactoring import refactor

    refactor.rmap_delete_references(str(old), str(new), list(names))


def _finish(path: Path, *, old: str) -> None:
    """Write the name and derivation of a new rmap into its header; this also renews its checksum."""
    from crds.core import rmap

    mapping = rmap.load_mapping(str(path))
    mapping.header["name"] = path.name
    mapping.header["derived_from"] = old
    mapping.write(str(path))


def _certify(path: Path, job: CertifyJob) -> None:
    from crds.certify import certify

    certify.certify_file(str(path), job.context, observatory=job.observatory, original_name=path.name)


def _answers(path: str, names: Sequence[str], job: CertifyJob) -> tuple[Answer, ...]:
    """Return the answers of the library to made-up datasets, for every place of the new references."""
    if not path or not names:
        return ()
    from crds.core import rmap

    text, name = Path(path).read_text(), Path(path).name
    try:
        mapping = rmap.load_mapping(path)
        probed = probes(text, name=name, observatory=job.observatory, references=names)
    except Exception:  # Certification has found it wrong; the next reader will report the error.
        return ()
    return tuple(Answer(header, _answer(mapping, header)) for header in probed)


def _answer(mapping: Any, header: dict[str, str]) -> str:
    from crds.core import rmap

    try:
        return str(rmap.get_best_references(mapping, header).get(mapping.filekind, ""))
    except Exception as exc:  # What the library raises here is its answer.
        return f"NOT FOUND {exc}"

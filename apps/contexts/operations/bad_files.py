"""Operations on bad files: mark them bad or OK, together with the mappings that this taints or clears.

`rejected` says that somebody marked this file. `blacklisted` says that clients must not use a mapping,
because it was marked or because it names a marked one. They are separate, so that each mark can be undone
exactly.

Source: website specification, sections 7.10 and 8.1.2.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from django.db import OperationalError, transaction
from django.utils import timezone

from apps.catalog import audit, usage
from apps.catalog import queries as catalog
from apps.catalog.errors import UnknownFileError
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import Action, File
from apps.catalog.states import FileKind
from apps.contexts.bad_files.permissions import require_marking
from apps.contexts.bad_files.tainting import (
    Children,
    blacklisted_names,
    children_of,
    find_files,
    in_latest,
    official,
    stay_blacklisted,
    tainted,
)
from apps.core.access import Actor
from apps.core.errors import ConflictError, InvalidInputError
from apps.rules.naming.file_names import is_mapping


@dataclass(frozen=True, slots=True)
class Mark:
    """The effect of marking one file bad or OK.

    Attributes
    ----------
    mappings
        Other mappings that are tainted, or cleared, with it, sorted.
    culprits
        Bad mappings that it directly names: because of them it stays blacklisted when it is marked OK.
    """

    name: str
    mappings: tuple[str, ...] = ()
    culprits: tuple[str, ...] = ()

    @property
    def contexts(self) -> list[str]:
        return [name for name in self.mappings if name.endswith(".pmap")]


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect that marking some files would have.

    Attributes
    ----------
    in_latest
        Those of the files that the latest context contains; marking them bad needs `is_overridden`.
    unread
        Mappings whose text is not here or cannot be read: they stay as they are.
    """

    marks: list[Mark]
    in_latest: list[str]
    unread: tuple[str, ...]


def preview_bad(names: Iterable[str], *, actor: Actor | None = None) -> Preview:
    """Return the effect of `mark_bad`; errors as there, but a file that is in use is not an error."""
    marks = _plan_bad(names, actor, is_overridden=True)
    return Preview(marks, in_latest(mark.name for mark in marks), tuple(usage.unread()))


def preview_good(names: Iterable[str], *, actor: Actor | None = None) -> Preview:
    """Return the effect of `mark_good`; errors as there."""
    return Preview(_plan_good(names, actor), [], tuple(usage.unread()))


def mark_bad(
    names: Iterable[str],
    *,
    user: str,
    reason: str,
    is_overridden: bool = False,
    actor: Actor | None = None,
) -> list[Mark]:
    """Mark files bad, so that clients refuse them, and taint all mappings that name a bad mapping.

    Parameters
    ----------
    names
        Names of mappings and references; either all are marked or none.
    user, reason
        For the audit records.
    is_overridden
        Also mark files that the latest context contains.
    actor
        The account that asks; None if the server itself does, which may mark everything.

    Returns
    -------
    Each file with the mappings that were tainted, in the order of `names`.

    Raises
    ------
    DeniedError
        Raised if the account may not mark one of the files; see `permissions.require_marking`.
    InvalidInputError
        Raised if no file is named.
    UnknownFileError
        Raised if files are not known or not confirmed; the message names them all.
    ConflictError
        Raised if files are marked bad already, are in use, or are being changed by somebody else.
    """
    # This takes time. It is done before the lock is taken, so that nobody has to wait.
    _plan_bad(names := tuple(names), actor, is_overridden=is_overridden)
    with transaction.atomic():
        lock_ledger()
        marks = _plan_bad(names, actor, is_overridden=is_overridden)
        mappings = {mark.name for mark in marks if is_mapping(mark.name)}
        files = _write(marks, mappings, is_bad=True)
        for mark in marks:
            details = _bad_details(mark)
            audit.file_changed(
                files[mark.name], action=Action.MARK_BAD, user=user, why=reason, details=details
            )
    return marks


def mark_good(names: Iterable[str], *, user: str, reason: str, actor: Actor | None = None) -> list[Mark]:
    """Mark files OK, and clear the mappings that no longer name a bad one.

    Parameters, returned value and errors are those of `mark_bad`. A file that was not marked bad itself is a
    ConflictError, too.
    """
    _plan_good(names := tuple(names), actor)
    with transaction.atomic():
        lock_ledger()
        marks = _plan_good(names, actor)
        files = _write(marks, {mark.name for mark in marks if not mark.culprits}, is_bad=False)
        for mark in marks:
            details = _good_details(mark)
            audit.file_changed(
                files[mark.name], action=Action.MARK_OK, user=user, why=reason, details=details
            )
    return marks


def _write(marks: list[Mark], themselves: set[str], *, is_bad: bool) -> dict[str, File]:
    """Set the flags of marked files, and return their rows from before.

    Parameters
    ----------
    themselves
        The marked files whose own `blacklisted` changes, besides that of the mappings that name them.
    """
    marked = {mark.name for mark in marks}
    blacklisted = themselves.union(*(mark.mappings for mark in marks))
    files = _hold(marked | blacklisted)
    _set("rejected", is_bad, marked)
    _set("blacklisted", is_bad, blacklisted)
    return files


def taint(names: Iterable[str], *, user: str) -> list[str]:
    """Blacklist those new mappings that name a bad one, directly or through another, and return their names.

    Call it in the transaction that makes the mappings official, with all their names. A mark that is made at
    the same time is either earlier, and then it is seen here, or later, and then it sees the new mappings.

    Raises
    ------
    UnusableContextError
        Raised if the text of a pmap or imap is not in the store or could not be read.
    """
    lock_ledger()
    files = {name: file for name, file in catalog.files_named(names).items() if is_mapping(name)}
    children = children_of(files)
    bad = blacklisted_names()
    found = tainted(bad, children)
    fresh = sorted(name for name in found if not files[name].blacklisted)
    _set("blacklisted", True, fresh)
    for name in fresh:
        culprits = ", ".join(child for child in children[name] if child in bad | found)
        why = "Names a bad mapping."
        audit.file_changed(files[name], action=Action.TAINT, user=user, why=why, details=culprits)
    return fresh


def _plan_bad(names: Iterable[str], actor: Actor | None, *, is_overridden: bool) -> list[Mark]:
    """Return the mappings to taint with each file, or raise if they must not be marked bad."""
    files = _get_files(names)
    if actor is not None:
        require_marking(actor, files.values(), is_bad=True)
    _refuse("Marked bad already", files, lambda file: file.rejected)
    if not is_overridden and (used := in_latest(files)):
        raise ConflictError(
            f"Contained in the latest context: {', '.join(used)}. Make a context without them, make it "
            "latest, and then mark them bad; or choose to mark them anyway."
        )
    blacklisted = blacklisted_names()
    return [
        Mark(name, tuple(sorted(usage.above([name]) - blacklisted))) if is_mapping(name) else Mark(name)
        for name in files
    ]


def _plan_good(names: Iterable[str], actor: Actor | None) -> list[Mark]:
    """Return the mappings to clear with each file, or raise if they must not be marked OK."""
    files = _get_files(names)
    if actor is not None:
        require_marking(actor, files.values(), is_bad=False)
    children, blacklisted = usage.children_by_parent(official()), blacklisted_names()
    _refuse_tainted(files, children, blacklisted)
    _refuse("Not marked bad", files, lambda file: not file.rejected)
    stay = stay_blacklisted(
        [name for name in files if is_mapping(name)],
        marked=set(official().filter(rejected=True).values_list("name", flat=True)) - files.keys(),
        blacklisted=blacklisted,
        children=children,
    )
    return [_good_mark(file, children, stay, blacklisted - stay) for file in files.values()]


def _good_mark(file: File, children: Children, stay: set[str], cleared: set[str]) -> Mark:
    if file.kind == FileKind.REFERENCE:
        return Mark(file.name)
    above = tuple(sorted(usage.above([file.name]) & cleared - {file.name}))
    return Mark(file.name, above, _bad_children(file.name, children, stay))


def _bad_children(name: str, children: Children, bad: Collection[str]) -> tuple[str, ...]:
    return tuple(child for child in children.get(name, ()) if child in bad)


def _get_files(names: Iterable[str]) -> dict[str, File]:
    """Return the rows of all `names`, in their order."""
    wanted = tuple(dict.fromkeys(names))
    if not wanted:
        raise InvalidInputError("Name at least one file.")
    files, unknown = find_files(wanted)
    if unknown:
        listed = ", ".join(repr(name[:128]) for name in unknown)
        raise UnknownFileError(f"Not known to this server, or not confirmed: {listed}.")
    return {name: files[name] for name in wanted}


def _refuse(reason: str, files: dict[str, File], is_wrong: Callable[[File], bool]) -> None:
    if wrong := [name for name, file in files.items() if is_wrong(file)]:
        raise ConflictError(f"{reason}: {', '.join(wrong)}. Nothing was changed.")


def _refuse_tainted(files: dict[str, File], children: Children, blacklisted: set[str]) -> None:
    """Refuse files that are blacklisted because of another mapping, and name that mapping."""
    wrong = [
        f"{name} for {', '.join(_bad_children(name, children, blacklisted)) or 'a mapping below it'}"
        for name, file in files.items()
        if file.blacklisted and not file.rejected
    ]
    if wrong:
        raise ConflictError(
            f"Not bad themselves, but blacklisted because of what they name: {'; '.join(wrong)}. "
            "Mark that OK. Nothing was changed."
        )


def _hold(names: Collection[str]) -> dict[str, File]:
    """Lock rows to the end of the transaction and return them by name.

    A transaction that has locked a row may wait for the ledger's lock, which we have. So we do not wait.
    """
    rows = File.objects.select_for_update(nowait=True).order_by("name")
    try:
        return {file.name: file for chunk in _chunks(names) for file in rows.filter(name__in=chunk)}
    except OperationalError as exc:
        raise ConflictError("Some of these files are being changed. Try again in a moment.") from exc


def _set(flag: str, value: bool, names: Collection[str]) -> None:
    for chunk in _chunks(names):
        rows = File.objects.filter(name__in=chunk, **{flag: not value})
        rows.update(**{flag: value}, changed_at=timezone.now())


def _chunks(names: Collection[str]) -> list[list[str]]:
    ordered = sorted(names)
    return [ordered[start : start + catalog.CHUNK] for start in range(0, len(ordered), catalog.CHUNK)]


def _bad_details(mark: Mark) -> str:
    if not is_mapping(mark.name):
        return "reject"
    return f"blacklist; tainted: {', '.join(mark.mappings) or 'none'}"


def _good_details(mark: Mark) -> str:
    if not is_mapping(mark.name):
        return "reject"
    stays = f"stays blacklisted because of {', '.join(mark.culprits)}; " if mark.culprits else ""
    return f"blacklist; {stays}cleared: {', '.join(mark.mappings) or 'none'}"

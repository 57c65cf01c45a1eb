"""Which context is meant, and the context itself."""

import re
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import QuerySet

from apps.catalog import queries as catalog
from apps.catalog.models import File
from apps.catalog.states import FileKind, FileState
from apps.contexts.errors import (
    InvalidDateContextError,
    UnknownBuildError,
    UnknownContextError,
    UnknownPipelineError,
    UnusableContextError,
)
from apps.contexts.memory import pool
from apps.contexts.models import ContextChange, Pointer, RemotePipeline
from apps.contexts.states import FORMER_CHOICES, Choice
from apps.core.errors import InvalidInputError
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.context import Context
from apps.rules.naming.file_names import is_file_name
from apps.rules.naming.specifiers import Specifier, parse_specifier
from apps.rules.observatories import get_observatory

NOTHING = frozenset({"null", "none", "None", "NONE"})  # How callers spell "no context given".
NOT_APPLICABLE = "N/A"
# Clients resolve `<obs>-versions` to an empty name by themselves where server_info has none.
_EMPTY = (
    "The context is empty. Name a mapping, {observatory}_0001.pmap for example, or {observatory}-latest. "
    "A client sends an empty name for {observatory}-versions while no versions context is set."
)
VERSIONS_INSTRUMENT, VERSIONS_TYPE = "system", "calver"  # Where rules translate versions of the software.


def find_change(pointer: str) -> ContextChange | None:
    """Return the last move of a pointer, or None if it never moved."""
    return ContextChange.objects.filter(pointer=pointer).order_by("-started_at", "-pk").first()


def find_pointed(pointer: str) -> str | None:
    """Return the context a pointer names now, or None if it never moved."""
    change = find_change(pointer)
    return change.context if change else None


def history() -> QuerySet[ContextChange]:
    """Return the eras of latest, newest first."""
    return ContextChange.objects.filter(pointer=Pointer.LATEST).order_by("-started_at", "-pk")


def resolve(specifier: str | None) -> str:
    """Return the mapping that a specifier of the wire protocol's section 4 means.

    Parameters
    ----------
    specifier
        Literal, symbolic, dated, or null in one of its spellings, which means latest. A literal comes back
        as it is; whether it exists shows when it is used.

    Returns
    -------
    A mapping name, or ``"N/A"`` where the context has no such instrument or type, or marks it not applicable.

    Raises
    ------
    InvalidDateContextError
        Raised if the specifier is empty or not of the grammar, is of another observatory, names an
        instrument the observatory does not have, or a date before the first era.
    UnknownContextError
        Raised if the pointer it means was never set.
    UnusableContextError
        Raised if the mapping of an instrument cannot be found because the context is not held or damaged.
    """
    if specifier is None or specifier in NOTHING:
        return _pointed(Pointer.LATEST)
    if not specifier.strip():
        raise InvalidDateContextError(_EMPTY.format(observatory=settings.OBSERVATORY))
    parsed = parse_specifier(specifier)
    if parsed.literal:
        return parsed.literal
    _require_ours(parsed)
    context = _at(parsed.date) if parsed.date else _pointed(parsed.tag)
    return _below(context, parsed) if parsed.instrument else context


def resolve_explicit(specifier: str | None) -> str:
    """Return the pmap that a specifier means, as `resolve_pipeline`, but take none for latest.

    Raises
    ------
    InvalidDateContextError
        Raised as by `resolve_pipeline`, and if the specifier is null in one of its spellings.
    """
    if specifier is None or specifier in NOTHING:
        raise InvalidDateContextError(
            f"No context is named. Name a mapping, {settings.OBSERVATORY}_0001.pmap for example, or "
            f"{settings.OBSERVATORY}-latest."
        )
    return resolve_pipeline(specifier)


def resolve_pipeline(specifier: str | None) -> str:
    """Return the pmap that a specifier means.

    Raises
    ------
    InvalidDateContextError
        Raised as by `resolve`, and if the specifier means an imap or rmap.
    """
    name = resolve(specifier)
    if not name.endswith(".pmap"):
        raise InvalidDateContextError(
            f"{specifier!r} means {name}; a pipeline context (.pmap) is needed here."
        )
    return name


def resolve_choice(
    mode: str, *, name: str = "", text: str = "", menu: str = "", allow_bad: bool = False
) -> str:
    """Return the pmap that somebody chose on a page, or a client in its place.

    Parameters
    ----------
    mode
        A value of `Choice`, or ``pmap_operational``.
    name
        What the client had resolved itself; for modes that name a pmap it stands in for a missing `text` or
        `menu`.
    text, menu
        What was typed, a name or a specifier, and what was picked; each counts in its own mode only.
    allow_bad
        Let a blacklisted context pass: public pages warn of it, submissions refuse it.

    Raises
    ------
    InvalidInputError
        Raised if there is no such mode, or nothing was typed or picked.
    InvalidDateContextError
        Raised if what was typed is neither the name of a pmap nor a specifier of one.
    UnknownContextError
        Raised if no official file has the name, or the pointer was never set.
    UnusableContextError
        Raised if the context is bad and `allow_bad` is not set.
    """
    choice = FORMER_CHOICES.get(mode, mode)
    if choice == Choice.EDIT:
        chosen = _pointed(Pointer.EDIT)
    elif choice == Choice.LATEST:
        chosen = _pointed(Pointer.LATEST)
    elif choice == Choice.RECENT:
        chosen = resolve_pipeline(_given(menu, name))
    elif choice == Choice.TYPED:
        chosen = resolve_pipeline(_given(text, name))
    else:
        raise InvalidInputError(
            f"There is no way {mode[:40]!r} to choose a context; there are {', '.join(Choice.values)}."
        )
    if get_pmap(chosen).is_bad and not allow_bad:
        raise UnusableContextError(f"{chosen} is marked bad.")
    return chosen


def _given(*texts: str) -> str:
    """Return the first text that says something."""
    for text in texts:
        if (stripped := text.strip()) and stripped not in NOTHING:
            return stripped
    raise InvalidInputError(f"Name a context, for example {settings.OBSERVATORY}_0001.pmap.")


def get_pmap(name: str) -> File:
    """Return the row of an official context.

    Raises
    ------
    UnknownContextError
        Raised if `name` is not that of a pmap, or no confirmed file has it.
    """
    if not (is_file_name(name) and name.endswith(".pmap")):
        raise UnknownContextError(f"{name[:128]!r} is not the name of a pipeline context (.pmap).")
    file = catalog.find_file(name)
    if file is None or file.state == FileState.UPLOADED:
        raise UnknownContextError(f"Context {name!r} is not known to this server.")
    return file


def get_context(name: str) -> Context:
    """Return a context by the name of its pmap, ready to answer and shared by all threads.

    Raises
    ------
    UnknownContextError
        Raised if there is no such mapping.
    UnusableContextError
        Raised if it, or a mapping it needs, is not held, damaged or refused; the message names the culprit.
    """
    return pool().context(name)


def context_for(specifier: str | None) -> Context:
    """Return the context that a specifier means: a whole one, or the rules of one instrument or type alone.

    Raises
    ------
    InvalidDateContextError
        Raised as by `resolve`, and if the context has no rules for the instrument or type.
    UnknownContextError, UnusableContextError
        Raised as by `get_context`.
    """
    name = resolve(specifier)
    if name == NOT_APPLICABLE:
        raise InvalidDateContextError(f"{specifier!r} means no mapping: that context has no such rules.")
    return get_context(name)


def mapping_names(name: str) -> tuple[str, ...]:
    """Return the closure of any mapping, itself included, sorted; wrong sha1sums inside do not matter.

    Raises
    ------
    UnknownContextError, UnusableContextError
        As `get_context`; also raised where the closure cannot be known because a pmap or imap is not held.
    """
    return pool().closure(name)


def reference_names(name: str) -> tuple[str, ...]:
    """Return all references that the closure of any mapping names, sorted; errors as `mapping_names`."""
    loaded = pool().members(name).values()
    return tuple(sorted({reference for one in loaded for reference in one.mapping.references}))


def mappings_of(name: str) -> dict[str, CompiledMapping]:
    """Return the closure of any mapping as it is in memory, by name; errors as `mapping_names`.

    Wrong sha1sums inside do not matter; an rmap that is not held does.
    """
    return {member: loaded.mapping for member, loaded in pool().members(name).items()}


def upper_mappings_of(name: str) -> dict[str, CompiledMapping]:
    """Return the pmap and imaps of a closure by name; errors as `mapping_names`."""
    return {member: loaded.mapping for member, loaded in pool().upper_members(name).items()}


def bad_mappings(name: str) -> list[str]:
    """Return the mappings of a closure that were marked bad themselves, sorted; errors as `mapping_names`."""
    bad = File.objects.filter(kind=FileKind.MAPPING, rejected=True).values_list("name", flat=True)
    return sorted(set(bad) & set(mapping_names(name)))


def build_context(calibration_version: str) -> str:
    """Return the context tied to a version of the calibration software.

    An exact match, else the closest earlier patch of the same major and minor version.

    Raises
    ------
    InvalidInputError
        Raised if the text is not a version.
    UnknownBuildError
        Raised if no patch of this release is known; clients fall back to latest then.
    """
    if not is_version(calibration_version):
        raise InvalidInputError(
            f"Bad calibration version {calibration_version[:40]!r}; expected 1.14.1, say."
        )
    table = build_contexts()
    if calibration_version in table:
        return table[calibration_version]
    wanted = _numbers(calibration_version)
    earlier = {
        numbers: context
        for version, context in table.items()
        if (numbers := _numbers(version)) and numbers[:2] == wanted[:2] and numbers <= wanted
    }
    if not wanted or not earlier:
        known = ", ".join(sorted(table, key=_numbers)) or "none"
        raise UnknownBuildError(
            f"No build context for calibration version {calibration_version!r}; known are {known}."
        )
    return earlier[max(earlier)]


def is_version(text: str) -> bool:
    """Tell whether `text` may be a version of calibration software."""
    return re.fullmatch(r"[0-9][A-Za-z0-9.+-]{0,31}", text) is not None


def build_contexts() -> dict[str, str]:
    """Return every calibration version with the context last tied to it."""
    rows = ContextChange.objects.filter(pointer=Pointer.BUILD).order_by("started_at", "pk")
    return dict(rows.values_list("calibration_version", "context"))


def find_build(calibration_version: str) -> ContextChange | None:
    """Return the move that tied a context to this very version, or None if there is none."""
    rows = ContextChange.objects.filter(pointer=Pointer.BUILD, calibration_version=calibration_version)
    return rows.order_by("-started_at", "-pk").first()


def banner() -> ContextChange | None:
    """Return the build context that the home page shows, or None if none was ever chosen for it."""
    rows = ContextChange.objects.filter(pointer=Pointer.BUILD, is_banner=True)
    return rows.order_by("-started_at", "-pk").first()


def releases() -> list[tuple[str, datetime]]:
    """Return the versions of calibration software known here, and since when (UTC), highest first."""
    rows = ContextChange.objects.filter(pointer=Pointer.BUILD).order_by("-started_at", "-pk")
    first = dict(rows.values_list("calibration_version", "started_at"))
    known = [(version, since) for version, since in first.items() if is_version(version)]
    return sorted(known, key=lambda release: (_numbers(release[0]), release[0]), reverse=True)


def require_versions(name: str) -> None:
    """Refuse a context that cannot tell which versions belong to a version of the calibration software.

    That takes rules for type ``calver`` of the instrument ``system``; on observatories that have no such
    instrument no context can.

    Raises
    ------
    UnusableContextError
        Raised if the context has none, or marks them not applicable.
    """
    found = _below(name, Specifier(instrument=VERSIONS_INSTRUMENT, filekind=VERSIONS_TYPE))
    if not found.endswith(".rmap"):
        raise UnusableContextError(
            f"{name} cannot be the versions context: it has no rules for type {VERSIONS_TYPE.upper()} of "
            f"instrument {VERSIONS_INSTRUMENT.upper()}, which translate versions of the calibration software."
        )


def pipelines() -> list[RemotePipeline]:
    """Return the pipelines that may tell their contexts, by name."""
    return list(RemotePipeline.objects.order_by("name"))


def remote_context(pipeline_name: str) -> str:
    """Return the context a pipeline last told us.

    Raises
    ------
    UnknownPipelineError
        Raised if no pipeline has this name, or it has not told anything yet.
    """
    pipeline = RemotePipeline.objects.filter(name=pipeline_name).first()
    if pipeline is None:
        raise UnknownPipelineError(f"Pipeline {pipeline_name[:128]!r} is not known to this server.")
    if not pipeline.context:
        raise UnknownPipelineError(f"Pipeline {pipeline.name!r} has not told its context yet.")
    return pipeline.context


def _numbers(version: str) -> tuple[int, ...]:
    """Return the three numbers of a version, empty if it has none at its start."""
    found = re.match(r"(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def _pointed(pointer: str) -> str:
    """Return where a pointer stands; without a build context latest takes its place."""
    context = find_pointed(pointer)
    if context is None and pointer == Pointer.BUILD:
        return _pointed(Pointer.LATEST)
    if context is None:
        raise UnknownContextError(f"No {pointer} context has been set for {settings.OBSERVATORY}.")
    return context


def _at(date: datetime) -> str:
    """Return what was latest at a moment, naive UTC; the start of an era belongs to it."""
    moment = date.replace(tzinfo=UTC)
    era = history().filter(started_at__lte=moment).first()
    if era is not None:
        return era.context
    first = history().last()
    if first is None:
        raise UnknownContextError(f"No latest context has been set for {settings.OBSERVATORY}.")
    raise InvalidDateContextError(
        f"No context was in use at {date}; "
        f"the first is {first.context} since {first.started_at:%Y-%m-%d %H:%M:%S}."
    )


def _require_ours(specifier: Specifier) -> None:
    """Refuse observatories and instruments that this server does not have."""
    observatory = specifier.observatory or settings.OBSERVATORY
    if observatory != settings.OBSERVATORY:
        raise InvalidDateContextError(
            f"Bad observatory {observatory!r} in CRDS date based context specification.",
            detail=f"this server serves {settings.OBSERVATORY!r}",
        )
    known = get_observatory(observatory).instruments
    if specifier.instrument and specifier.instrument not in known:
        raise InvalidDateContextError(
            f"Bad instrument {specifier.instrument!r} in CRDS date based context specification.",
            detail=f"known are {', '.join(known)}",
        )


def _below(context: str, specifier: Specifier) -> str:
    """Return the imap or rmap of a context that a specifier asks for."""
    name = pool().selections(context).get(specifier.instrument, NOT_APPLICABLE)
    if specifier.filekind and name.endswith(".imap"):
        name = pool().selections(name).get(specifier.filekind, NOT_APPLICABLE)
    return name if name.endswith((".imap", ".rmap")) else NOT_APPLICABLE

"""Which context is meant, and the context itself."""

import re
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import QuerySet

from apps.contexts.errors import (
    InvalidDateContextError,
    UnknownBuildError,
    UnknownContextError,
    UnknownPipelineError,
)
from apps.contexts.memory import pool
from apps.contexts.models import ContextChange, Pointer, RemotePipeline
from apps.core.errors import InvalidInputError
from apps.rules.context import Context
from apps.rules.observatories import get_observatory
from apps.rules.specifiers import Specifier, parse_specifier

NOTHING = frozenset({"", "null", "none", "None", "NONE"})  # How callers spell "no context given".
NOT_APPLICABLE = "N/A"


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
        Literal, symbolic, dated, or nothing, which means latest. A literal comes back as it is; whether it
        exists shows when it is used.

    Returns
    -------
    A mapping name, or ``"N/A"`` where the context has no such instrument or type, or marks it not applicable.

    Raises
    ------
    InvalidDateContextError
        Raised if the specifier is not of the grammar, is of another observatory, names an instrument the
        observatory does not have, or a date before the first era.
    UnknownContextError
        Raised if the pointer it means was never set.
    UnusableContextError
        Raised if the mapping of an instrument cannot be found because the context is not held or damaged.
    """
    if specifier is None or specifier in NOTHING:
        return _pointed(Pointer.LATEST)
    parsed = parse_specifier(specifier)
    if parsed.literal:
        return parsed.literal
    _require_ours(parsed)
    context = _at(parsed.date) if parsed.date else _pointed(parsed.tag)
    return _below(context, parsed) if parsed.instrument else context


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
    """Return the context that a specifier means; errors as `resolve_pipeline` and `get_context`."""
    return get_context(resolve_pipeline(specifier))


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

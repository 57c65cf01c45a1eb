"""Queries that resolve specifiers of the wire, and choices on pages, to a context."""

from datetime import UTC, datetime

from django.conf import settings

from apps.contexts.errors import (
    InvalidDateContextError,
    UnknownContextError,
    UnusableContextError,
)
from apps.contexts.memory import pool
from apps.contexts.models import Pointer
from apps.contexts.queries.mappings import get_context, get_pmap
from apps.contexts.queries.pointers import find_pointed, history
from apps.contexts.states import FORMER_CHOICES, ContextChoice
from apps.core.errors import InvalidInputError
from apps.rules.lookup.context import Context
from apps.rules.naming.specifiers import Specifier, parse_specifier
from apps.rules.observatories import get_observatory

NOTHING = frozenset({"null", "none", "None", "NONE"})  # the spellings of "no context given"
NOT_APPLICABLE = "N/A"
# Clients resolve `<obs>-versions` to an empty name by themselves where server_info has none.
_EMPTY = (
    "The context is empty. Name a mapping, {observatory}_0001.pmap for example, or {observatory}-latest. "
    "A client sends an empty name for {observatory}-versions while no versions context is set."
)
VERSIONS_INSTRUMENT, VERSIONS_TYPE = "system", "calver"  # Where rules translate versions of the software.


def resolve(specifier: str | None) -> str:
    """Return the mapping that a specifier of the wire protocol's section 4 means.

    Parameters
    ----------
    specifier
        Literal, symbolic, dated, or null in one of its spellings, which means latest. A literal is returned
        unchanged, even if it does not exist.

    Returns
    -------
    A mapping name, or ``"N/A"`` where the context has no such instrument or type, or marks it not applicable.

    Raises
    ------
    InvalidDateContextError
        Raised if the specifier is empty or does not fit the grammar, is for another observatory, or names an
        instrument that the observatory does not have, or a date before the first era.
    UnknownContextError
        Raised if the pointer that it names was never set.
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
    """Return the pmap that a specifier means, as `resolve_pipeline`, but refuse a missing specifier.

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
    """Return the pmap that a person, or a client, chose on a page.

    Parameters
    ----------
    mode
        A value of `ContextChoice`, or ``pmap_operational``.
    name
        The name that the client resolved itself; in modes that name a pmap it replaces a missing `text` or
        `menu`.
    text, menu
        The typed name or specifier, and the picked name; each counts in its own mode only.
    allow_bad
        Accept a blacklisted context: public pages warn about it, submissions refuse it.

    Raises
    ------
    InvalidInputError
        Raised if there is no such mode, or nothing was typed or picked.
    InvalidDateContextError
        Raised if the typed text is neither the name of a pmap nor a specifier of one.
    UnknownContextError
        Raised if no official file has the name, or the pointer was never set.
    UnusableContextError
        Raised if the context is bad and `allow_bad` is not set.
    """
    choice = FORMER_CHOICES.get(mode, mode)
    if choice == ContextChoice.EDIT:
        chosen = _pointed(Pointer.EDIT)
    elif choice == ContextChoice.LATEST:
        chosen = _pointed(Pointer.LATEST)
    elif choice == ContextChoice.RECENT:
        chosen = resolve_pipeline(_given(menu, name))
    elif choice == ContextChoice.TYPED:
        chosen = resolve_pipeline(_given(text, name))
    else:
        raise InvalidInputError(
            f"There is no way {mode[:40]!r} to choose a context; there are {', '.join(ContextChoice.values)}."
        )
    if get_pmap(chosen).is_bad and not allow_bad:
        raise UnusableContextError(f"{chosen} is marked bad.")
    return chosen


def _given(*texts: str) -> str:
    """Return the first text that is not empty or null."""
    for text in texts:
        if (stripped := text.strip()) and stripped not in NOTHING:
            return stripped
    raise InvalidInputError(f"Name a context, for example {settings.OBSERVATORY}_0001.pmap.")


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


def require_versions(name: str) -> None:
    """Refuse a context that cannot translate versions of the calibration software.

    The translation needs rules for type ``calver`` of the instrument ``system``. Where an observatory does
    not have this instrument, every context is refused.

    Raises
    ------
    UnusableContextError
        Raised if the context has no such rules, or marks them not applicable.
    """
    found = _below(name, Specifier(instrument=VERSIONS_INSTRUMENT, filekind=VERSIONS_TYPE))
    if not found.endswith(".rmap"):
        raise UnusableContextError(
            f"{name} cannot be the versions context: it has no rules for type {VERSIONS_TYPE.upper()} of "
            f"instrument {VERSIONS_INSTRUMENT.upper()}, which translate versions of the calibration software."
        )


def _pointed(pointer: str) -> str:
    """Return the context of a pointer; if there is no build context, that of latest."""
    context = find_pointed(pointer)
    if context is None and pointer == Pointer.BUILD:
        return _pointed(Pointer.LATEST)
    if context is None:
        raise UnknownContextError(f"No {pointer} context has been set for {settings.OBSERVATORY}.")
    return context


def _at(date: datetime) -> str:
    """Return the context that was latest at a moment, naive UTC; the start of an era belongs to it."""
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

"""Questions of pages: a context, and a header reduced to the parameters that the rules look at.

The address of a page holds the whole question, so every answer and every explanation has a link.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.conf import settings
from django.db import DatabaseError

from apps.bestrefs.errors import (
    ArchiveUnreachableError,
    InstrumentNotInContextError,
    NoInstrumentError,
    OtherObservatoryError,
    UnknownDatasetError,
)
from apps.bestrefs.headers import MISSING
from apps.contexts import queries as contexts
from apps.datasets.errors import ArchiveFailedError
from apps.datasets.headers import canonical, find_instrument
from apps.datasets.queries import headers_of, id_grammar
from apps.rules.lookup.context import Context
from apps.rules.observatories import dataset_ids, get_observatory, with_data

logger = logging.getLogger(__name__)

MAX_NAME = 128  # characters of the name of a local file
MAX_LINK = 3_500  # characters of an address; web servers read about 4,000
# Names in addresses that are not parameters; parameters are upper case.
RESERVED = frozenset({"context", "dataset", "name", "type", "format", "sort", "search", "show", "page"})


@dataclass(frozen=True)
class Question:
    """One header under one context.

    Attributes
    ----------
    context
        Name of the pmap.
    instrument
        Lower case; the context has rules for it.
    header
        Upper case parkey to value as given, for the parkeys that the rules look at.
    dataset
        Two-part id if the header comes from the archive, else empty.
    name
        Name of the local file the header was read from, if any.
    """

    context: str
    instrument: str
    header: Mapping[str, str]
    dataset: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """The name of the data."""
        product, _, exposure = self.dataset.partition(":")
        known = product if product == exposure else self.dataset
        return known or self.name or f"{self.instrument.upper()} exposure"

    @property
    def rules(self) -> Context:
        """The context, ready to answer."""
        return contexts.get_context(self.context)

    @cached_property
    def parameters(self) -> list[tuple[str, str]]:
        """All parameters of the instrument with their values, sorted, with date and time at the end."""
        wanted = needed_parkeys(self.rules, self.instrument) | self.header.keys()
        dates = self.rules.definition.useafter_keys
        named = [*sorted(wanted.difference(dates)), *dates]
        return [(parkey, self.header.get(parkey, MISSING)) for parkey in named]

    @property
    def sent(self) -> dict[str, str]:
        """The parameters of an address that asks this question."""
        if self.dataset:
            return {"context": self.context, "dataset": self.dataset}
        named = {"name": self.name} if self.name else {}
        return {"context": self.context, **named, **self.header}

    @property
    def query(self) -> str:
        """The query part of an address that asks this question."""
        return urlencode(self.sent)


def needed_parkeys(context: Context, instrument: str) -> set[str]:
    """Return the upper case parkeys that the rules of an instrument look at; empty if there are no rules."""
    required = context.required_parkeys()
    found = required.get(instrument, ()) if isinstance(required, dict) else required
    return {parkey.upper() for parkey in (*found, *context.definition.useafter_keys)} if found else set()


def of_header(context: str, header: Mapping[str, str], *, name: str = "") -> Question:
    """Return the question about a header that was pasted or read from a file.

    Parameters
    ----------
    header
        Keys in any case: FITS keywords, and data model paths where the observatory knows them.

    Raises
    ------
    NoInstrumentError, OtherObservatoryError
        Raised if the header does not say which instrument took the data, or names one of another observatory.
    InstrumentNotInContextError
        Raised if the context has no rules for the instrument.
    UnknownContextError, UnusableContextError
        As `contexts.queries.get_context`.
    """
    rules = contexts.get_context(context)
    whole = canonical(header, rules.definition, id_grammar())
    instrument = find_instrument(whole, rules.definition)
    if instrument is None:
        raise NoInstrumentError(_no_instrument(header))
    _require_ours(instrument)
    if instrument not in (known := rules.instruments()):
        raise InstrumentNotInContextError(
            f"{context} has no rules for {instrument.upper()[:40]!r}; "
            f"it knows {', '.join(map(str.upper, known)) or 'no instrument'}."
        )
    needed = needed_parkeys(rules, instrument)
    kept = {parkey: whole[parkey] for parkey in sorted(needed) if parkey in whole}
    kept.setdefault(rules.definition.instrument_key, instrument.upper())
    return Question(context, instrument, kept, name=name.strip()[:MAX_NAME])


def of_dataset(context: str, text: str) -> list[Question]:
    """Return a question for each exposure that an id names; at least one.

    Raises
    ------
    UnknownDatasetError, OtherObservatoryError
        Raised if there is no such dataset on this server; the message is the documented one.
    ArchiveUnreachableError
        Raised if the archive does not answer.
    """
    found = _archived(text)
    if not found:
        raise UnknownDatasetError(_does_not_exist(text))
    questions = [(dataset, of_header(context, header)) for dataset, header in found.items()]
    return [
        Question(context, question.instrument, question.header, dataset) for dataset, question in questions
    ]


def of_address(sent: Mapping[str, str]) -> list[Question]:
    """Return the questions of an address; errors as in `of_header`, `of_dataset` and for unknown contexts."""
    context = contexts.resolve_pipeline(sent.get("context"))
    contexts.get_pmap(context)
    if dataset := sent.get("dataset", "").strip():
        return of_dataset(context, dataset)
    header = {key: value for key, value in sent.items() if key not in RESERVED}
    return [of_header(context, header, name=sent.get("name", ""))]


def _archived(text: str) -> Mapping[str, Mapping[str, str]]:
    try:
        return headers_of([text])[text]
    except ArchiveFailedError as exc:
        raise ArchiveUnreachableError(f"{exc} You can also give the header of the file.") from exc
    except (OSError, DatabaseError) as exc:
        logger.warning("The archive did not answer about %r.", text, exc_info=exc)
        raise ArchiveUnreachableError(
            f"The archive catalogue cannot be reached now, so the parameters of {text[:100]!r} "
            "are unknown. Try again later, or give the header of the file."
        ) from exc


def _does_not_exist(text: str) -> str:
    known = f"NOT FOUND dataset ID does not exist {text[:300]!r}"
    for other in _others():
        grammar = dataset_ids(other)
        if instrument := next(filter(None, map(grammar.find_instrument, text.upper().split(":"))), None):
            title = get_observatory(other).title
            return f"{known}; it looks like one of {title} {instrument.upper()}, and this server serves " + (
                f"{get_observatory(settings.OBSERVATORY).title} only."
            )
    return known


def _no_instrument(header: Mapping[str, str]) -> str:
    ours = get_observatory(settings.OBSERVATORY)
    keys = ours.instrument_key if ours.path_prefix is None else f"INSTRUME or {ours.instrument_key}"
    if not header:
        return (
            f"There is no header: give lines such as {ours.instrument_key} = {ours.instruments[0].upper()}."
        )
    return (
        f"The header does not say which instrument took the data: {keys} is missing among its "
        f"{len(header)} keywords ({_some(header)})."
    )


def _some(keys: Iterable[str]) -> str:
    known = list(keys)
    return ", ".join(known[:5]) + (", …" if len(known) > 5 else "")


def _require_ours(instrument: str) -> None:
    ours = get_observatory(settings.OBSERVATORY)
    if instrument in ours.instruments:
        return
    for other in map(get_observatory, _others()):
        if instrument in other.instruments:
            raise OtherObservatoryError(
                f"The header is of {instrument.upper()}, an instrument of {other.title}; this server serves "
                f"{ours.title} with {', '.join(map(str.upper, ours.instruments))}."
            )


def _others() -> list[str]:
    """Return the other observatories that take data."""
    return [name for name in with_data() if name != settings.OBSERVATORY]

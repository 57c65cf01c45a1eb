"""The references that datasets need under a context.

A question about one header fails as a whole. In a question about many headers, each failure is the answer for
its dataset. No answer is cut short: a question above a published limit is refused.

Notes
-----
Source: wire protocol, sections 1.5, 2.5 and 2.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from datetime import datetime
from typing import Any, NoReturn

from django.conf import settings

from apps.bestrefs.errors import BadLabelError, InstrumentNotInContextError, LimitExceededError
from apps.bestrefs.headers import complete_header
from apps.contexts.queries import context_for, get_context, resolve
from apps.datasets.archive import Answer, Header
from apps.datasets.errors import ArchiveFailedError
from apps.datasets.headers import canonical, find_instrument
from apps.datasets.queries import answers_of, id_grammar, ids_in_blocks, two_part_id
from apps.datasets.timestamps import parse_moment
from apps.rules.errors import CrdsError
from apps.rules.lookup.context import Context

NOT_FOUND = "NOT FOUND "
_LABEL = re.compile(r"[A-Za-z0-9.:_+-]{1,128}")

MAX_REFTYPES = 200  # in one call; the most that an instrument has are about 60
LONGEST_REFTYPE = 64  # characters

References = dict[str, str]


def best_references(
    specifier: str | None, header: Mapping[str, Any], reftypes: Sequence[str] | None = None
) -> References:
    """Return reftype to the reference that one header needs, or to ``NOT FOUND`` and the reason.

    Parameters
    ----------
    specifier
        Any specifier; None means latest. An imap or rmap answers with its own rules only.
    header
        Keys in any case; values of other types are converted to text.
    reftypes
        In any case; None or an empty list means all types of the instrument.

    Raises
    ------
    CrdsError
        Raised if the context or the instrument is unknown, or an imap or rmap belongs to another instrument.
    LimitExceededError
        Raised if more types are named than any instrument has.
    """
    return _best_references(context_for(specifier), header, _chosen(reftypes))


def best_references_by_header_map(
    specifier: str | None, header_map: Mapping[str, Any], reftypes: Sequence[str] | None = None
) -> dict[str, References | str]:
    """Return label to the references of its header, or to ``NOT FOUND`` and the reason.

    Raises
    ------
    LimitExceededError
        Raised if the map holds more headers than one call may.
    BadLabelError
        Raised if a label is longer than 128 characters, or holds others than letters, digits and ``.:_+-``.
    """
    _require_at_most(settings.MAX_BESTREFS_PER_RPC, header_map, "headers")
    if not all(map(_LABEL.fullmatch, header_map)):
        _refuse_labels(header_map)
    context = context_for(specifier)
    chosen = _chosen(reftypes)
    return {label: _references_or_reason(context, header, chosen) for label, header in header_map.items()}


def best_references_by_ids(
    specifier: str | None,
    ids: Sequence[str],
    reftypes: Sequence[str] | None = None,
    *,
    include_headers: bool = False,
) -> dict[str, Any]:
    """Return id to ``[True, references]`` of archived datasets, or to ``[False, reason]``.

    The keys are the ids as requested. If an id names several exposures, each exposure has an entry under its
    two-part id instead. `include_headers` adds the entry ``headers``, id to header.

    Raises
    ------
    LimitExceededError
        Raised if there are more ids than one call may name.
    """
    context = _context_for_ids(specifier, ids)
    chosen = _chosen(reftypes)
    answers: dict[str, Any] = {}
    headers: dict[str, Header] = {}
    for text, found in answers_of(ids).items():
        if isinstance(found, ArchiveFailedError) or not found:
            answers[text] = [False, _no_header(text, found)]
            continue
        for two_part, header in found.items():
            label = text if len(found) == 1 else two_part
            references = _references_or_reason(context, header, chosen)
            answers[label] = [isinstance(references, dict), references]
            headers[label] = complete_header(header, context)
    return {**answers, "headers": headers} if include_headers else answers


def aui_best_references(specifier: str | None, ids: Sequence[str]) -> dict[str, list[Any]]:
    """Return id as requested to ``[True, references]`` or ``[False, reason]``, as archive interfaces expect.

    The references are file names only, sorted and without repeats. Types that failed or do not apply are left
    out. All exposures of a product share one list.

    Raises
    ------
    LimitExceededError
        Raised if there are more ids than one call may name.
    """
    context = _context_for_ids(specifier, ids)
    return {text: _files(context, text, found) for text, found in answers_of(ids).items()}


def _files(context: Context, text: str, found: Answer) -> list[Any]:
    if isinstance(found, ArchiveFailedError) or not found:
        return [False, _no_header(text, found)]
    answers = [_references_or_reason(context, header, None) for header in found.values()]
    if all(isinstance(answer, str) for answer in answers):
        return [False, answers[0]]
    values = {value for answer in answers if isinstance(answer, dict) for value in answer.values()}
    return [True, sorted(value for value in values if not value.startswith(NOT_FOUND))]


def required_parkeys(specifier: str | None) -> dict[str, list[str]] | list[str]:
    """Return instrument to parkeys for a pmap, and the parkeys alone for an imap or rmap."""
    return get_context(resolve(specifier)).required_parkeys()


def dataset_ids(
    specifier: str | None, instrument: str, datasets_since: str | None = None
) -> Iterator[list[str]]:
    """Return the two-part ids of the archived datasets of an instrument in blocks, sorted by the database.

    Parameters
    ----------
    instrument
        In any case.
    datasets_since
        Only exposures that started then or later; exposures with an unknown start are left out.

    Raises
    ------
    InstrumentNotInContextError
        Raised if the context does not know the instrument.
    """
    since = _moment(datasets_since)
    known = sorted(context_for(specifier).instruments())
    if instrument.lower() not in known:
        raise InstrumentNotInContextError(
            f"Unknown instrument {instrument[:100]!r}; known are {', '.join(known)}."
        )
    return ids_in_blocks(instrument.lower(), since=since)


def dataset_headers(
    specifier: str | None, ids: Sequence[str], datasets_since: str | None = None
) -> dict[str, Header | str]:
    """Return two-part id to header, or to ``NOT FOUND`` and the reason.

    A product means all of its exposures.

    Raises
    ------
    LimitExceededError
        Raised if there are more ids than one call may name.
    UndeterminedInstrumentError
        Raised if an id is unknown and no instrument can be read from it.
    """
    _require_at_most(settings.MAX_HEADERS_PER_RPC, ids, "dataset ids")
    since = _moment(datasets_since)
    context = context_for(specifier)
    answers: dict[str, Header | str] = {}
    for text, found in answers_of(ids, since=since).items():
        if isinstance(found, ArchiveFailedError) or not found:
            answers[two_part_id(text)] = _no_header(text, found, since)
            continue
        answers.update((label, complete_header(header, context)) for label, header in found.items())
    return answers


def dataset_headers_of_instrument(
    specifier: str | None, instrument: str, datasets_since: str | None = None
) -> dict[str, Header | str]:
    """Return two-part id to header of an instrument's datasets, unless they are too many for one call."""
    ids: list[str] = []
    for block in dataset_ids(specifier, instrument, datasets_since):
        ids += block
        if len(ids) > settings.MAX_HEADERS_PER_RPC:
            raise LimitExceededError(
                f"{instrument.lower()[:100]} has more than {settings.MAX_HEADERS_PER_RPC} datasets; one call "
                "returns no more headers. Ask get_dataset_ids for the ids, and for their headers in parts."
            )
    return dataset_headers(specifier, ids, datasets_since)


def _best_references(
    context: Context, header: Mapping[str, Any], reftypes: Sequence[str] | None
) -> References:
    if not context.is_whole:
        _require_same_instrument(context, header)
    return context.best_references(header, reftypes)


def _require_same_instrument(context: Context, header: Mapping[str, Any]) -> None:
    """Refuse data of another instrument, because an imap or rmap would answer with its own references."""
    texts = canonical(header, context.definition, id_grammar())
    instrument, (known,) = find_instrument(texts, context.definition), context.instruments()
    if instrument not in (None, known):
        raise InstrumentNotInContextError(
            f"{context.name} has rules for {known.upper()} only; the data are of {instrument.upper()[:40]!r}."
        )


def _chosen(reftypes: Sequence[str] | None) -> Sequence[str] | None:
    """Return the wanted types, None for all. Each of them costs time and text for each header."""
    if not reftypes:
        return None
    _require_at_most(MAX_REFTYPES, reftypes, "types")
    if longest := next((name for name in reftypes if len(name) > LONGEST_REFTYPE), ""):
        raise LimitExceededError(
            f"A type has {len(longest)} characters; at most {LONGEST_REFTYPE} are looked up."
        )
    return reftypes


def _references_or_reason(context: Context, header: Any, reftypes: Sequence[str] | None) -> References | str:
    if not isinstance(header, dict):
        return f"{NOT_FOUND}a header must be an object of keys and values"
    try:
        return _best_references(context, header, reftypes)
    except CrdsError as exc:
        return f"{NOT_FOUND}{exc}"


def _context_for_ids(specifier: str | None, ids: Sequence[str]) -> Context:
    _require_at_most(settings.MAX_BESTREFS_PER_RPC, ids, "dataset ids")
    return context_for(specifier)


def _no_header(text: str, found: Answer, since: datetime | None = None) -> str:
    """Return the reason why an id gives no header; the documented one quotes the id as requested."""
    if isinstance(found, ArchiveFailedError):
        return f"{NOT_FOUND}{found}"
    when = f" since {since:%Y-%m-%d %H:%M:%S}" if since else ""
    return f"{NOT_FOUND}dataset ID does not exist {text[:300]!r}{when}"


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_moment(text)


def _require_at_most(limit: int, items: Sized, what: str) -> None:
    if len(items) > limit:
        raise LimitExceededError(
            f"{len(items)} {what} were sent in one call; at most {limit} are answered. Ask in parts."
        )


def _refuse_labels(labels: Iterable[str]) -> NoReturn:
    culprit = next(label for label in labels if not _LABEL.fullmatch(label))
    raise BadLabelError(
        f"{culprit[:128]!r} cannot be the id of a header; 1-128 letters, digits and . : - + _ can."
    )

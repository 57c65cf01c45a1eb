"""Tables for queries of many contexts at once: numbers of files, and the rules in use as rows and values."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator

from django.db import transaction

from apps.catalog import usage
from apps.contexts.memory import pool
from apps.contexts.models import ContextChange, ContextSummary, ListedRule, MatchedValue, Pointer
from apps.contexts.queries import find_pointed, mapping_names
from apps.rules.errors import CrdsError
from apps.rules.lookup.rules_as_rows import Listing, list_rules

logger = logging.getLogger(__name__)

AT_ONCE = 50  # contexts counted by one call, so that a call lasts seconds
BATCH = 2000  # rows stored by one statement
LONGEST_VALUE = 64  # characters of a value that the search knows


def keep_listings() -> int:
    """Add the missing numbers of contexts and list the rules in use; return the number of changes.

    A call that is repeated changes nothing. A context that cannot be read is left out and tried again.
    """
    return _count_files() + _list_rules()


def _count_files() -> int:
    known = ContextSummary.objects.values_list("context", flat=True)
    pmaps = usage.official().filter(name__endswith=".pmap").exclude(name__in=known).order_by("-name")
    found = 0
    for name in pmaps.values_list("name", flat=True)[:AT_ONCE]:
        try:
            members = mapping_names(name)
        except CrdsError as exc:
            logger.info("the files of %s are not counted: %s", name, exc)
            continue
        numbers = {"mapping_count": len(members), "reference_count": _count_references(members)}
        found += ContextSummary.objects.get_or_create(context=name, defaults=numbers)[1]
    return found


def _count_references(members: tuple[str, ...]) -> int | None:
    names: set[str] = set()
    for rmap in (member for member in members if member.endswith(".rmap")):
        noted = usage.find_rmap(rmap)
        if noted is None:
            return None
        names |= noted[1]
    return len(names)


def _list_rules() -> int:
    wanted = {name for pointer in (Pointer.LATEST, Pointer.EDIT) if (name := find_pointed(pointer))}
    missing = sorted(name for name in wanted if not ListedRule.objects.filter(context=name).exists())
    changed = 0
    for context in missing:
        try:
            rows = list(_rows(context))
        except CrdsError as exc:
            logger.warning("the rules of %s are not listed: %s", context, exc)
            continue
        changed += _store(context, rows)
    MatchedValue.objects.exclude(context__in=wanted).delete()
    gone = ListedRule.objects.exclude(context__in=wanted)
    return changed + gone.delete()[0]


@transaction.atomic
def _store(context: str, rows: list[ListedRule]) -> bool:
    """Store the rules of a context and their values, and return whether this call did it.

    Several workers may find a context missing at once. The first one locks the moves that name it, and the
    others find its rows when they have the lock.
    """
    list(ContextChange.objects.select_for_update().filter(context=context).order_by("pk").values_list("pk"))
    if ListedRule.objects.filter(context=context).exists():
        return False
    ListedRule.objects.bulk_create(rows, batch_size=BATCH)
    MatchedValue.objects.filter(context=context).delete()
    MatchedValue.objects.bulk_create(_values(rows), batch_size=BATCH)
    return True


def _rows(context: str) -> Iterator[ListedRule]:
    for name, loaded in pool().members(context).items():
        mapping = loaded.mapping
        if mapping.selector is None:
            continue
        listing = list_rules(mapping.selector, mapping.definition)
        for match_params, useafter, reference in _cases(listing):
            yield ListedRule(
                context=context,
                mapping=name,
                instrument=mapping.instrument or "",
                filekind=mapping.filekind or "",
                reference=reference,
                useafter=useafter,
                match_params=match_params,
            )


def _values(rules: Iterable[ListedRule]) -> list[MatchedValue]:
    """Return the values of rules of one context, with the number of rules of a type that name each."""
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for rule in rules:
        for parkey, alternatives in json.loads(rule.match_params).items():
            for value in _words(alternatives):
                counts[(rule.context, value, parkey, rule.instrument, rule.filekind)] += 1
    names = ("context", "value", "parkey", "instrument", "filekind")
    return [
        MatchedValue(**dict(zip(names, key, strict=True)), rule_count=count) for key, count in counts.items()
    ]


def _words(alternatives: str) -> set[str]:
    """Return the values that somebody may search for: those with a letter, without the special ones.

    Examples
    --------
    >>> sorted(_words("F560W|f770w|2.0|N/A"))
    ['F560W', 'F770W']
    """
    words = {word.strip().upper() for word in alternatives.split("|")} - {"N/A", "ANY", "UNDEFINED"}
    return {word for word in words if len(word) <= LONGEST_VALUE and any(map(str.isalpha, word))}


def _cases(listing: Listing) -> Iterator[tuple[str, str, str]]:
    place = listing.useafter
    names = [key.parkeys[0] if len(key.parkeys) == 1 else key.title for key in listing.keys]
    for row in listing.rows:
        values = {
            name: value
            for number, (name, value) in enumerate(zip(names, row.values, strict=True))
            if number != place and value
        }
        useafter = row.values[place].replace(" ", "T") if place >= 0 else ""
        for reference in row.references:
            yield json.dumps(values, sort_keys=True), useafter, reference

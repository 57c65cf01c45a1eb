"""The context that an address means, and suggestions where there is none."""

import difflib
import re
from dataclasses import dataclass

from django.conf import settings

from apps.catalog.addresses import file_page
from apps.contexts import queries as contexts
from apps.contexts.context_chooser import delivery_order, official_contexts
from apps.contexts.models import Pointer
from apps.rules.naming.file_names import is_file_name, is_mapping

SUGGESTIONS = 6


@dataclass(frozen=True, slots=True)
class RequestedContext:
    """The context that an address means.

    Attributes
    ----------
    name
        Name of its pmap.
    pointers
        The pointers that name it now.
    is_bad
        Whether clients must refuse it.
    """

    name: str
    pointers: tuple[str, ...]
    is_bad: bool

    @property
    def heading(self) -> str:
        """The heading of its pages."""
        return "Latest References" if Pointer.LATEST in self.pointers else "Historical References"


def find_requested(specifier: str) -> RequestedContext:
    """Return the context that an address means: by its name, a pointer such as ``edit``, or a date.

    Raises
    ------
    InvalidDateContextError, UnknownContextError, UnusableContextError
        As `contexts.queries.resolve_pipeline` and `get_pmap`.
    """
    name = contexts.resolve_pipeline(_complete(specifier))
    file = contexts.get_pmap(name)
    pointers = tuple(pointer.value for pointer in Pointer if contexts.find_pointed(pointer) == name)
    return RequestedContext(name, pointers, file.is_bad)


def _complete(specifier: str) -> str:
    """Return a full specifier: put the observatory before a pointer that stands alone."""
    if specifier in {*Pointer.values, "operational"}:
        return f"{settings.OBSERVATORY}-{specifier}"
    return specifier


def neighbours(name: str) -> tuple[str, str]:
    """Return the contexts delivered directly before and after `name`; empty where there is none."""
    order = sorted(official_contexts().values_list("name", flat=True), key=delivery_order)
    place = order.index(name)
    return (order[place - 1] if place else "", order[place + 1] if place + 1 < len(order) else "")


def suggestions(specifier: str) -> list[str]:
    """Return the known contexts most similar to `specifier`, the most similar first."""
    known = list(official_contexts().values_list("name", flat=True))
    alike = difflib.get_close_matches(specifier[:64], known, SUGGESTIONS, cutoff=0.75)
    number = re.search(r"\d{1,9}", specifier)
    if not number:
        return alike or sorted(known, key=delivery_order)[-SUGGESTIONS:][::-1]
    wanted = int(number[0])
    return sorted(known, key=lambda name: (abs(delivery_order(name)[0] - wanted), name))[:SUGGESTIONS]


def other_page(specifier: str) -> str:
    """Return the page of an imap or rmap, empty if `specifier` does not name one."""
    is_other = is_file_name(specifier) and is_mapping(specifier) and not specifier.endswith(".pmap")
    return file_page(specifier) if is_other else ""

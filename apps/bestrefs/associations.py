"""The references of many datasets at once, each with its file, the failures with their reasons.

The answers are those of `queries`. They have a form that a program can follow: which type, which file, and
whether the whole can be trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.bestrefs.outcomes import TypeOutcome, outcome_of
from apps.bestrefs.states import Outcome
from apps.catalog import queries as catalog
from apps.catalog.models import File
from apps.contexts import queries as contexts
from apps.datasets.archive import Header
from apps.datasets.exposure_types import find_exposure_type
from apps.datasets.headers import find_instrument
from apps.datasets.queries import headers_of
from apps.rules.errors import CrdsError
from apps.rules.lookup.context import Context
from apps.rules.lookup.lookup_record import ReftypeTrace, Trace


@dataclass(frozen=True)
class AssociatedReference:
    """The outcome for one reference type of one dataset.

    Attributes
    ----------
    reftype
        Lower case.
    file
        Row of the reference; None if there is none or the catalog does not know it.
    """

    reftype: str
    outcome: TypeOutcome
    file: File | None = None

    @property
    def is_bad(self) -> bool:
        """True if the reference is marked bad."""
        return self.file is not None and self.file.is_bad


@dataclass(frozen=True)
class Association:
    """One dataset with its references under one context.

    Attributes
    ----------
    dataset
        Two-part id.
    references
        One for each type of the instrument, sorted by type.
    siblings
        Two-part ids of the other exposures of its product.
    problem
        The reason why nothing could be looked up; empty if something could.
    was_latest
        Whether the context is, or once was, the latest one.
    """

    dataset: str
    header: Header
    instrument: str
    context: str
    references: tuple[AssociatedReference, ...]
    siblings: tuple[str, ...] = ()
    problem: str = ""
    was_latest: bool = False

    @property
    def category(self) -> str:
        """Instrument and kind of exposure, in A-Z, 0-9 and ``_``."""
        words = f"{self.instrument}_{find_exposure_type(self.header) or 'UNKNOWN'}".upper()
        return re.sub(r"[^A-Z0-9_]", "_", words)

    @property
    def found(self) -> list[AssociatedReference]:
        """The references that were found."""
        return [each for each in self.references if each.outcome.status == Outcome.FOUND]

    @property
    def failed(self) -> list[AssociatedReference]:
        """The types for which no reference was found although one is needed."""
        return [each for each in self.references if each.outcome.status == Outcome.ERROR]

    @property
    def is_complete(self) -> bool:
        """True if no type ended in an error."""
        return not self.problem and not self.failed

    @property
    def is_certified(self) -> bool:
        """True if the context was approved and no reference is bad."""
        return self.was_latest and not self.problem and not any(each.is_bad for each in self.references)

    @property
    def messages(self) -> list[str]:
        """The reasons of all failures, each with its type."""
        own = [self.problem] if self.problem else []
        own += [f"{each.reftype}: {each.outcome.message}" for each in self.failed]
        bad = [each for each in self.found if each.is_bad]
        return own + [f"{each.reftype}: {each.outcome.reference} is marked bad" for each in bad]


def associations(texts: Sequence[str], context: str) -> dict[str, list[Association]]:
    """Return each text with the datasets that it names; none if there is no such dataset.

    Parameters
    ----------
    texts
        Ids in any form; half an id may name several exposures.
    context
        Name of a pmap.

    Raises
    ------
    UnknownContextError, UnusableContextError
        As `contexts.queries.get_context`.
    """
    rules = contexts.get_context(context)
    found = headers_of(texts)
    siblings = _siblings([dataset for headers in found.values() for dataset in headers])
    was_latest = contexts.history().filter(context=context).exists()
    answers = {
        dataset: _answers(header, rules) for headers in found.values() for dataset, header in headers.items()
    }
    files = _files(answers.values())
    return {
        text: [
            _association(dataset, header, rules, answers[dataset], files, siblings, was_latest)
            for dataset, header in headers.items()
        ]
        for text, headers in found.items()
    }


def details(association: Association) -> Mapping[str, tuple[str, str]]:
    """Return reftype to the rmap and the useafter date (empty if unknown) that led to the reference."""
    trace = Trace()
    try:
        contexts.get_context(association.context).best_references(association.header, trace=trace)
    except CrdsError:
        return {}
    return {entry.reftype: (entry.mapping, _useafter(entry)) for entry in trace.reftypes}


def _useafter(entry: ReftypeTrace) -> str:
    """Return the useafter date that was chosen last, as the rules write it; empty if there is none."""
    chosen = [date.chosen for search in entry.attempts for date in search.dates if date.chosen]
    return chosen[-1] if chosen else ""


_Answers = Mapping[str, str] | str


def _answers(header: Header, rules: Context) -> _Answers:
    try:
        return rules.best_references(header)
    except CrdsError as exc:
        return str(exc)


def _files(answers: Iterable[_Answers]) -> dict[str, File]:
    names = {name for each in answers if not isinstance(each, str) for name in each.values()}
    return catalog.files_named(name for name in names if not name.startswith("NOT FOUND"))


def _siblings(datasets: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return each dataset with the other exposures of its product; one question for all products."""
    products = {dataset: dataset.partition(":")[0] for dataset in datasets}
    shared = [product for dataset, product in products.items() if dataset != f"{product}:{product}"]
    members = headers_of(list(dict.fromkeys(shared))) if shared else {}
    return {
        dataset: tuple(
            other
            for other in members.get(product, {})
            if other != dataset and other.partition(":")[0] == product
        )
        for dataset, product in products.items()
    }


def _association(
    dataset: str,
    header: Header,
    rules: Context,
    answers: _Answers,
    files: Mapping[str, File],
    siblings: Mapping[str, tuple[str, ...]],
    was_latest: bool,
) -> Association:
    problem = answers if isinstance(answers, str) else ""
    outcomes = {} if isinstance(answers, str) else {name: outcome_of(text) for name, text in answers.items()}
    references = tuple(
        AssociatedReference(name.lower(), outcome, files.get(outcome.reference))
        for name, outcome in sorted(outcomes.items())
    )
    instrument = find_instrument(header, rules.definition) or ""
    return Association(
        dataset, header, instrument, rules.name, references, siblings[dataset], problem, was_latest
    )

"""A program that compares a child's quick reading of rules with the library's own, in a process of its own.

Argument: a file with a JSON object: ``texts``, each a mapping, and ``matches``, each a list of match keys.
Prints a JSON object of two lists. For each text: whether it was read quickly, and two outcomes that must be
equal. For each list of keys: two lists of messages that must be equal.
"""

import json
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crds.certify import mapping_parser
from crds.core import selectors

from apps.certify import child_library
from apps.certify.child_mapping_grammar import QuickGrammar, read_usual

said: list[str] = []


class Ear(logging.Handler):
    """Keeps what the library says."""

    def emit(self, record: logging.LogRecord) -> None:
        said.append(record.getMessage())


def shown(parsing: Any) -> Any:
    """Return a parsing as text in which values of different types differ."""
    if isinstance(parsing, selectors.Parameters):
        return [type(parsing).__name__, shown(parsing.selections)]
    if isinstance(parsing, tuple | list):
        return [type(parsing).__name__.removeprefix("Parsing"), *map(shown, parsing)]
    return repr(parsing)


def heard(work: Callable[[], object]) -> list[str]:
    """Return what the library says, and how the work ends."""
    said.clear()
    try:
        end = json.dumps(work())
    except Exception as exc:
        end = f"{type(exc).__name__}: {exc}"
    return [*said, end]


def outcome(path: Path, grammar: Any) -> list[str]:
    """Return the parsing, and what the library says about keys that are there twice."""
    mapping_parser.MAPPING_PARSER = grammar

    def parse_and_check() -> Any:
        parsing = mapping_parser.parse_mapping(str(path))
        mapping_parser.check_duplicates(parsing)
        return shown(parsing)

    return heard(parse_and_check)


def validated(keys: list[list[str]]) -> list[str]:
    """Return what the library says about cases that are special cases of others."""
    parkeys = tuple(f"P{number}" for number in range(len(keys[0])))
    header = {"parkey": (parkeys,), "classes": ("Match",), "observatory": "JWST"}
    rows = {tuple(key): "x.fits" for key in keys}
    return heard(lambda: selectors.MatchSelector(parkeys, rows, header).validate_selector({}))


def main() -> None:
    cases = json.loads(Path(sys.argv[1]).read_text())
    logging.getLogger("CRDS").handlers[:] = [Ear()]
    theirs = mapping_parser.parsley.makeGrammar(mapping_parser.MAPPING_GRAMMAR, selectors.SELECTORS)
    ours = QuickGrammar(theirs, selectors.SELECTORS)
    texts = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.rmap"
        for text in cases["texts"]:
            path.write_text(text)
            is_quick = read_usual(text, selectors.SELECTORS) is not None
            texts.append([is_quick, outcome(path, ours), outcome(path, theirs)])
    before = [validated(keys) for keys in cases["matches"]]
    child_library.compare_cases_quickly()
    after = [validated(keys) for keys in cases["matches"]]
    sys.stdout.write(json.dumps([texts, list(zip(before, after, strict=True))]))


main()

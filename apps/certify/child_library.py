"""The library in a child: imported, its tables filled, and changed at the few places listed here.

`prepare` makes the changes that hold for every job; a job makes the others. They save time, keep the library
from crashing, or do what the job asks for. Otherwise every verdict and every text is that of the library.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from apps.certify import child_overlay
from apps.certify.child_blocks import read_data_in_blocks
from apps.certify.child_mapping_grammar import QuickGrammar
from apps.certify.child_match_cases import WiderCases
from apps.certify.child_reporter import Reporter
from apps.rules.observatories import get_definition


def prepare(observatory: str) -> None:
    """Import the packages that jobs need, and fill the tables that the libraries fill at their first use.

    Packages that an observatory needs may be missing; the library reports that when it needs them.
    """
    import asdf
    import astropy.io.fits
    import astropy.table
    import crds.certify.certify
    import crds.io.tables
    import crds.refactoring.refactor  # noqa: F401 (its import is what matters)
    from crds.core import utils

    child_overlay.apply(utils.get_locator_module(observatory), observatory)
    asdf.AsdfFile({"meta": {}}).write_to(written := io.BytesIO())
    written.seek(0)
    with asdf.open(written):
        pass
    rows = astropy.io.fits.BinTableHDU(astropy.table.Table({"a": [1.0], "b": ["x"]}))
    astropy.table.Table.read(rows)
    if data_models := _data_models(observatory):
        with contextlib.suppress(ImportError):
            models = importlib.import_module(data_models)
            models.ReferenceImageModel().to_flat_dict(include_arrays=False)
    read_data_in_blocks()
    read_mappings_quickly()
    compare_cases_quickly()
    _convert_once()
    _survive_name_comparison()


def _data_models(observatory: str) -> str:
    mission = get_definition(observatory).mission
    return mission.data_models if mission else ""


def read_mappings_quickly() -> None:
    """Put a quick reader in the place of the grammar that the library makes for its first mapping."""
    from crds.certify import mapping_parser
    from crds.core.selectors import SELECTORS

    grammar = mapping_parser.parsley.makeGrammar(mapping_parser.MAPPING_GRAMMAR, SELECTORS)
    mapping_parser.MAPPING_PARSER = QuickGrammar(grammar, SELECTORS)


def compare_cases_quickly() -> None:
    """Show the library only the cases of a Match that may be more general than the one that it validates.

    It compares each case with all others, to find special cases of other cases. For the three thousand cases
    of throughput tables this took forty seconds.
    """
    from crds.core.selectors import MatchSelector
    from crds.core.utils import condition_value

    validate, validate_case = MatchSelector.validate_selector, MatchSelector._validate_raw_key

    def validate_selector(self: Any, valid_values_map: Any) -> None:
        self.wider_cases = WiderCases(self.keys())
        try:
            validate(self, valid_values_map)
        finally:
            del self.wider_cases

    def validate_raw_key(self: Any, key: Any, valid_values_map: Any) -> None:
        if not hasattr(self, "wider_cases"):
            validate_case(self, key, valid_values_map)
            return
        values = key if isinstance(key, tuple) else (key,)
        self.keys = lambda: self.wider_cases.of([condition_value(value) for value in values])
        try:
            validate_case(self, key, valid_values_map)
        finally:
            del self.keys

    MatchSelector.validate_selector, MatchSelector._validate_raw_key = validate_selector, validate_raw_key


def _convert_once() -> None:
    """Remember results that depend on a text alone: the library works them out each time it loads an rmap.

    It loads the same few rmaps some twenty times for one insertion, and a child does only one job.
    """
    from crds.core import selectors, utils
    from crds.core.mapping_verifier import MAPPING_VERIFIER

    utils.condition_value = _remembering(utils.condition_value)
    selectors.esoteric_key = _remembering(selectors.esoteric_key)
    selectors.glob_compress = _remembering(selectors.glob_compress)
    # A matcher does not change once it is made.
    selectors.matcher = _remembering(selectors.matcher)
    cases = selectors.MatchSelector
    cases.condition_key_element = staticmethod(_remembering(cases.condition_key_element))
    MAPPING_VERIFIER.compile_and_check = lru_cache(maxsize=1000)(MAPPING_VERIFIER.compile_and_check)


def _remembering(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that remembers the results for texts, and passes on other values."""
    remembered = lru_cache(maxsize=200_000)(work)
    return lambda value: remembered(value) if type(value) is str else work(value)


def _survive_name_comparison() -> None:
    """Replace the comparison of names: for names of different styles, the library warns and then crashes.

    If no rule compares the two styles, the first name counts as the newer one. So the only result is the
    warning of the library.
    """
    from crds.core import naming

    compare = naming.newer

    def newer(name1: str, name2: str) -> bool:
        try:
            return bool(compare(name1, name2))
        except UnboundLocalError:
            return True

    naming.newer = newer


def compare_nothing(reporter: Reporter) -> None:
    """Check only the rows of new tables: the library compares them with old ones even if asked not to.

    Modes that a table has twice are still found.
    """
    from crds.certify import certify
    from crds.io import tables

    def check_alone(certifier: Any) -> None:
        for table in tables.tables(certifier.filename):
            certify.table_mode_dictionary("new reference", table, certifier.mode_columns)
        reporter.info("Skipping tables comparison, as asked.")

    certify.ReferenceCertifier.certify_reference_modes = check_alone


def collect_young_garbage() -> None:
    """Limit garbage collection to young objects; the library collects about thirty times for each file.

    The objects of one file are young. To look at all objects took half of the time for a small file.
    """
    collect = gc.collect
    gc.collect = lambda generation=1: collect(1)

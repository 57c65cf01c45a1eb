"""Slow campaigns: `make test` runs the first case of each, `--campaigns` all; see the mark ``campaign``."""

from collections.abc import Sequence
from typing import Any

import pytest


def first_of(cases: Sequence[Any], *, are_several: bool = False) -> list[Any]:
    """Return the cases of a parametrized test, all but the first marked as parts of a campaign.

    Each case is the value of one argument, or a tuple of the values of several.
    """
    spread = [case if are_several else (case,) for case in cases]
    return [cases[0], *(pytest.param(*values, marks=pytest.mark.campaign) for values in spread[1:])]

"""Special cases in code, under the names by which the definition of a mission asks for them.

The lists here are all there is: no definition can name another module. A private observatory has no hooks,
because the client of its users would not know them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from apps.rules.observatories.observatory import Exemption, Hook

# Modules of this package with `HOOKS`, and those with `EXEMPTION`.
HOOK_NAMES = ("acs_biases", "wfc3_biases", "wfpc2_flats")
EXEMPTION_NAMES = ("acs_test_gains",)


def load_hooks(name: str) -> Mapping[str, Hook]:
    """Return the hooks of one instrument by the names that rules have for them."""
    hooks: Mapping[str, Hook] = importlib.import_module(_module(name, HOOK_NAMES)).HOOKS
    return hooks


def load_exemption(name: str) -> Exemption:
    """Return a test that excuses a failed lookup."""
    exemption: Exemption = importlib.import_module(_module(name, EXEMPTION_NAMES)).EXEMPTION
    return exemption


def _module(name: str, known: tuple[str, ...]) -> str:
    if name not in known:
        raise ValueError(f"{name!r} is not a hook; known are {', '.join(known)}.")
    return f"{__name__}.{name}"

"""Contexts chosen at random from the data, so that no figure holds only for the contexts that we know."""

import os
import random
from typing import TextIO

from apps.rules.errors import CrdsError
from tests.rules.oracle import load_context, observatory_of
from tests.shared_data import data_root


def chooser(out: TextIO) -> random.Random:
    """Return a generator for choices, and print its seed; ``BENCH_SEED`` repeats earlier choices."""
    seed = int(os.environ.get("BENCH_SEED") or random.SystemRandom().randrange(1_000_000))
    out.write(f"contexts are chosen at random with BENCH_SEED={seed}\n")
    return random.Random(seed)


def other_context(name: str, chance: random.Random) -> str:
    """Return the name of another context of the same observatory."""
    folder = data_root() / "mappings" / observatory_of(name)
    names = sorted(path.name for path in folder.glob("*_*.pmap") if path.name != name)
    while True:
        found = chance.choice(names)
        try:
            load_context(found)
        except CrdsError:
            continue  # A few of the data do not load.
        return found

"""The short form of the fuzzing of parsers; `make faults` runs the long one."""

from tests.fuzz import TARGETS, run


def test_random_inputs_are_answered_or_refused() -> None:
    counts = run(1600, seed=7)
    assert counts.total() == 1600
    assert {name.split()[0] for name in counts} == set(TARGETS)

"""No test is decided by a clock: on a machine that has much else to do, work takes ten times as long."""

import re

import pytest

from tests.roots import PROJECT

# A difference of two readings, or the name of one, beside a number of seconds.
MEASURED = re.compile(r"assert .*(monotonic|perf_counter|process_time|thread_time)\(\) - \w+ *(<|>)")
# Campaigns that a person runs and reads; the short forms of them in the suite have a generous limit.
CAMPAIGNS = {"fuzz.py"}


def measured_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if MEASURED.search(line)]


def test_no_test_asserts_how_long_something_took() -> None:
    found = {
        str(path.relative_to(PROJECT)): lines
        for path in (PROJECT / "tests").rglob("*.py")
        if path.name not in CAMPAIGNS and (lines := measured_lines(path.read_text()))
    }
    assert not found, "use `does_not_hang` or `wait_for` of tests/patience.py, or count the work"


@pytest.mark.parametrize(
    "comparison", ["time.monotonic() - began < 5", "0.9 < time.process_time() - start < 2"]
)
def test_a_comparison_of_clocks_is_found(comparison: str) -> None:
    assert measured_lines("    assert " + comparison)
    assert not measured_lines("    until = " + comparison)

"""The short form of the campaign of random kills; `make faults` runs the long one."""

from pathlib import Path

from tests.submissions.random_kills import campaign, run


def test_a_few_kills_at_random_moments_leave_nothing_half_done(tmp_path: Path) -> None:
    with campaign(tmp_path / "campaign") as found:
        assert run(found, 4, seed=11).total() == 4

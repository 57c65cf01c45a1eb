"""The short form of the campaign of random kills; `make faults` runs the long one."""

from pathlib import Path

import pytest

from tests.factories.own_postgresql import own_postgresql
from tests.submissions.random_kills import PATIENT, campaign, killed, run


def test_a_few_kills_at_random_moments_leave_nothing_half_done(tmp_path: Path) -> None:
    with campaign(tmp_path / "campaign") as found:
        assert killed(run(found, 4, seed=11)) == 4


@pytest.mark.campaign
@pytest.mark.needs("postgresql-programs")
def test_a_few_kills_leave_nothing_half_done_on_postgresql(tmp_path: Path) -> None:
    with own_postgresql() as server, campaign(tmp_path / "campaign", server.url + PATIENT) as found:
        assert killed(run(found, 8, seed=12)) == 8

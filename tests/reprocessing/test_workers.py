"""Two real workers share a search, one of them is killed half-way, and the result is the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories.worker_processes import kill, shell, worker
from tests.patience import wait_for
from tests.roots import environment_for, filled_root

MODES = 16

MAKE = f"""
from datetime import UTC, datetime
from tests.factories.datasets import make_dataset, make_header
from tests.reprocessing import kinds
from tests.factories.reprocessing import NEW, OLD, START, publish
from apps.datasets.operations import cover_parkeys
from apps.jobs.models import Job
from apps.jobs.pipeline import execute
from apps.reprocessing.operations import search
old = {{f"D{{n}}": {{START: "old.fits"}} for n in range({MODES})}}
later = {{START: "old.fits", "2010-01-01 00:00:00": "new.fits"}}
new = {{f"D{{n}}": later for n in range(0, {MODES}, 2)}}
publish(1, {{"deadtab": old}}), publish(2, {{"deadtab": {{**old, **new}}}})
for n in range({MODES}):
    for year in (2009, 2010, 2011):
        header = make_header(DETECTOR=f"D{{n}}", DATE_OBS=f"{{year}}-01-01", TIME_OBS="00:00:00")
        start = datetime(year, 1, 1, tzinfo=UTC)
        make_dataset(f"LP{{n:02}}{{year}}0:LX{{n:02}}{{year}}Q", header=header, observed_at=start)
kinds.PAUSE = 0
search(OLD, NEW, user="test")
execute(Job.objects.get(kind="reprocessing").pk)
"""
SEARCH = (
    "from apps.reprocessing.operations import search; search('hst_0001.pmap', 'hst_0002.pmap', user='test')"
)
STATE = (
    "import json; from apps.reprocessing.models import Transition;"
    "from tests.factories.reprocessing import affected_ids; row = Transition.objects.get(change=None);"
    "print(json.dumps({'status': row.status, 'ids': affected_ids(row), 'counts': row.counts,"
    "'examined': row.examined_count, 'parts': row.chunks.count(),"
    "'done': row.chunks.exclude(done_at=None).count(),"
    "'jobs': len(set(row.chunks.values_list('job_id', 'attempt')))}))"
)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    root = tmp_path / "workers"
    with filled_root("hst", root) as database_url:
        settings = {
            "DJANGO_SETTINGS_MODULE": "tests.reprocessing.worker_settings",
            "REPROCESSING_HELPERS": "1",
        }
        yield environment_for("hst", root, database_url) | settings


def state(environment: dict[str, str]) -> dict[str, Any]:
    return dict(json.loads(shell(environment, STATE).splitlines()[-1]))


def parts(environment: dict[str, str]) -> list[str]:
    """Return the process that did each part."""
    path = Path(environment["DATA_ROOT"]) / "parts"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.campaign
@pytest.mark.parametrize(
    "broker", ["filesystem://", pytest.param("redis://127.0.0.1:6379/0", marks=pytest.mark.needs("redis"))]
)
def test_a_search_by_two_workers_of_which_one_is_killed_finds_the_same(
    environment: dict[str, str], broker: str
) -> None:
    environment["CELERY_BROKER_URL"] = broker
    shell(environment, MAKE)
    undisturbed = state(environment)
    assert undisturbed["status"] == "complete"
    assert undisturbed["counts"] == {"cos": {"deadtab": MODES}}
    (Path(environment["DATA_ROOT"]) / "parts").unlink()
    with worker(environment, "first") as first, worker(environment, "second"):
        shell(environment, SEARCH)
        wait_for(lambda: len(parts(environment)) >= MODES // 4, "some parts to be done")
        kill(first)
        assert len(parts(environment)) < MODES
        wait_for(lambda: state(environment)["status"] == "complete", "the end of the search")
    found = state(environment)
    assert found["parts"] == found["done"] == MODES
    assert set(parts(environment)) != {str(first.pid)}
    assert {key: found[key] for key in ("ids", "counts", "examined")} == {
        key: undisturbed[key] for key in ("ids", "counts", "examined")
    }

"""One live server for each observatory; tests of one observatory share it.

They end with the last test of this folder, for even a server that only waits takes its part of a core.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.live import LiveServer, live_server
from tests.shared_data import data_root as shared_cache

FILLED_FROM_SHARED_DATA = {"hst_server", "jwst_server", "roman_server", "tobs_server"}


def _filled_from_shared_data(observatory: str, root: Path, *options: str) -> Iterator[LiveServer]:
    with live_server(observatory, root, fill=("import_cache", str(shared_cache()), *options)) as server:
        yield server


@pytest.fixture(scope="package")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server("jwst", tmp_path_factory.mktemp("demo"), fill=("seed_demo",)) as server:
        yield server


@pytest.fixture(scope="package")
def hst_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    yield from _filled_from_shared_data("hst", tmp_path_factory.mktemp("hst"))


@pytest.fixture(scope="package")
def jwst_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    yield from _filled_from_shared_data("jwst", tmp_path_factory.mktemp("jwst"))


@pytest.fixture(scope="package")
def roman_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    # Half of the Roman part is made up: its rules disagree with their catalogue, or are in none.
    options = ("--take-unknown", "--adopt", "roman_*")
    yield from _filled_from_shared_data("roman", tmp_path_factory.mktemp("roman"), *options)


@pytest.fixture(scope="package")
def tobs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    yield from _filled_from_shared_data("tobs", tmp_path_factory.mktemp("tobs"))


@pytest.fixture
def demo(demo_server: LiveServer, tmp_path: Path) -> Client:
    return Client(demo_server, tmp_path)


@pytest.fixture
def hst(hst_server: LiveServer, tmp_path: Path) -> Client:
    return Client(hst_server, tmp_path)


@pytest.fixture
def jwst(jwst_server: LiveServer, tmp_path: Path) -> Client:
    return Client(jwst_server, tmp_path)


@pytest.fixture
def roman(roman_server: LiveServer, tmp_path: Path) -> Client:
    return Client(roman_server, tmp_path)


@pytest.fixture
def tobs(tobs_server: LiveServer, tmp_path: Path) -> Client:
    return Client(tobs_server, tmp_path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one server in one process, so that it is filled once."""
    for item in items:
        for name in getattr(item, "fixturenames", ()):
            if name.endswith("_server"):
                item.add_marker(pytest.mark.xdist_group(name))
            if name in FILLED_FROM_SHARED_DATA:
                item.add_marker(pytest.mark.shared_data)

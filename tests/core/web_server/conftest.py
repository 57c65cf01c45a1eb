from collections.abc import Iterator

import pytest

from tests.bench.web_server import WebServer, environment_for, web_server
from tests.core.web_server.callers import CONTENT, NAME
from tests.roots import manage

ADD = (
    "from pathlib import Path; from apps.catalog.operations import add_file; "
    "add_file(Path({!r}), name={!r}, user='test')"
)


@pytest.fixture(scope="package")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a server that holds one large file."""
    root = tmp_path_factory.mktemp("slow")
    (root / "source").write_bytes(CONTENT)
    found = environment_for("jwst", root)
    manage(found, "shell", "--verbosity", "0", "--command", ADD.format(str(root / "source"), NAME))
    return found


@pytest.fixture(scope="package")
def server(environment: dict[str, str]) -> Iterator[WebServer]:
    """Yield a server that loses patience after three seconds."""
    with web_server(environment, "tests.core.web_server.hurried") as running:
        yield running

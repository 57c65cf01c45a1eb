"""Queries run on connections of their own, which see committed rows of a database in a file only."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from apps.bestrefs.pipeline import keep
from apps.contexts.listings import keep_listings
from apps.vo.database import postgresql_reader, rights, sqlite_reader
from apps.vo.identity import rate_limit
from tests.factories import sites
from tests.factories.datasets import make_dataset

HEADER = {
    "META.INSTRUMENT.NAME": "MIRI",
    "META.INSTRUMENT.DETECTOR": "MIRIMAGE",
    "META.INSTRUMENT.FILTER": "F560W",
    "META.INSTRUMENT.BAND": "N/A",
    "META.SUBARRAY.NAME": "SUB128",
    "META.OBSERVATION.DATE": "2024-05-06",
    "META.OBSERVATION.TIME": "12:00:00",
    "META.EXPOSURE.TYPE": "MIR_IMAGE",
}
DATASETS = ("JW00001001001_02101_00001.MIRIMAGE", "JW00001001001_02101_00002.MIRIMAGE")
OTHER = "JW00002001001_02101_00001.NRCA1"


def committed(path: Path) -> None:
    """Copy the database in memory to a file, as far as its rows are committed."""
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as copy:
        connection.ensure_connection()
        connection.connection.backup(copy)


@pytest.fixture
def tap_database(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the rows of the test visible to queries."""
    path = tmp_path / "queries.sqlite3"

    def current() -> str:
        committed(path)
        return str(path)

    if connection.vendor == "sqlite":
        monkeypatch.setattr(sqlite_reader, "database_path", current)
    rights.grant_rights()
    rate_limit.forget()
    cache.clear()
    yield
    postgresql_reader.close_idle()


@dataclass
class Asked:
    """An answer, read to its end: its status, headers and text."""

    response: Any
    text: str

    @property
    def status(self) -> int:
        return int(self.response.status_code)

    @property
    def rows(self) -> list[list[str]]:
        """The cells of a TSV answer, without its header."""
        assert self.status == 200, self.text
        return [line.split("\t") for line in self.text.splitlines()[1:]]


def body_of(response: Any) -> bytes:
    if response.streaming:
        content = b"".join(response.streaming_content)
        response.close()
        return content
    return bytes(response.content)


Ask = Callable[..., Asked]


@pytest.fixture
def ask(tap_database: None) -> Ask:
    """Return what sends a query to `/tap/sync`."""

    def send(query: str, *, headers: dict[str, str] | None = None, **parameters: Any) -> Asked:
        form = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "tsv", **parameters}
        kept = {name: value for name, value in form.items() if value is not None}
        answer = Client().post("/tap/sync", kept, headers=headers or {})
        return Asked(answer, body_of(answer).decode())

    return send


@pytest.fixture
def site(tap_database: None, settings: Any) -> str:
    """Make a site with a context, two exposures that find their references and one that does not."""
    context = sites.make_site()
    for number, half in enumerate(DATASETS):
        make_dataset(f"{half}:{half}", instrument="miri", header=HEADER, program=f"{number + 1}")
    other = HEADER | {"META.INSTRUMENT.NAME": "NIRCAM", "META.INSTRUMENT.DETECTOR": "NRCB1"}
    make_dataset(f"{OTHER}:{OTHER}", instrument="nircam", header=other, program="2")
    keep_listings()
    keep()
    return context


def get(path: str, **kwargs: Any) -> HttpResponse:
    return Client().get(path, **kwargs)

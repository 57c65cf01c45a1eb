"""Files in the store, put there as an operation does."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from apps.catalog import operations
from apps.catalog.models import File

Hold = Callable[..., File]


@pytest.fixture
def hold(db: None) -> Hold:
    """Return a function that stores bytes under a name."""

    def hold(name: str = "jwst_miri_flat_0001.fits", content: bytes = b"0123456789", **fields: Any) -> File:
        return operations.add_file(io.BytesIO(content), name=name, user="homer", why="test", **fields)

    return hold

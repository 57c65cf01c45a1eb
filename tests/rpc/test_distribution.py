"""The description of the server and the snapshot, through the endpoint."""

import base64
import zlib

import pytest

from tests.factories.catalog import make_file
from tests.factories.rpc import call, failed

pytestmark = pytest.mark.django_db


def test_server_info_takes_no_arguments_and_is_an_object() -> None:
    make_file("jwst_0001.pmap", content=b"rules")
    assert call("get_server_info")["observatory"] == "jwst"
    assert "takes no parameters" in failed("get_server_info", "jwst")


@pytest.mark.parametrize("observatory", ["jwst", None])
def test_the_snapshot_is_a_sqlite_file_packed_with_zlib(observatory: str | None) -> None:
    packed = call("get_sqlite_db", observatory)
    assert zlib.decompress(base64.b64decode(packed)).startswith(b"SQLite format 3\0")

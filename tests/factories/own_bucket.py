"""A bucket of the tests' own: in memory, or at a real S3 server, SeaweedFS, started for the run."""

import contextlib
import json
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore, S3Store

from apps.core import bucket
from tests.live import free_port
from tests.needs import find_weed

KEY_ID, SECRET = "crds", "the-secret-of-the-tests"
PATIENCE = 120  # seconds until the server must answer on a busy machine


def use_memory_bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the store of a test in a bucket that is in memory, which cannot sign addresses."""
    settings.BUCKET, settings.BUCKET_PREFIX, settings.BUCKET_DOWNLOADS = "crds", "ops", "pass"
    store = MemoryStore()
    monkeypatch.setattr(bucket, "_open", lambda *_: store)


@dataclass(frozen=True)
class S3Server:
    """A running server; each test takes a bucket of its own."""

    endpoint: str

    def settings(self, **more: str) -> dict[str, str]:
        """Return the settings of a server that keeps its files in a new bucket."""
        return {
            "BUCKET": f"crds-{secrets.token_hex(6)}",
            "BUCKET_ENDPOINT": self.endpoint,
            "BUCKET_PUBLIC_ENDPOINT": self.endpoint,
            "BUCKET_REGION": "us-east-1",
            "BUCKET_KEY_ID": KEY_ID,
            "BUCKET_SECRET": SECRET,
            **more,
        }

    def wipe(self, settings: Mapping[str, str]) -> None:
        """Delete all objects of a bucket of `settings`."""
        store = S3Store(
            settings["BUCKET"],
            endpoint=self.endpoint,
            region=settings["BUCKET_REGION"],
            access_key_id=KEY_ID,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
        )
        for batch in list(store.list()):
            store.delete([each["path"] for each in batch])


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run SeaweedFS with its files below a folder, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = {
        "name": "crds",
        "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = {name: _free_pair() for name in ("master", "volume", "filer", "s3")}
    program = find_weed()
    assert program
    command = [
        *(program, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"),
        *(
            f"-s3.config={folder}/s3.json",
            "-volume.max=50",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",  # Its port is fixed, so a second server on this machine would end.
            "-master.volumeSizeLimitMB=64",
        ),
        *(f"-{name}.port={port}" for name, port in ports.items()),
    ]
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        endpoint = f"http://127.0.0.1:{ports['s3']}"
        _wait(endpoint, process, folder / "weed.log")
        yield S3Server(endpoint)
    finally:
        process.kill()  # It would take twenty seconds to say good-bye, and its files are of no use.
        process.wait(20)


def _free_pair() -> int:
    """Return a free port below 55000: the server adds 10000 to it for its own calls."""
    while (port := free_port()) >= 55_000:
        continue
    return port


def _wait(endpoint: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{endpoint}/healthz", timeout=2):
            return
        time.sleep(0.2)
    raise AssertionError(f"the S3 server did not answer:\n{log.read_text(errors='replace')[-3000:]}")

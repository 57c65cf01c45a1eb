"""The client's own upload code fills the ingest area, and a server that is killed loses nothing."""

import hashlib
import json
import os
import random
import re
import secrets
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract.client import Client
from tests.live import LiveServer
from tests.patience import HANG, wait_for

SIZES = {"small.fits": 10_000, "empty.json": 0, "even.fits": 2_000_000, "big.asdf": 4_500_000}
PIECE = 2_000_000

# Logs in and uploads by the helpers that `crds submit` uses; the base address ends in a slash, as there.
UPLOAD = """
import json, os
from crds.submit.web import CrdsDjangoConnection
connection = CrdsDjangoConnection("none", os.environ["USER_NAME"], os.environ["TOKEN"], os.environ["BASE"])
connection.fail_if_existing_lock()
connection.login()
for path in json.loads(os.environ["FILES"]):
    connection.upload_file(path)
listed = connection.get("/upload/list/").json()
key = connection.get("/jpoll/open_channel").json()
if os.environ.get("WIPE"):
    for item in listed["files"]:
        connection.get(item["deleteUrl"])
print(json.dumps([listed, connection.get("/upload/list/").json(), key]))
"""


@pytest.fixture
def account(demo_server: LiveServer) -> dict[str, str]:
    """Return a person who may deliver, with a token."""
    name = f"bart-{secrets.token_hex(3)}"
    printed = demo_server.manage("create_account", name, "--role", "submitter", "--print-token")
    return {"USER_NAME": name, "TOKEN": re.findall(r"crds_\S+|\S{30,}", printed)[-1]}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for name, size in SIZES.items():
        made[name] = tmp_path / name
        made[name].write_bytes(random.Random(name).randbytes(size))
    return made


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def upload(demo: Client, account: dict[str, str], files: dict[str, Path], **extra: str) -> Any:
    names = json.dumps([str(path) for path in files.values()])
    done = demo.python(UPLOAD, BASE=f"{demo.server.url}/", FILES=names, **account, **extra)
    assert done.status == 0, done.text
    return json.loads(done.output.splitlines()[-1])


def test_the_client_uploads_files_of_any_size_and_finds_them_listed(
    demo: Client, account: dict[str, str], files: dict[str, Path]
) -> None:
    listed, _, key = upload(demo, account, files)
    assert {item["name"]: item["size"] for item in listed["files"]} == SIZES
    assert {item["name"]: item["sha1sum"] for item in listed["files"]} == {
        name: sha1(path.read_bytes()) for name, path in files.items()
    }
    stored = {path.name: path for path in (demo.server.root / "ingest").glob("*/*.*")}
    for name, path in files.items():
        assert stored[name].read_bytes() == path.read_bytes()
    assert re.fullmatch(r"[a-zA-Z0-9:.-]{1,128}", key)


def test_the_client_wipes_its_files(demo: Client, account: dict[str, str], files: dict[str, Path]) -> None:
    before, after, _ = upload(demo, account, files, WIPE="1")
    assert len(before["files"]) == len(SIZES)
    assert after == {"files": []}


def web_processes(root: Path) -> list[int]:
    """Return the processes of the web server that serve this data root."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = f"DATA_ROOT={root}".encode() in (folder / "environ").read_bytes().split(b"\0")
            if is_ours and (folder / "comm").read_text().startswith("crds-web"):
                found.append(int(folder.name))
        except OSError:
            continue  # It ended while we looked.
    return found


def test_an_upload_is_continued_after_the_web_server_was_killed_in_a_piece(
    demo_server: LiveServer, account: dict[str, str]
) -> None:
    content = random.Random(7).randbytes(5_000_000)
    session = requests.Session()
    session.headers["referer"] = demo_server.url
    session.headers["Authorization"] = f"Bearer {account['TOKEN']}"
    address = f"{demo_server.url}/upload/chunked/"

    def send(first: int, data: bytes) -> requests.Response:
        headers = {"Content-Range": f"bytes {first}-{first + len(data) - 1}/{len(content)}"}
        return session.post(address, files={"files": ("k.fits", data)}, headers=headers, timeout=HANG)

    assert send(0, content[:PIECE]).status_code == 200

    head = b'--B\r\nContent-Disposition: form-data; name="files"; filename="k.fits"\r\n\r\n'
    with demo_server.socket() as connection:
        connection.sendall(
            f"POST /upload/chunked/ HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {account['TOKEN']}\r\nContent-Length: {2_000_000 + len(head) + 9}\r\n"
            f"Content-Range: bytes {PIECE}-{2 * PIECE - 1}/{len(content)}\r\n"
            "Content-Type: multipart/form-data; boundary=B\r\n\r\n".encode()
            + head
            + content[PIECE : PIECE + 1_200_000]
        )
        part = next((demo_server.root / "ingest").glob("*/.parts/k.fits"))
        wait_for(lambda: part.stat().st_size > PIECE, "bytes of the second piece")
        for process in web_processes(demo_server.root):
            os.kill(process, signal.SIGKILL)
    until = time.monotonic() + HANG
    received = None
    while received is None and time.monotonic() < until:
        try:
            received = session.get(address, params={"name": "k.fits"}, timeout=HANG).json()["received"]
        except requests.RequestException:
            time.sleep(0.2)
    assert received is not None
    assert received > PIECE, "bytes that had arrived were not lost"
    for first in (PIECE, 2 * PIECE):
        answer = send(first, content[first : first + PIECE])
        assert answer.status_code == 200, answer.text
    [item] = session.get(f"{demo_server.url}/upload/list/", timeout=HANG).json()["files"]
    assert (item["name"], item["sha1sum"]) == ("k.fits", sha1(content))

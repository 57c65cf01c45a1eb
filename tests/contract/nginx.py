"""A real nginx as a plain process, in front of a server that stands below a path."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.needs import find_nginx
from tests.patience import HANG

CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location {base}/ {{
      proxy_pass http://127.0.0.1:{behind}{passed_on};
      proxy_http_version 1.1;
      proxy_request_buffering {buffering};
      proxy_set_header Host $http_host;
    }}
    location / {{ return 404 "another site"; }}
  }}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path, *, port: int, behind: int, base: str, keeps_path: bool) -> Iterator[None]:
    """Run nginx until the block ends.

    Parameters
    ----------
    keeps_path
        The server behind it sees the whole path, and bodies as they come; otherwise it sees what follows
        `base`, and bodies with a length.
    """
    folder.mkdir()
    text = CONFIGURATION.format(
        folder=folder,
        # Started by root it would store large bodies as somebody who may not read this folder.
        user="user root;" if os.geteuid() == 0 else "",
        port=port,
        behind=behind,
        base=base,
        passed_on="" if keeps_path else "/",
        buffering="off" if keeps_path else "on",
    )
    (folder / "nginx.conf").write_text(text)
    with _running(folder, port):
        yield


@contextlib.contextmanager
def _running(folder: Path, port: int) -> Iterator[None]:
    program = find_nginx()
    assert program
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        _wait(port, process)
        yield
    finally:
        process.terminate()
        process.wait(HANG)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + HANG
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")


STATIC = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {root};
  }}
}}
"""


@contextlib.contextmanager
def static_nginx(folder: Path, *, port: int, root: Path) -> Iterator[None]:
    """Run nginx that serves a folder of files, until the block ends."""
    folder.mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(STATIC.format(folder=folder, user=user, port=port, root=root))
    with _running(folder, port):
        yield

"""Grep finds the number of an incident, as people see it, in the log of a real server."""

import json
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.live import LiveServer, live_server
from tests.patience import HANG

HIDE = (
    "from django.db import connection\n"
    "connection.cursor().execute('ALTER TABLE {table} RENAME TO hidden_{table}'); print()"
)
FAIL = (
    "from apps.jobs.operations import start\n"
    "print(start('look', subject_id=10**9, user='x', channel=None).pk)"
)
RESULT = (
    "from apps.jobs.models import Message\n"
    "print(*Message.objects.filter(type='done').values_list('text', flat=True))"
)


def shell(server: LiveServer, code: str) -> str:
    return server.manage("shell", "--verbosity", "0", "--command", code)


def told_by_page(server: LiveServer) -> str:
    try:
        urllib.request.urlopen(f"{server.url}/recent_activity/")
    except urllib.error.HTTPError as exc:
        return exc.read().decode()
    raise AssertionError("the page was answered")


def told_by_rpc(server: LiveServer) -> str:
    call = {"jsonrpc": "1.0", "id": 1, "method": "get_file_info", "params": ["jwst", "jwst_0001.pmap"]}
    request = urllib.request.Request(f"{server.url}/json/", json.dumps(call).encode())
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["error"]["message"])


def told_by_job(server: LiveServer) -> str:
    shell(server, FAIL)
    until = time.monotonic() + HANG
    while "incident" not in (told := server.manage("shell", "--verbosity", "0", "--command", RESULT)):
        assert time.monotonic() < until, "the job did not end"
        time.sleep(1)
    return told


def test_each_incident_that_people_are_told_is_in_the_log(tmp_path: Path) -> None:
    with live_server("jwst", tmp_path / "root") as server:
        log = server.root / "up.log"
        texts = [told_by_job(server)]
        for table in ("catalog_auditrecord", "catalog_file"):
            shell(server, HIDE.format(table=table))
        texts += [told_by_page(server), told_by_rpc(server)]
        for text in texts:
            found = re.search(r"incident (?:<code>)?([0-9a-f]{16}|job-[0-9]+)", text)
            assert found, text
            lines = [line for line in log.read_text().splitlines() if f"incident {found[1]}" in line]
            assert lines, f"{found[1]} is not in the log"
            assert any('"exception"' in line for line in log.read_text().splitlines() if found[1] in line)

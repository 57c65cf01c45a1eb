"""Certification children that remember: the answer of a real child to a job is repeated for the same job.

Two jobs are the same if their orders, the bytes of their files and the mappings in the store are the same. A
real child does the first one. So each input is really judged once in a run of the suite, however many tests
start from it.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from apps.certify.messages import CertifyJob, Event, Job, Rewritten, RmapMade, decode, encode
from apps.certify.runner import Runner


class RememberingRunner:
    """A stand-in for the `Runner` of an observatory.

    Parameters
    ----------
    folder
        Folder for the remembered answers; several processes may share it.
    """

    def __init__(self, observatory: str, folder: Path) -> None:
        self.observatory, self._folder = observatory, folder
        self._runner: Runner | None = None
        self.real = 0  # jobs done by a child

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()

    def run(self, job: Job, *, is_aborted: Callable[[], bool]) -> Iterator[Event]:
        if not isinstance(job, CertifyJob):
            return self.ask(job, is_aborted)
        known = self._folder / _key(job)
        if known.is_dir():
            return _repeat(known, job)
        return self._remember(known, job, is_aborted)

    def ask(self, job: Job, is_aborted: Callable[[], bool]) -> Iterator[Event]:
        """Make a child do a job even if its answer is remembered; the new answer is not remembered."""
        self.real += 1
        self._runner = self._runner or Runner(self.observatory)
        return self._runner.run(job, is_aborted=is_aborted)

    def _remember(self, known: Path, job: CertifyJob, is_aborted: Callable[[], bool]) -> Iterator[Event]:
        events, made = [], {}
        for event in self.ask(job, is_aborted):
            events.append(encode(event))
            if isinstance(event, RmapMade | Rewritten) and event.path:
                made[event.name] = Path(event.path).read_bytes()
            yield event
        unfinished = known.with_name(f".{secrets.token_hex(8)}")
        unfinished.mkdir(parents=True)
        (unfinished / "events").write_bytes(b"".join(events))
        for name, content in made.items():
            (unfinished / name).write_bytes(content)
        try:
            unfinished.rename(known)
        except OSError:
            assert known.is_dir()  # Another process was first.


def _repeat(known: Path, job: CertifyJob) -> Iterator[Event]:
    for line in (known / "events").read_bytes().splitlines():
        event = decode(line)
        if isinstance(event, RmapMade | Rewritten) and event.path:
            path = _place(event, job)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes((known / event.name).read_bytes())
            event = replace(event, path=str(path))
        yield event


def _place(event: RmapMade | Rewritten, job: CertifyJob) -> Path:
    if isinstance(event, RmapMade):
        return Path(job.folder) / "new" / event.name
    return next(Path(order.target) for order in job.rewrites if Path(order.target).name == event.name)


def _key(job: CertifyJob) -> str:
    orders: dict[str, Any] = asdict(job)
    for name in ("store", "folder", "limits"):
        del orders[name]
    orders["files"] = [_told(path) for path in job.files]
    orders["rewrites"] = [(_told(order.path), Path(order.target).name) for order in job.rewrites]
    orders["edits"] = [
        (edit.old, edit.new, [_told(path) for path in edit.insert], edit.delete) for edit in job.edits
    ]
    mappings = sorted((Path(job.store) / "mappings" / job.observatory).iterdir())
    orders["rules"] = [_told(path) for path in mappings]
    return hashlib.sha256(json.dumps(orders).encode()).hexdigest()


def _told(path: str | os.PathLike[str]) -> tuple[str, str]:
    return Path(path).name, hashlib.sha256(Path(path).read_bytes()).hexdigest()

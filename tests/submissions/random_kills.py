"""Kills at random moments of work, each followed by recovery and the check of invariants.

The work is to process a submission, to confirm one, to search for affected datasets, and to send mails.
``python -m tests.submissions.random_kills --kills 1000 --seed 1`` prints what it did and found, and fails at
the first difference from work that nobody disturbed. With ``--postgresql`` it starts a PostgreSQL of its own.
"""

import argparse
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.factories.own_postgresql import own_postgresql
from tests.roots import PROJECT
from tests.submissions.dying import name_of_database

logger = logging.getLogger(__name__)

RECOVERY = {
    "process": ("process",),
    "confirm": ("confirm", "sweep"),
    "search": ("search",),
    "send": ("send",),
}
# On a busy machine a process may rest for long in the middle of a transaction.
PATIENT = "?options=-c%20idle_in_transaction_session_timeout%3D0"
OBSERVATORIES = {"search": "hst"}  # The others work for jwst.


@dataclass
class Campaign:
    """The program that dies, the starting points, and the states that must come out."""

    program: subprocess.Popen[str]
    folder: Path
    databases: "Databases"
    roots: dict[str, Path] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)

    def order(
        self, root: Path, *actions: str, observatory: str = "jwst", seconds: float | None = None
    ) -> tuple[int, Any]:
        """Return the exit status of a child that did the actions, and its last answer."""
        asked = {"root": str(root), "actions": actions, "observatory": observatory}
        asked |= {} if seconds is None else {"seconds": seconds}
        assert self.program.stdin and self.program.stdout  # noqa: PT018
        self.program.stdin.write(json.dumps(asked) + "\n")
        self.program.stdin.flush()
        status, answer = json.loads(self.program.stdout.readline())
        return status, answer

    def prepare(self) -> None:
        """Make the starting points, and the states of the ends."""
        empty = self._made("empty")
        started, moved = self._copy(empty, "started"), self._copy(empty, "moved")
        self._must(started, "make")
        self._must(moved, "move_latest", observatory="hst")
        posted, ready = self._copy(started, "posted"), self._copy(started, "ready")
        self._must(posted, "post")
        self._must(ready, "process")
        self.roots = {"process": started, "confirm": ready, "search": moved, "send": posted}
        for action, root in self.roots.items():
            self._see_undisturbed(action, root)

    def _see_undisturbed(self, action: str, root: Path) -> None:
        observatory = OBSERVATORIES.get(action, "jwst")
        undisturbed = self._copy(root, f"undisturbed-{action}")
        began = time.monotonic()
        self._must(undisturbed, *RECOVERY[action], observatory=observatory)
        self.durations[action] = time.monotonic() - began
        self.states[action] = self._must(undisturbed, "state", observatory=observatory)
        assert self.states[action] != self._must(self._copy(root, f"before-{action}"), "state"), action

    def kill_once(self, action: str, seconds: float) -> str:
        """Kill an action after a time, recover, and return what became of it; raise if anything is wrong."""
        observatory = OBSERVATORIES.get(action, "jwst")
        with self._started(action) as root:
            status, _ = self.order(root, action, observatory=observatory, seconds=seconds)
            assert status in (0, -signal.SIGKILL), status
            self._require_end(root, action, f"{action} after {seconds:.3f} s")
            return "killed" if status else "ended before"

    def do(self, action: str, what: str) -> None:
        """Do an action without a kill; raise if its end differs from that of the first time."""
        with self._started(action) as root:
            self._require_end(root, action, f"{action}, {what}")

    @contextmanager
    def _started(self, action: str) -> Iterator[Path]:
        root = self._copy(self.roots[action], "killed")
        try:
            yield root
        finally:
            shutil.rmtree(root)
            self.databases.drop(root)

    def _require_end(self, root: Path, action: str, what: str) -> None:
        observatory = OBSERVATORIES.get(action, "jwst")
        state = self._must(root, *RECOVERY[action], "state", observatory=observatory)
        assert state == self.states[action], f"{what}: {state}"
        wrong = self._must(root, "violations", observatory=observatory)
        assert wrong == [], f"{what}: {wrong}"

    def _must(self, root: Path, *actions: str, observatory: str = "jwst") -> Any:
        status, answer = self.order(root, *actions, observatory=observatory)
        assert status == 0, f"{actions} ended with {status}"
        return answer

    def _made(self, name: str) -> Path:
        root = self.folder / name
        root.mkdir(parents=True)
        self.databases.make(root)
        return root

    def _copy(self, root: Path, name: str) -> Path:
        self.databases.copy(root, self.folder / name)
        return Path(shutil.copytree(root, self.folder / name))


@dataclass
class Databases:
    """The databases of data roots: files inside of them, or databases of one PostgreSQL."""

    url: str = "sqlite:////nowhere"

    def make(self, root: Path) -> None:
        """Make an empty database."""
        self._run(f'CREATE DATABASE "{name_of_database(root)}"')

    def copy(self, root: Path, target: Path) -> None:
        """Copy the database of a root."""
        old, new = name_of_database(root), name_of_database(target)
        self._run(f'CREATE DATABASE "{new}" TEMPLATE "{old}"')

    def drop(self, root: Path) -> None:
        """Remove the database of a root."""
        self._run(f'DROP DATABASE "{name_of_database(root)}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        if self.url.startswith("postgresql:"):
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(statement)


@contextmanager
def campaign(
    folder: Path, url: str = Databases.url, *, extra: dict[str, str] | None = None
) -> Iterator[Campaign]:
    """Yield a campaign that is prepared, on SQLite or on the PostgreSQL at an address.

    Parameters
    ----------
    extra
        Further environment variables of the program.
    """
    environment = (
        os.environ
        | (extra or {})
        | {
            "DATA_ROOT": str(folder / "none"),
            "DATABASE_URL": url,
            "OBSERVATORY": "jwst",
            "MAIL_LISTS": "crds@example.org",
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "crds_server.settings",
        }
    )
    with subprocess.Popen(
        [sys.executable, "-m", "tests.submissions.dying", str(folder / "remembered")],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        found = Campaign(program, folder, Databases(url))
        try:
            found.prepare()
            yield found
        finally:
            assert program.stdin
            program.stdin.close()


def run(found: Campaign, kills: int, seed: int, *, until: float = float("inf")) -> Counter[str]:
    """Kill so many actions, or until a moment; return how many were killed, and how many had ended before."""
    chance, counts = random.Random(seed), Counter[str]()
    while killed(counts) < kills and time.monotonic() < until:
        action = chance.choice(list(RECOVERY))
        outcome = found.kill_once(action, chance.uniform(0, found.durations[action]))
        counts[f"{action} {outcome}"] += 1
        # The machine may be busier or less busy than it was when the duration was measured.
        found.durations[action] *= 1.05 if outcome == "killed" else 0.85
        if counts.total() % 100 == 0:
            logger.warning("%d attempts: %s", counts.total(), dict(counts))
    return counts


def killed(counts: Counter[str]) -> int:
    """Return the number of actions that were really killed."""
    return sum(number for outcome, number in counts.items() if outcome.endswith(" killed"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL that it starts and ends")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = stack.enter_context(own_postgresql()).url + PATIENT if options.postgresql else Databases.url
        found = stack.enter_context(campaign(Path(folder), url))
        counts = run(found, options.kills, options.seed, until=time.monotonic() + 60 * options.minutes)
    sys.stdout.write(
        f"seed {options.seed}: {killed(counts)} kills in {counts.total()} attempts, "
        f"no violation; {dict(counts)}\n"
    )


if __name__ == "__main__":
    main()

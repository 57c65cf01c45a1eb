"""Kills at random moments of the work on a submission, each followed by recovery and the check of invariants.

``python -m tests.submissions.random_kills --kills 1000 --seed 1`` prints what it did and found, and fails at
the first difference from a submission that nobody disturbed.
"""

import argparse
import json
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
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.roots import PROJECT

RECOVERY = {"process": ("process",), "confirm": ("confirm", "sweep")}


@dataclass
class Campaign:
    """The program that dies, the two starting points, and the states that must come out."""

    program: subprocess.Popen[str]
    folder: Path
    roots: dict[str, Path] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)

    def order(self, root: Path, *actions: str, seconds: float | None = None) -> tuple[int, Any]:
        """Return the exit status of a child that did the actions, and its last answer."""
        asked = {"root": str(root), "actions": actions} | ({} if seconds is None else {"seconds": seconds})
        assert self.program.stdin and self.program.stdout  # noqa: PT018
        self.program.stdin.write(json.dumps(asked) + "\n")
        self.program.stdin.flush()
        status, answer = json.loads(self.program.stdout.readline())
        return status, answer

    def prepare(self) -> None:
        """Make a site whose submission waits, one whose submission is ready, and the states of both ends."""
        started = self.folder / "started"
        started.mkdir(parents=True)
        self._must(started, "make")
        ready = self._copy(started, "ready")
        self._must(ready, "process")
        self.roots = {"process": started, "confirm": ready}
        for action, root in self.roots.items():
            undisturbed = self._copy(root, f"undisturbed-{action}")
            began = time.monotonic()
            self._must(undisturbed, *RECOVERY[action])
            self.durations[action] = time.monotonic() - began
            self.states[action] = self._must(undisturbed, "state")

    def kill_once(self, action: str, seconds: float) -> str:
        """Kill an action after a time, recover, and return what became of it; raise if anything is wrong."""
        root = self._copy(self.roots[action], "killed")
        try:
            status, _ = self.order(root, action, seconds=seconds)
            assert status in (0, -signal.SIGKILL), status
            state = self._must(root, *RECOVERY[action], "state")
            assert state == self.states[action], f"{action} after {seconds:.3f} s: {state}"
            assert self._must(root, "violations") == []
            return "killed" if status else "ended before"
        finally:
            shutil.rmtree(root)

    def _must(self, root: Path, *actions: str) -> Any:
        status, answer = self.order(root, *actions)
        assert status == 0, f"{actions} ended with {status}"
        return answer

    def _copy(self, root: Path, name: str) -> Path:
        return Path(shutil.copytree(root, self.folder / name))


@contextmanager
def campaign(folder: Path) -> Iterator[Campaign]:
    """Yield a campaign that is prepared."""
    environment = os.environ | {
        "DATA_ROOT": str(folder / "none"),
        "DATABASE_URL": "sqlite:////nowhere",
        "OBSERVATORY": "jwst",
        "MAIL_LISTS": "crds@example.org",
        "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "crds_server.settings",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.submissions.dying", str(folder / "remembered")],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        found = Campaign(program, folder)
        try:
            found.prepare()
            yield found
        finally:
            assert program.stdin
            program.stdin.close()


def run(found: Campaign, kills: int, seed: int, *, until: float = float("inf")) -> Counter[str]:
    """Return how many actions were killed, and how many had ended before; stop early at a moment."""
    chance, counts = random.Random(seed), Counter[str]()
    while counts.total() < kills and time.monotonic() < until:
        action = chance.choice(list(RECOVERY))
        outcome = found.kill_once(action, chance.uniform(0, found.durations[action]))
        counts[f"{action} {outcome}"] += 1
    return counts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, campaign(Path(folder)) as found:
        counts = run(found, options.kills, options.seed, until=time.monotonic() + 60 * options.minutes)
    sys.stdout.write(f"seed {options.seed}: {dict(counts)}, {counts.total()} in all, no violation.\n")


if __name__ == "__main__":
    main()

"""Time from the start of a process to its first answer under the largest context.

Run by ``python -m tests.bench cold``. Once with nothing but Django around it, and once as the web server that
people start, from its command to the answer of its first JSON-RPC call.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

from tests import shared_data
from tests.bench.rpc import make_headers
from tests.bench.web_server import environment_for, web_server
from tests.roots import PROJECT, manage

CONTEXT = "hst_0729.pmap"
RUNS = 9
BARE = """
import json, sys
import django
django.setup()
from apps.bestrefs.queries import best_references
print(len(best_references(sys.argv[1], json.loads(sys.argv[2]))), flush=True)
sys.stdin.read()
"""


def run(out: TextIO) -> None:
    """Print the medians with their target."""
    cache = shared_data.data_root()
    header = make_headers(cache, 1)[0]
    with tempfile.TemporaryDirectory(prefix="bench-cold-") as folder:
        environment = environment_for("hst", Path(folder))
        manage(environment, "import_cache", str(cache))
        _bare(environment, header)  # The first one compiles; those after it read artifacts.
        bare = statistics.median(_bare(environment, header) for _ in range(RUNS))
        served = statistics.median(_served(environment, header) for _ in range(RUNS))
    out.write(f"process and Django to first answer      {bare:6.3f} s    target 0.5\n")
    out.write(f"web server started to first RPC answer  {served:6.3f} s\n")


def _bare(environment: dict[str, str], header: dict[str, str]) -> float:
    """Return the seconds until the answer is there; what the process does after that does not count."""
    command = [sys.executable, "-c", BARE, CONTEXT, json.dumps(header)]
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        answer = process.stdout.readline() if process.stdout else b""
        elapsed = time.perf_counter() - start
        process.communicate()
    if not answer.strip().isdigit():
        raise RuntimeError("the process gave no answer")
    return elapsed


def _served(environment: dict[str, str], header: dict[str, str]) -> float:
    start = time.perf_counter()
    with web_server(environment) as server:
        server.call("get_best_references", CONTEXT, header)
        return time.perf_counter() - start


if __name__ == "__main__":
    run(sys.stdout)

"""Exit with 0 if a container is healthy.

`health.py web` asks the web server of the container. `health.py beat` looks for the sign of life that the
periodic tasks ask of a worker; an old sign means that beat or every worker is gone.
"""

import os
import sys
import time
import urllib.request
from pathlib import Path

STALE = 120  # seconds


def web(port: str = "8000") -> bool:
    """Return whether the web server answers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=8) as answer:
        return bool(answer.status == 200)


def beat() -> bool:
    """Return whether a worker gave a sign of life in the last two minutes."""
    sign = Path(os.environ.get("DATA_ROOT", "/data")) / "worker-heartbeat"
    return time.time() - sign.stat().st_mtime < STALE


if __name__ == "__main__":
    check = {"web": web, "beat": beat}[sys.argv[1]]
    sys.exit(not check(*sys.argv[2:]))

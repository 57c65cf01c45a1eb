"""A check that a server can listen at a port, which ends with a remedy if it cannot.

usage: check_port.py PORT REMEDY
"""

from __future__ import annotations

import socket
import sys


def main(port: str, remedy: str) -> None:
    """Try to bind the port, as the server will."""
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(port)))
    except (OSError, OverflowError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not a port number"
        sys.exit(f"Port {port} cannot be used: {reason}. {remedy}")
    finally:
        probe.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The web server as a program: one listening socket, and processes that share it."""

import logging
import signal
import socket
import sys

import uvicorn

from apps.core.web_server import budgets
from apps.core.web_server.application import WebApplication
from apps.core.web_server.connections import SWEEP_SECONDS, Connection, end_slow_connections

BACKLOG = 2048  # connections that the kernel keeps until we accept them
# Seconds after which a thread that computes lets others run. The loop must not wait long for the interpreter.
SWITCH_SECONDS = 0.001


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address, with a name or an IP address of version 4 or 6."""
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    listening = socket.create_server((bare, port), family=family, backlog=BACKLOG)
    listening.setblocking(False)
    return listening


def serve(listening: socket.socket, application: WebApplication) -> None:
    """Answer requests until TERM or INT; then let open ones end."""
    budgets.allow_open_files()
    sys.setswitchinterval(SWITCH_SECONDS)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # Below it are the mistakes of callers.
    server = make_server(application)

    # uvicorn has handlers of its own while it runs. Afterwards it raises the signal again, and that must not
    # end the downloads.
    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    server.run(sockets=[listening])
    application.sender.wait(budgets.ENDING_SECONDS)
    application.sender.close()


def make_server(application: WebApplication) -> uvicorn.Server:
    """Return the server of one process, not started yet."""
    config = uvicorn.Config(
        application,
        http=Connection,
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # Django decides by its settings whom to believe.
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=budgets.IDLE_SECONDS,
        timeout_graceful_shutdown=budgets.ENDING_SECONDS,
        callback_notify=end_slow_connections,
        timeout_notify=SWEEP_SECONDS,
    )
    return uvicorn.Server(config)

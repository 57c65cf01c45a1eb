"""Web hooks to test with, and a receiver on this machine that notes what it gets."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from apps.accounts.models import User
from apps.subscriptions.models import EventType, WebHook
from apps.subscriptions.operations import add_hook
from tests.factories.accounts import make_user


@dataclass
class ReceivedMessage:
    """The headers, lower case, and the body of one request."""

    headers: dict[str, str]
    body: str


@dataclass
class TestReceiver:
    """A receiver: its address, the status of its next answers, and the messages that it got."""

    __test__ = False

    address: str
    status: int = 204
    got: list[ReceivedMessage] = field(default_factory=list)


@contextlib.contextmanager
def receiver() -> Iterator[TestReceiver]:
    """Run a receiver on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            own.got.append(ReceivedMessage({name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(own.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        own = TestReceiver(f"http://127.0.0.1:{server.server_port}/crds?x=1")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield own
        finally:
            server.shutdown()
            thread.join()


def make_hook(
    user: User | None = None,
    *,
    address: str = "https://example.org/crds",
    types: tuple[str, ...] = tuple(EventType.values),
) -> WebHook:
    return add_hook(user or make_user(), address=address, types=types)

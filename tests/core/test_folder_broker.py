"""The folder broker: whoever looks into the folder sees whole messages only."""

import json
import threading
from pathlib import Path

from kombu import Connection, Queue

from crds_server.celery import app
from crds_server.env import folder_broker

MESSAGES = 60


def connection(root: Path) -> Connection:
    return app.connection_for_write("filesystem://", transport_options=folder_broker(root))


def test_a_message_is_whole_as_soon_as_it_is_there(tmp_path: Path) -> None:
    def write() -> None:
        with connection(tmp_path) as link:
            queue = link.SimpleQueue("bells")
            for number in range(MESSAGES):
                queue.put({"number": number, "text": "x" * 1_000_000})

    writer = threading.Thread(target=write)
    folder, seen = tmp_path / "messages", set[str]()
    folder.mkdir(parents=True)
    writer.start()
    while writer.is_alive() or len(seen) < len(list(folder.glob("*.msg"))):
        for path in folder.glob("*.msg"):
            if path.name not in seen:
                json.loads(path.read_text())
                seen.add(path.name)
    writer.join()
    assert len(seen) == MESSAGES


def test_an_exchange_that_is_just_being_written_has_no_listeners_yet(tmp_path: Path) -> None:
    with connection(tmp_path) as link:
        channel = link.channel()
        Queue("bells", channel=channel).declare()
        (tmp_path / "control" / "half.exchange").write_text('[["bells"')
        assert channel.get_table("half") == []

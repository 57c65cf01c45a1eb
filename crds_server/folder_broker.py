"""Celery's folder broker, with messages that appear whole.

As it comes, a reader may take a message that its writer has only begun: the message is lost and the worker
ends. Here a message gets its name when it is complete.
"""

import uuid
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Writes messages and exchanges as one change of the folder each."""

    # Its own supertype names the payload otherwise.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        # Readers take the oldest first, by name.
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        target = Path(self.data_folder_out, name)
        unfinished = target.with_name(f".{name}.part")
        try:
            unfinished.write_text(dumps(payload))
            unfinished.rename(target)
        except OSError as exc:
            raise ChannelError(f"Cannot add {name} to the folder of messages: {exc}") from exc

    def get_table(self, exchange: str) -> list[Any]:
        """Return who listens to an exchange; nobody yet, if that is just being written."""
        try:
            table: list[Any] = super().get_table(exchange)
        except ValueError:
            return []
        return table


class Transport(filesystem.Transport):
    """The transport of ``filesystem://`` addresses."""

    Channel = Channel

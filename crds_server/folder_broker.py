"""Celery's folder broker, with messages that appear complete.

With the original, a reader may take a message that its writer has only begun. The message is lost and the
worker ends. Here a message gets its name when it is complete.
"""

import uuid
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """A channel that writes each message as one change of the folder."""

    # The base class has another name for the payload than its own base class.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        # Readers sort by name to take the oldest message first.
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        target = Path(self.data_folder_out, name)
        unfinished = target.with_name(f".{name}.part")
        try:
            unfinished.write_text(dumps(payload))
            unfinished.rename(target)
        except OSError as exc:
            raise ChannelError(f"Cannot add {name} to the folder of messages: {exc}") from exc

    def get_table(self, exchange: str) -> list[Any]:
        """Return the listeners of an exchange; none while the file of the exchange is being written."""
        try:
            table: list[Any] = super().get_table(exchange)
        except ValueError:
            return []
        return table


class Transport(filesystem.Transport):
    """The transport of ``filesystem://`` addresses."""

    Channel = Channel

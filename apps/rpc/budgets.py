"""The budget of one request: how much a body may ask for, and how much of a batch is answered.

A single call is always answered whole. The calls of a batch share one budget of units, bytes and seconds.
A call that finds it used up gets an error, and its caller sends it again in another batch.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from apps.core.json_shape import Shape
from apps.rpc.errors import BatchLimitError
from apps.rpc.registry import Method

BATCH_LIMIT = 1000  # requests in one body
DEPTH = 32  # lists and objects inside one another


@dataclass(frozen=True)
class Limit:
    """One published limit: its name, its value with the unit, and what it counts."""

    name: str
    value: str
    text: str


def shape() -> Shape:
    """Return the largest shape of a request body."""
    return Shape(nodes=settings.RPC_NODE_LIMIT, depth=DEPTH)


def limits() -> list[Limit]:
    """Return the limits of a request as people and the authors of programs read them."""
    return [
        Limit("Body", f"{settings.RPC_BODY_LIMIT:,} bytes", "of one request"),
        Limit("Values", f"{settings.RPC_NODE_LIMIT:,}", "values and keys in the JSON of one request"),
        Limit("Depth", str(DEPTH), "lists and objects inside one another"),
        Limit("Batch", f"{BATCH_LIMIT:,} calls", "in one request"),
        Limit("Units", f"{settings.RPC_BATCH_UNITS:,}", "that the calls of a batch may cost together"),
        Limit("Answer", f"{settings.RPC_BATCH_BYTES:,} bytes", "after which a batch gets no further answers"),
        Limit("Time", f"{settings.RPC_BATCH_SECONDS} s", "after which a batch gets no further answers"),
        Limit("Headers", f"{settings.MAX_HEADERS_PER_RPC:,}", "ids in one call that asks for headers"),
        Limit("Datasets", f"{settings.MAX_BESTREFS_PER_RPC:,}", "datasets in one call for references"),
    ]


@dataclass
class BatchBudget:
    """The units, bytes and seconds that the calls of one batch have used."""

    units: int = 0
    size: int = 0
    started: float = field(default_factory=time.monotonic)

    def charge(self, method: Method, params: Any) -> None:
        """Count the units of a call before it runs.

        Raises
        ------
        BatchLimitError
            Raised if the batch has used up its budget; its first call always runs.
        """
        cost = method.cost.units(method.argument(method.cost.counted, params))
        if self.units and (reason := self._used_up(cost)):
            raise BatchLimitError(f"{reason}. Send the calls without an answer again in smaller batches.")
        self.units += cost

    def _used_up(self, cost: int) -> str:
        if self.units + cost > settings.RPC_BATCH_UNITS:
            return f"The calls of this batch cost more than {settings.RPC_BATCH_UNITS} units together"
        if self.size > settings.RPC_BATCH_BYTES:
            return f"The answers of this batch exceed {settings.RPC_BATCH_BYTES} bytes"
        if time.monotonic() - self.started > settings.RPC_BATCH_SECONDS:
            return f"This batch took more than {settings.RPC_BATCH_SECONDS} seconds"
        return ""

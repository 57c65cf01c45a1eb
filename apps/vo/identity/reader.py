"""The rights of a caller."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reader:
    """The caller behind a request.

    Attributes
    ----------
    name
        User name; empty if nobody is logged in.
    sees_all
        Whether unpublished files of other people are visible, as to operators.
    address
        Network address, by which anonymous callers are counted.
    """

    name: str = ""
    sees_all: bool = False
    address: str = ""

    @property
    def key(self) -> str:
        """The name under which requests and jobs are counted."""
        return f"user {self.name}" if self.name else f"address {self.address}"


ANYBODY = Reader()

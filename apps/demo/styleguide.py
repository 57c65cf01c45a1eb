"""The content of the page of samples: every part in every state, with made-up rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.contexts.forms import ContextChoiceMixin
from apps.core.tables import CellPart, Column, Picks, Table

BADGES = (
    ("archived", "good"),
    ("delivered", "calm"),
    ("uploaded", "plain"),
    ("warnings", "warn"),
    ("rejected", "bad"),
)
_LOOKS = dict(BADGES)


class _Chooser(ContextChoiceMixin):
    """The context chooser alone."""


@dataclass(frozen=True)
class _Sample:
    name: str
    delivered_at: datetime
    size: int
    state: str
    description: str


_ROWS = [
    _Sample(
        "demo_cam_flat_0001.fits", datetime(2026, 1, 31, 9, 0, tzinfo=UTC), 34560, "archived", "First flat"
    ),
    _Sample(
        "demo_cam_flat_0002.fits",
        datetime(2026, 3, 2, 17, 45, tzinfo=UTC),
        1044480,
        "rejected",
        "Stray light",
    ),
    _Sample(
        "demo_cam_dark_0007.asdf", datetime(2026, 2, 14, 3, 0, tzinfo=UTC), 812, "delivered", "<b>Bold</b>"
    ),
]

_COLUMNS = (
    Column(
        "name",
        "Name",
        lambda row: row.name,
        sort="name",
        search="name",
        address=lambda row: "#data-table",
        look="code",
    ),
    Column("delivered_at", "Delivered", lambda row: row.delivered_at, sort="delivered_at", look="moment"),
    Column("size", "Bytes", lambda row: row.size, sort="size", look="number"),
    Column(
        "state",
        "State",
        lambda row: row.state,
        sort="state",
        badge=lambda row: _LOOKS[row.state],
    ),
    Column("description", "Description", lambda row: row.description, search="description"),
    Column(
        "details",
        "Details",
        lambda row: row.name,
        parts=lambda row: (CellPart("delivered as "), CellPart(row.name, "#data-table")),
        heading=lambda row: "1 file" if row.size > 1000 else "",
    ),
)

_PICKS = Picks("#ticked", lambda row: str(row.name))


def page(sent: Mapping[str, str]) -> dict[str, Any]:
    """Return the samples; the tables read the address as all tables do."""
    return {
        "badges": BADGES,
        "chooser": _Chooser(),
        "table": Table(_COLUMNS, _ROWS, sent, label="Sample files", order="-delivered_at"),
        "ticked": Table(_COLUMNS[:2], _ROWS, sent, label="Rows to tick", prefix="ticked_", picks=_PICKS),
        "empty": Table(_COLUMNS, [], sent, label="No files", prefix="empty_"),
    }

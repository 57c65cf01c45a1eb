"""Deliveries to the archive: a confirmed submission becomes a delivery, and the archive picks it up.

The row is the truth. The delivery folder (`folder`, `folder_updates`) and the states of the files
(`operations`) follow it. `archive_state` notes what the archive does by itself.
"""

from apps.catalog.deliveries.folder_updates import catch_up, write
from apps.catalog.deliveries.operations import move, open_delivery
from apps.catalog.models import Delivery

__all__ = ["Delivery", "catch_up", "move", "open_delivery", "write"]

"""How files go to the archive: a confirmed submission is a delivery, and the archive picks it up.

The row is the truth. The delivery folder follows it (`folder`, `writing`), and so do the states of the files
(`operations`); what the archive does by itself is noticed by `checking`.
"""

from apps.catalog.deliveries.folder_updates import catch_up, write
from apps.catalog.deliveries.operations import move, open_delivery
from apps.catalog.models import Delivery

__all__ = ["Delivery", "catch_up", "move", "open_delivery", "write"]

"""Tables that are sorted, searched, paged and exported by their address, from one list of columns.

A view makes a `Table` from its rows and the parameters of the address. It prints the table with
``parts/_table.html``, or passes it to `exported` if ``format`` (or the ``Accept`` header) asks for CSV or
JSON.
"""

from apps.core.tables.columns import Cell, CellPart, Column, Value
from apps.core.tables.exports import csv_file, exported
from apps.core.tables.table import Picks, Table

__all__ = ["Cell", "CellPart", "Column", "Picks", "Table", "Value", "csv_file", "exported"]

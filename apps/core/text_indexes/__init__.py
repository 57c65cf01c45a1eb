"""Indexes of the parts of texts: they find the few rows that can contain a text, without reading all rows.

An index narrows a search. The conditions of the search are compared all the same, so a search has the same
results with an index, without one, and on either database.

The database keeps an index by itself when rows change: PostgreSQL as an index over trigrams, SQLite as a
table over trigrams with triggers (docs/adr/0016). Django's models know neither of the two, so the command
``migrate`` makes them.
"""

from apps.core.text_indexes.index import FEW, TextIndex
from apps.core.text_indexes.known import all_indexes

__all__ = ["FEW", "TextIndex", "all_indexes"]

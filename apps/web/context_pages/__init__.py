"""Pages of contexts: history, tables, map and timelines."""

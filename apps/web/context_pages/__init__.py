"""Contexts: their history, their tables, the map and the timelines."""

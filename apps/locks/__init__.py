"""Locks that reserve one instrument for one person for a while."""

"""Reserves one instrument for one person for a while."""

"""Differences of two contexts or two files."""

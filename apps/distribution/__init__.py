"""Bytes and published snapshots for people, caches and mirrors."""

"""Digests by mail and web hooks, which tell people and programs what changed.

A scheduled task reads the rows that other apps wrote: moves of pointers, deliveries and searches for affected
datasets. An event becomes at most one message for each web hook, because the key of the event is unique
there. A digest covers each moment once, because its end is stored in the same transaction as its mail.
"""

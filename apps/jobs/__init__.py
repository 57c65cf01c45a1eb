"""Background work that somebody may watch or abort, and its messages.

The row of a job is what counts. The broker only announces it: an announcement may be lost, repeated or late.
"""

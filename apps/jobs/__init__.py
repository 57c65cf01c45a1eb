"""Background work that somebody may watch or abort, and its messages.

The job row is the truth and the broker only announces it: an announcement may be lost, repeated or late.
"""

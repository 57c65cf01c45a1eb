"""Background work that somebody may watch or abort, and its messages.

The job row is the truth and the broker only rings the bell: a bell may be lost, come twice or too late.
"""

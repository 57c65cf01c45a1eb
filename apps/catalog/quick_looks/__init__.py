"""Looks into the files of the catalogue: asked for once, made by a worker, kept by the sha1sum of the bytes.

The job row is the truth about what is under way. What is made is a cache: it may be deleted at any time.
"""

from apps.catalog.quick_looks.operations import ask_again, ask_for
from apps.catalog.quick_looks.queries import KIND, LookState, Status, picture_path, state_of

__all__ = ["KIND", "LookState", "Status", "ask_again", "ask_for", "picture_path", "state_of"]

"""Operations on the document of the served observatory: start its rules, propose a change, and make it."""

from apps.observatories.operations.drafts import confirm, propose
from apps.observatories.operations.first_rules import (
    Changed,
    Started,
    change,
    is_started,
    require_definition,
    start,
)
from apps.observatories.operations.new_versions import replace
from apps.observatories.operations.version_records import record_first

__all__ = [
    "Changed",
    "Started",
    "change",
    "confirm",
    "is_started",
    "propose",
    "record_first",
    "replace",
    "require_definition",
    "start",
]

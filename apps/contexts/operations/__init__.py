"""Operations on contexts: move a pointer, mark files bad, take the reports of pipelines."""

from apps.contexts.operations.bad_files import mark_bad, mark_good, preview_bad, preview_good, taint
from apps.contexts.operations.file_states import renew_states
from apps.contexts.operations.pointers import (
    adopt_eras,
    adopt_pointer,
    as_pointer,
    create_pipeline,
    move_edit,
    push_remote_context,
    set_context,
)

__all__ = [
    "adopt_eras",
    "adopt_pointer",
    "as_pointer",
    "create_pipeline",
    "mark_bad",
    "mark_good",
    "move_edit",
    "preview_bad",
    "preview_good",
    "push_remote_context",
    "renew_states",
    "set_context",
    "taint",
]

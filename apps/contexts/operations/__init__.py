"""What somebody asks of the contexts: move a pointer, and let pipelines tell where theirs stand."""

from apps.contexts.operations.pointers import (
    adopt_eras,
    adopt_pointer,
    create_pipeline,
    push_remote_context,
    set_context,
)

__all__ = ["adopt_eras", "adopt_pointer", "create_pipeline", "push_remote_context", "set_context"]

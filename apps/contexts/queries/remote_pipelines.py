"""Queries about pipelines elsewhere and the contexts they report."""

from apps.contexts.errors import (
    UnknownPipelineError,
)
from apps.contexts.models import RemotePipeline


def pipelines() -> list[RemotePipeline]:
    """Return the pipelines that may report their contexts, sorted by name."""
    return list(RemotePipeline.objects.order_by("name"))


def remote_context(pipeline_name: str) -> str:
    """Return the context that a pipeline last reported.

    Raises
    ------
    UnknownPipelineError
        Raised if no pipeline has this name, or it has not reported a context yet.
    """
    pipeline = RemotePipeline.objects.filter(name=pipeline_name).first()
    if pipeline is None:
        raise UnknownPipelineError(f"Pipeline {pipeline_name[:128]!r} is not known to this server.")
    if not pipeline.context:
        raise UnknownPipelineError(f"Pipeline {pipeline.name!r} has not told its context yet.")
    return pipeline.context

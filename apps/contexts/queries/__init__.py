"""Queries about contexts: the one that a specifier means, and its contents."""

from apps.contexts.queries.builds import (
    banner,
    build_context,
    build_contexts,
    find_build,
    is_version,
    releases,
)
from apps.contexts.queries.mappings import (
    bad_mappings,
    contexts_named,
    get_context,
    get_pmap,
    imap_of,
    mapping_names,
    mappings_of,
    reference_names,
    upper_mappings_of,
)
from apps.contexts.queries.pointers import find_change, find_pointed, history
from apps.contexts.queries.remote_pipelines import pipelines, remote_context
from apps.contexts.queries.specifiers import (
    NOT_APPLICABLE,
    NOTHING,
    VERSIONS_INSTRUMENT,
    VERSIONS_TYPE,
    context_for,
    require_versions,
    resolve,
    resolve_choice,
    resolve_explicit,
    resolve_pipeline,
)

__all__ = [
    "NOTHING",
    "NOT_APPLICABLE",
    "VERSIONS_INSTRUMENT",
    "VERSIONS_TYPE",
    "bad_mappings",
    "banner",
    "build_context",
    "build_contexts",
    "context_for",
    "contexts_named",
    "find_build",
    "find_change",
    "find_pointed",
    "get_context",
    "get_pmap",
    "history",
    "imap_of",
    "is_version",
    "mapping_names",
    "mappings_of",
    "pipelines",
    "reference_names",
    "releases",
    "remote_context",
    "require_versions",
    "resolve",
    "resolve_choice",
    "resolve_explicit",
    "resolve_pipeline",
    "upper_mappings_of",
]

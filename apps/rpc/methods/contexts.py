"""The contexts behind specifiers, and their files."""

from django.conf import settings

from apps.contexts import operations, queries
from apps.core.errors import InvalidInputError
from apps.distribution.wire_format import timestamp
from apps.rpc.arguments import require_observatory
from apps.rpc.registry import Cost, read_method, write_method

# The state that a caller asks for, and the tag of the specifier with the same meaning.
STATES = {
    "latest": "latest",
    "operational": "latest",
    "edit": "edit",
    "build": "build",
    "versions": "versions",
}
PUSHED_KINDS = ("latest", "operational")


@read_method
def get_default_context(observatory: str | None, state: str | None = None) -> str:
    """Return the pmap that is now latest, edit, build or versions."""
    require_observatory(observatory)
    wanted = "latest" if state is None else state
    if wanted not in STATES:
        raise InvalidInputError(f"Unknown context state {wanted[:128]!r}; known are {', '.join(STATES)}.")
    return queries.resolve(f"{settings.OBSERVATORY}-{STATES[wanted]}")


@read_method
def get_build_context(observatory: str | None, cal_ver: str) -> str:
    """Return the pmap tied to a version of the calibration software."""
    require_observatory(observatory)
    return queries.build_context(cal_ver)


@read_method
def get_context_by_date(date: str | None, observatory: str | None = None) -> str:
    """Return the mapping that a specifier selects, or N/A."""
    require_observatory(observatory)
    return queries.resolve(date)


@read_method(cost=Cost(10))
def get_context_history(observatory: str | None) -> list[list[str]]:
    """Return start, context and reason of each period of the latest context, oldest first."""
    require_observatory(observatory)
    eras = queries.history().reverse()
    return [[timestamp(era.started_at), era.context, era.reason] for era in eras]


@read_method(cost=Cost(10))
def get_mapping_names(pipeline_context: str | None) -> list[str]:
    """Return the names of a mapping and of all mappings below it, sorted."""
    return list(queries.mapping_names(queries.resolve(pipeline_context)))


@read_method(cost=Cost(20))
def get_reference_names(pipeline_context: str | None) -> list[str]:
    """Return the names of all references below a mapping, sorted."""
    return list(queries.reference_names(queries.resolve(pipeline_context)))


@write_method
def push_remote_context(observatory: str | None, kind: str, key: str, context: str | None) -> None:
    """Record the context that the pipeline with this `key` uses."""
    require_observatory(observatory)
    if kind not in PUSHED_KINDS:
        raise InvalidInputError(f"Unknown context kind {kind[:128]!r}; known are {', '.join(PUSHED_KINDS)}.")
    operations.push_remote_context(key=key, context=queries.resolve_explicit(context))


@read_method
def get_remote_context(observatory: str | None, pipeline_name: str) -> str:
    """Return the context that a pipeline last reported."""
    require_observatory(observatory)
    return queries.remote_context(pipeline_name)

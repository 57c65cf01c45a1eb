"""Errors of requests for a context."""

from apps.core.errors import ConflictError, NotFoundError
from apps.rules.naming.specifiers import InvalidDateContextError

__all__ = [
    "InvalidDateContextError",
    "UnknownBuildError",
    "UnknownContextError",
    "UnknownPipelineError",
    "UnusableContextError",
]


class UnknownContextError(NotFoundError):
    """No mapping of this name is known, or a pointer has never been set."""

    code = "unknown_context"


class UnusableContextError(ConflictError):
    """The context is known, but a mapping it needs cannot be used; the message names the culprit."""

    code = "unusable_context"


class UnknownBuildError(NotFoundError):
    """No context is tied to this version of the calibration software."""

    code = "unknown_build"


class UnknownPipelineError(NotFoundError):
    """No pipeline has this name or key, or it has not reported a context yet."""

    code = "unknown_pipeline"

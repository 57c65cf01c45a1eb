"""The sentence by which a paper names the rules that chose its references."""

from django.conf import settings


def citation_of_context(context: str, server: str) -> str:
    """Return a sentence that names a context and the server that keeps it."""
    name = settings.OBSERVATORY.upper()
    return (
        f"Reference files were selected by the Calibration Reference Data System (CRDS) of {name} "
        f"under the context {context} ({server})."
    )

"""Contexts and moves of pointers to test with; every argument is optional."""

from collections.abc import Mapping
from datetime import UTC, datetime

from apps.contexts.models import ContextChange
from tests.factories.catalog import make_file, make_pmap, small_context


def make_context(name: str = "jwst_0001.pmap", *, texts: Mapping[str, str] | None = None) -> str:
    """Store a small context, or the mappings given by name, and return the name of its pmap."""
    if texts is None:
        texts = small_context()
        texts[name] = make_pmap(name)
    for mapping, text in texts.items():
        make_file(mapping, content=text.encode())
    return name


def make_change(
    context: str = "jwst_0001.pmap",
    *,
    pointer: str = "latest",
    started_at: datetime = datetime(2016, 1, 1, tzinfo=UTC),
    calibration_version: str = "",
) -> ContextChange:
    """Return a move of a pointer, whether or not the context exists."""
    return ContextChange.objects.create(
        pointer=pointer,
        context=context,
        started_at=started_at,
        calibration_version=calibration_version,
        user="tester",
        reason="Because.",
    )

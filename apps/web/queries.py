"""What the pages show."""

from dataclasses import dataclass

from django.conf import settings

from apps.catalog.models import File
from apps.catalog.states import FileKind
from apps.contexts import queries as contexts
from apps.contexts.models import ContextChange, Pointer
from apps.datasets.models import Dataset


@dataclass(frozen=True)
class Home:
    """What is in use now, and how much there is."""

    pointers: dict[str, str]
    mappings: int
    references: int
    references_held: int
    datasets: int
    history: list[ContextChange]
    example_context: str


def home() -> Home:
    """Return what the home page shows."""
    pointers = {pointer.value: contexts.find_pointed(pointer) or "" for pointer in Pointer}
    references = File.objects.filter(kind=FileKind.REFERENCE)
    return Home(
        pointers=pointers,
        mappings=File.objects.filter(kind=FileKind.MAPPING).count(),
        references=references.count(),
        references_held=references.filter(held_at__isnull=False).count(),
        datasets=Dataset.objects.count(),
        history=list(contexts.history()[:5]),
        example_context=pointers["latest"] or f"{settings.OBSERVATORY}_0001.pmap",
    )

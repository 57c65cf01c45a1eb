"""The content of the home page."""

from dataclasses import asdict, dataclass

from django.conf import settings

from apps.catalog.file_counts import file_counts
from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.datasets.models import Dataset
from apps.rules.errors import CrdsError
from apps.rules.observatories import get_observatory
from apps.web.change_pages.new_references import NewReferences, count_new
from apps.web.context_pages.context_lists import (
    Delivered,
    LatestContext,
    find_delivered,
    find_latest_contexts,
    release_page,
)
from apps.web.context_pages.outline import Outline, find_outline

LATEST_CONTEXTS = 4
DELIVERIES = 5


@dataclass(frozen=True, slots=True)
class BuildBanner:
    """The announced build context, and the version of the calibration software that it was made for."""

    context: str
    version: str
    release_page: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of files and datasets, as text; `held` references can be downloaded from this server."""

    contexts: str
    mappings: str
    references: str
    held: str
    datasets: str


@dataclass(frozen=True)
class Home:
    """The contexts in use, the numbers of files, and the recent changes.

    Attributes
    ----------
    pointers
        The context of each pointer; pointers that never moved are left out.
    latest
        The latest context, empty if there is none.
    outline
        The instruments of the latest context; None without one, or if its mappings are not here.
    has_builds
        Whether there is a build context.
    commands
        Shell commands that make the client ask this server.
    how_to_fill
        The commands that fill an empty server.
    """

    pointers: dict[str, str]
    latest: str
    outline: Outline | None
    banner: BuildBanner | None
    has_builds: bool
    figures: Figures
    latest_contexts: list[LatestContext]
    delivered: list[Delivered]
    new: NewReferences
    commands: str
    how_to_fill: str


def home() -> Home:
    """Return the content of the home page."""
    pointers = {pointer.value: name for pointer in Pointer if (name := contexts.find_pointed(pointer))}
    latest = pointers.get("latest", "")
    return Home(
        pointers=pointers,
        latest=latest,
        outline=_outline(latest),
        banner=_banner(),
        has_builds=Pointer.BUILD in pointers,
        figures=_figures(),
        latest_contexts=find_latest_contexts(LATEST_CONTEXTS),
        delivered=find_delivered(DELIVERIES),
        new=count_new(),
        commands=_commands(latest or f"{settings.OBSERVATORY}_0001.pmap"),
        how_to_fill=_how_to_fill(),
    )


def _how_to_fill() -> str:
    """Return the commands that fill an empty server of this observatory."""
    demo = "manage.py seed_demo makes a small demo observatory, and "
    has_demo = get_observatory(settings.OBSERVATORY).has_demo
    return f"Fill the server: {demo if has_demo else ''}manage.py import_cache imports a CRDS cache."


def _commands(context: str) -> str:
    """Return the shell commands that make the client ask this server."""
    return (
        f"export CRDS_SERVER_URL={settings.PUBLIC_URL}\n"
        f"export CRDS_OBSERVATORY={settings.OBSERVATORY}\n"
        "export CRDS_PATH=$HOME/crds_cache\n"
        "crds list --status\n"
        f"crds sync --contexts {context}"
    )


def _outline(name: str) -> Outline | None:
    """Return the instruments of a context. Leave their rules unread: clients fetch this page often."""
    try:
        return find_outline(name, counted=False) if name else None
    except CrdsError:  # The page of the context says why.
        return None


def _banner() -> BuildBanner | None:
    change = contexts.banner()
    if change is None:
        return None
    version = change.calibration_version
    return BuildBanner(change.context, version, release_page(version))


def _figures() -> Figures:
    counts = {**asdict(file_counts()), "datasets": Dataset.objects.count()}
    return Figures(**{name: f"{count:,}" for name, count in counts.items()})

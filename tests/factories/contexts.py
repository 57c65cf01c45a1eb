"""Contexts and moves of pointers to test with; every argument is optional."""

from collections.abc import Mapping
from datetime import UTC, datetime

from apps.contexts.models import ContextChange
from tests.factories.catalog import make_file, make_imap, make_pmap, make_rmap, small_context


def make_context(name: str = "jwst_0001.pmap", *, texts: Mapping[str, str] | None = None) -> str:
    """Store a small context, or the mappings given by name, and return the name of its pmap."""
    if texts is None:
        texts = small_context()
        texts[name] = make_pmap(name)
    for mapping, text in texts.items():
        make_file(mapping, content=text.encode())
    return name


def make_whole_context(number: int = 1, *, description: str = "") -> str:
    """Store a context of MIRI with two references and return its name; the next shares one with it."""
    rmap, imap, pmap = (
        f"jwst_miri_dark_{number:04}.rmap",
        f"jwst_miri_{number:04}.imap",
        f"jwst_{number:04}.pmap",
    )
    references = [f"jwst_miri_dark_{serial:04}.fits" for serial in (number, number + 1)]
    for name in references:
        make_file(name, content=name.encode())
    texts = {
        rmap: make_rmap(rmap, references=references),
        imap: make_imap(imap, rmaps={"DARK": rmap}),
        pmap: make_pmap(pmap, imaps={"MIRI": imap}),
    }
    for name, text in texts.items():
        make_file(name, content=text.encode(), description=description)
    return pmap


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

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.contexts import queries
from apps.contexts.context_chooser import MENU, find_choices, next_context
from apps.contexts.errors import InvalidDateContextError, UnknownContextError, UnusableContextError
from apps.contexts.forms import ContextChoiceMixin, chosen_context
from apps.core.errors import InvalidInputError
from apps.rules.errors import CrdsError
from tests.factories.catalog import make_file
from tests.factories.contexts import make_change, make_whole_context

pytestmark = pytest.mark.django_db


class PublicForm(ContextChoiceMixin):
    allows_bad = True


def two_contexts() -> None:
    """Make two contexts: the first is latest, the second is edit."""
    make_change(make_whole_context(1), pointer="latest")
    make_change(make_whole_context(2), pointer="edit")


@pytest.mark.parametrize(
    ("mode", "posted", "context"),
    [
        ("pmap_edit", {"name": "jwst_0001.pmap"}, "jwst_0002.pmap"),
        ("pmap_latest", {"name": "jwst_0002.pmap", "text": "x"}, "jwst_0001.pmap"),
        ("pmap_operational", {}, "jwst_0001.pmap"),
        ("pmap_menu", {"menu": "jwst_0002.pmap"}, "jwst_0002.pmap"),
        ("pmap_text", {"text": " jwst_0001.pmap ", "name": "jwst_0002.pmap"}, "jwst_0001.pmap"),
        ("pmap_text", {"name": "jwst_0002.pmap"}, "jwst_0002.pmap"),
        ("pmap_text", {"text": "jwst-operational"}, "jwst_0001.pmap"),
    ],
)
def test_each_mode_means_a_context(mode: str, posted: dict[str, str], context: str) -> None:
    two_contexts()
    assert queries.resolve_choice(mode, **posted) == context


@pytest.mark.parametrize(
    ("mode", "posted", "error"),
    [
        ("pmap_newest", {}, InvalidInputError),
        ("", {"name": "jwst_0001.pmap"}, InvalidInputError),
        ("pmap_text", {}, InvalidInputError),
        ("pmap_text", {"text": "None"}, InvalidInputError),
        ("pmap_menu", {"menu": " "}, InvalidInputError),
        ("pmap_text", {"text": "../jwst_0001.pmap"}, InvalidDateContextError),
        ("pmap_text", {"text": "jwst_miri_0001.imap"}, InvalidDateContextError),
        ("pmap_text", {"text": "jwst_0001.pmap\0"}, InvalidDateContextError),
        ("pmap_text", {"text": "x" * 10_000}, InvalidDateContextError),
        ("pmap_text", {"text": "jwst_0009.pmap"}, UnknownContextError),
        ("pmap_text", {"text": "jwst_0003.pmap"}, UnknownContextError),
    ],
)
def test_what_means_no_official_context_is_refused(
    mode: str, posted: dict[str, str], error: type[CrdsError]
) -> None:
    two_contexts()
    make_file("jwst_0003.pmap", state=FileState.UPLOADED)
    with pytest.raises(error):
        queries.resolve_choice(mode, **posted)


def test_a_pointer_that_was_never_set_is_said_so() -> None:
    with pytest.raises(UnknownContextError, match="No edit context has been set"):
        queries.resolve_choice("pmap_edit")


def test_a_bad_context_is_refused_or_warned_of() -> None:
    two_contexts()
    File.objects.filter(name="jwst_0001.pmap").update(blacklisted=True)
    with pytest.raises(UnusableContextError):
        queries.resolve_choice("pmap_latest")
    private, public = (form({"pmap_mode": "pmap_latest"}) for form in (ContextChoiceMixin, PublicForm))
    assert private.errors == {"pmap_mode": ["jwst_0001.pmap is marked bad."]}
    assert public.is_valid()
    assert public.context_warning == "jwst_0001.pmap is marked bad."


def test_a_form_knows_the_chosen_context() -> None:
    two_contexts()
    form = ContextChoiceMixin({"pmap_mode": "pmap_text", "pmap_name": "jwst_0001.pmap"})
    assert form.is_valid()
    assert form.cleaned_data["context"] == chosen_context(form.cleaned_data) == "jwst_0001.pmap"


@pytest.mark.parametrize(
    "data",
    [
        {"pmap_mode": "pmap_text", "pmap_text": "<script>"},
        {"pmap_mode": "pmap_text", "pmap_text": "a\0b"},
        {"pmap_mode": "<b>"},
        {"pmap_mode": "x" * 100},
        {"pmap_mode": "pmap_menu", "pmap_menu": "x" * 1000},
    ],
)
def test_a_hostile_form_is_shown_again_and_harmless(data: dict[str, str]) -> None:
    two_contexts()
    form = ContextChoiceMixin(data)
    assert not form.is_valid()
    shown = render_to_string("contexts/_context_chooser.html", {"form": form})
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert 'class="error_message"' in shown


@pytest.mark.parametrize(
    ("data", "title"),
    [
        (None, "jwst_0002.pmap {} (Editing Context)"),
        ({"pmap_mode": "pmap_operational"}, "jwst_0001.pmap {} (Latest Context)"),
        ({"pmap_mode": "pmap_menu", "pmap_menu": "jwst_0001.pmap"}, "jwst_0001.pmap {} (Recent)"),
        ({"pmap_mode": "pmap_text", "pmap_text": "jwst_0002.pmap"}, "jwst_0002.pmap {} (User Specified)"),
    ],
)
def test_the_title_tells_the_choice(data: Any, title: str) -> None:
    two_contexts()
    File.objects.update(delivered_at="2024-05-06T07:08:09Z")
    form = ContextChoiceMixin(data)
    assert form.context_title == title.format("2024-05-06 07:08")
    assert form.context_title in render_to_string("contexts/_context_chooser.html", {"form": form})


def test_missing_files_show_in_the_title() -> None:
    two_contexts()
    File.objects.filter(name="jwst_miri_dark_0003.fits").update(state=FileState.SUBMITTED, held_at=None)
    choices = find_choices()
    assert choices.edit is not None
    assert choices.latest is not None
    assert choices.edit.title.endswith(" *unavailable* (Editing Context)")
    assert "unavailable" not in choices.latest.title


def test_a_site_without_contexts_has_a_form_too() -> None:
    shown = render_to_string("contexts/_context_chooser.html", {"form": ContextChoiceMixin()})
    assert "No context is chosen yet" in shown


def test_the_menu_has_the_newest_contexts_first() -> None:
    for number in range(9_990, 9_990 + MENU + 5):
        make_file(f"jwst_{number}.pmap", delivered_at=timezone.now())
    make_file("jwst_99999.pmap", state=FileState.UPLOADED)
    names = [candidate.name for candidate in find_choices().recent]
    assert names[0] == f"jwst_{9_990 + MENU + 4}.pmap"
    assert names[-1] == "jwst_9995.pmap"
    following = next_context("jwst_9999.pmap")
    assert following is not None
    assert following.name == "jwst_10000.pmap"
    assert next_context(names[0]) is None

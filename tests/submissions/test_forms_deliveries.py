"""Initial values on the pages of deliveries, which depend on the observatory and the question."""

from typing import Any

import pytest

from apps.submissions.forms import BatchForm, ExtendedForm, ReferencesForm


@pytest.mark.parametrize(("observatory", "is_renamed"), [("hst", False), ("jwst", True), ("roman", True)])
def test_batch_renames_where_names_are_numbers(settings: Any, observatory: str, is_renamed: bool) -> None:
    settings.OBSERVATORY = observatory
    assert ("checked" in str(BatchForm()["auto_rename"])) is is_renamed
    assert "checked" in str(ExtendedForm()["auto_rename"])
    assert "checked" not in str(ReferencesForm()["auto_rename"])


def test_the_page_begins_as_the_description_does_but_for_compliance() -> None:
    form = ExtendedForm(initial={"instrument": "miri"})
    assert '<option value="miri" selected>' in str(form["instrument"])
    assert '<option value="No" selected>' in str(form["compliance_verified"])
    assert '<option value="N/A" selected>' in str(form["useafter_matches"])
    assert '<option value="False" selected>' in str(form["replacement_files"])
    assert str(form["replacement_files"]).index("Yes") < str(form["replacement_files"]).index("No")


def test_all_questions_but_the_shared_ones_stand_under_a_heading() -> None:
    sections = dict(ExtendedForm().sections)
    assert list(sections) == [
        "People and files",
        "What you have checked",
        "Use of the files",
        "Replaced files",
        "Details",
    ]
    assert sum(map(len, sections.values())) == 23


def test_the_creator_is_asked_of_those_who_see_the_field() -> None:
    assert BatchForm().fields["creator"].required
    assert BatchForm({"creator": ""}).fields["creator"].required
    assert not BatchForm({"description": "x"}).fields["creator"].required

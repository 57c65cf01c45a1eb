"""The addresses that people, clients and links know lead somewhere, with and without a slash at the end."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

OPEN = (
    "/",
    "/login/",
    "/lock_status/homer@example.org/",
    "/display_build_contexts/",
    "/display_context_history/",
    "/display_all_contexts/",
    "/difference_files/",
    "/browse_db/",
    "/recent_activity/",
    "/bestrefs/",
    "/bestrefs_explore/",
    "/server_versions/",
    "/docs/cmdline_bestrefs/",
    "/docs/glossary/",
    "/static/users_guide/index.html",
    "/submission_form/redcat_description.yml",
    "/search/",
    "/json/browse/",
)
# These pages require a login.
PRIVATE = (
    "/upload/",
    "/upload/chunked/",
    "/upload/list/",
    "/certify/",
    "/batch_submit_references/",
    "/submission_form/redcat_submit/",
    "/submit/reference/",
    "/submit/mapping/",
    "/add_references/",
    "/delete_references/",
    "/mark_files_bad/",
    "/set_context/",
    "/submission_history/",
    "/delivery_status/",
    "/server_workflow/",
    "/locks/",
    "/accounts/tokens/",
    "/jpoll/open_channel/",
)
# Nothing exists at these addresses; the answer is a page in the usual frame.
UNKNOWN = (
    "/context_table/jwst_0042.pmap",
    "/browse/jwst_0042.pmap",
    "/display_result/00000000-0000-0000-0000-000000000000",
    "/bestrefs_explore/jwst_0042.pmap/miri/",
    "/difference/?file1=jwst_0041.pmap&file2=jwst_0042.pmap",
)


def both(path: str) -> tuple[str, str]:
    return path, (path.rstrip("/") or "/") if path.endswith("/") else path


@pytest.mark.parametrize("path", OPEN)
def test_everybody_may_see_these_pages(client: Client, path: str) -> None:
    for spelling in both(path):
        assert client.get(spelling).status_code == 200, spelling


@pytest.mark.parametrize("path", PRIVATE)
def test_only_people_with_an_account_may_see_these_pages(client: Client, path: str) -> None:
    for spelling in both(path):
        answer = client.get(spelling)
        assert answer.status_code in (302, 401), spelling
        if answer.status_code == 302:
            assert answer["Location"].startswith("/login/?next="), spelling


@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown_things_get_a_page_in_the_usual_frame(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert '<header class="sky">' in answer.text

"""The page of one file: its record, its panes, and what hostile files become."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from apps.catalog import audit, storage
from apps.catalog.models import File
from apps.catalog.similar_names import nearest_names
from apps.catalog.states import FileState
from apps.certify.constraints import constraints_of
from apps.contexts.mapping_uses import uses_of
from apps.submissions.models import Submission
from apps.web.file_pages import mapping_text
from apps.web.file_pages.mapping_text import linked
from tests.factories.accounts import logged_in, make_user, post
from tests.factories.catalog import make_file, make_pmap, make_rmap
from tests.factories.contexts import make_change, make_whole_context
from tests.factories.submissions import RMAP, make_listing_submission

pytestmark = pytest.mark.django_db

DARK = "jwst_miri_dark_0001.fits"
BAD = "<script>alert(1)</script>"


def text(client: Client, name: str, status: int = 200, **query: str) -> str:
    answer = client.get(f"/browse/{name}", query)
    assert answer.status_code == status
    return html.unescape(answer.content.decode())


def first_table(page: str) -> dict[str, str]:
    """Read the first table as a script would: rows of two cells."""
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", page.split("<table")[1].split("</table>")[0], re.DOTALL):
        label, value = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        value = re.sub(r"<button.*?</button>", "", value, flags=re.DOTALL)
        found[label] = re.sub("<[^>]*>", "", value).strip()
    return found


def pane(page: str, id: str) -> str:
    return page.split(f'<details id="{id}"')[1].split("<details id=")[0]


def make_dark(**fields: Any) -> File:
    facts = {
        "instrument": "miri",
        "filekind": "dark",
        "size": 135360,
        "delivered_at": datetime(2026, 1, 31, 9, tzinfo=UTC),
        "useafter_at": datetime(2015, 10, 1, tzinfo=UTC),
        "pedigree": "GROUND",
        "comment": "Darks of cycle 3",
        "description": "New darks",
        "creator": "Marge",
        "deliverer": "homer",
        "deliverer_email": "homer@example.org",
    }
    return make_file(DARK, **(facts | fields))


def test_scripts_find_the_record_of_a_reference_in_the_first_table(client: Client) -> None:
    file = make_dark()
    assert first_table(text(client, DARK)) == {
        "CRDS Name": DARK,
        "Uploaded Name": "none",
        "Sha1sum": file.sha1sum,
        "Size (bytes)": "135360 (132.2 KiB)",
        "Status": "delivered",
        "Reject Flag": "false",
        "Replaced By File Name": "none",
        "Reason for Delivery": "New darks",
        "Submit Description": "New darks",
        "Derived From": "none",
        "Change Level": "SEVERE",
        "Delivery Date": "2026-01-31 09:00:00",
        "Activation Date": "N/A",
        "Instrument": "miri",
        "Reference Type": "dark",
        "Useafter Date": "2015-10-01 00:00:00",
        "Pedigree": "GROUND",
        "Aperture": "none",
        "Comment": "Darks of cycle 3",
        "Descrip": "Darks of cycle 3",
        "History": "none",
        "Author/Creator": "Marge",
        "Deliverer": "homer",
    }


def test_addresses_of_people_are_for_people_inside(client: Client) -> None:
    make_dark(comment="Ask marge@example.org")
    page = text(client, DARK)
    assert "example.org" not in page
    client.force_login(make_user(email="lisa@example.net"))
    record = first_table(text(client, DARK))
    assert record["Deliverer E-mail"] == "homer@example.org"
    assert record["Comment"] == "Ask marge@example.org"


def test_the_page_of_a_context_leads_to_its_table_and_links_its_text(client: Client) -> None:
    pmap = make_whole_context()
    page = text(client, f"{pmap}/")
    assert f'href="/context_table/{pmap}"' in page
    assert f'href="/unchecked_get/mappings/jwst/{pmap}"' in page
    assert "'MIRI': '<a href=\"/browse/jwst_miri_0001.imap\">jwst_miri_0001.imap</a>'" in page
    assert first_table(page)["Blacklist Flag"] == "false"
    assert "Lookup Patterns" not in page


def test_a_bad_file_is_told_to_be_bad_wherever_its_state_stands(client: Client) -> None:
    make_file("jwst_0001.pmap", blacklisted=True, replaced_by="jwst_0002.pmap")
    page = text(client, "jwst_0001.pmap")
    record = first_table(page)
    assert (record["Status"], record["Reject Flag"], record["Blacklist Flag"]) == ("bad", "false", "true")
    assert 'This file is marked <a class="term"' in page
    assert 'It was replaced by <a class="file" href="/browse/jwst_0002.pmap">' in page


def test_what_uses_a_file_is_listed_directly_and_through_others(client: Client) -> None:
    make_whole_context(1)
    make_whole_context(3)
    uses = uses_of(File.objects.get(name=DARK))
    assert uses.direct == ("jwst_miri_dark_0001.rmap",)
    assert sorted(uses.indirect) == ["jwst_0001.pmap", "jwst_miri_0001.imap"]
    shown = pane(text(client, DARK), "used-by")
    assert re.findall(r'href="/browse/([^"]*)"', shown) == [
        "jwst_miri_dark_0001.rmap",
        "jwst_miri_0001.imap",
        "jwst_0001.pmap",
    ]
    assert uses_of(File.objects.get(name="jwst_miri_0003.imap")).direct == ("jwst_0003.pmap",)


def test_users_are_listed_newest_first() -> None:
    names = ["jwst_miri_dark_0001.rmap", "jwst_miri_dark_0003.rmap", "jwst_miri_dark_0002.rmap"]
    file = make_file(DARK, content=b"x", instrument="miri")
    for day, name in enumerate(names, 1):
        text = make_rmap(name, references=[DARK]).encode()
        make_file(name, content=text, delivered_at=datetime(2026, 1, day, tzinfo=UTC))
    assert uses_of(file).direct == tuple(reversed(names))


def test_a_mapping_that_only_mentions_a_file_does_not_use_it() -> None:
    file = make_file(DARK, content=b"x")
    longer = make_rmap("jwst_miri_dark_0001.rmap", references=[f"old_{DARK}"])
    make_file("jwst_miri_dark_0001.rmap", content=longer.encode())
    header = make_rmap("jwst_miri_dark_0002.rmap", references=["jwst_miri_dark_0009.fits"])
    header = header.replace("header = {", f"header = {{\n    'comment': '{DARK}',")
    make_file("jwst_miri_dark_0002.rmap", content=header.encode())
    assert uses_of(file).direct == ()


def test_new_users_of_a_mapping_are_known_at_once() -> None:
    make_whole_context(1)
    imap = File.objects.get(name="jwst_miri_0001.imap")
    assert uses_of(imap).direct == ("jwst_0001.pmap",)
    make_file("jwst_0002.pmap", content=make_pmap("jwst_0002.pmap").encode())
    assert set(uses_of(imap).direct) == {"jwst_0001.pmap", "jwst_0002.pmap"}


def test_an_orphan_is_used_by_none(client: Client) -> None:
    make_dark()
    assert "<p>No file uses it.</p>" in pane(text(client, DARK), "used-by")


def test_the_match_paths_of_the_contexts_in_use_are_shown(client: Client) -> None:
    for number, pointer in ((1, "latest"), (3, "edit")):
        make_change(make_whole_context(number), pointer=pointer)
    shown = pane(text(client, DARK), "lookup-patterns")
    latest, edit = shown.split("<h3>")[1:]
    assert 'Latest: <a class="file" href="/context_table/jwst_0001.pmap">' in latest
    assert "<td>DET0</td><td>2015-01-01 00:00:00</td>" in latest
    assert '<th scope="col">DETECTOR</th>' in latest
    assert "No rule of this context leads to it." in edit


def test_one_context_that_is_latest_and_edit_is_shown_once(client: Client) -> None:
    pmap = make_whole_context()
    make_change(pmap, pointer="latest")
    make_change(pmap, pointer="edit")
    shown = pane(text(client, DARK), "lookup-patterns")
    assert shown.count("<h3>") == 1
    assert "Latest and edit: " in shown


def test_a_context_that_cannot_be_read_costs_its_pane_only(client: Client) -> None:
    make_whole_context()
    make_change("jwst_0009.pmap", pointer="latest")
    page = text(client, DARK)
    assert "'jwst_0009.pmap' is not known to this server" in pane(page, "lookup-patterns")
    assert "jwst_miri_dark_0001.rmap" in pane(page, "used-by")


def test_bytes_that_are_gone_cost_the_panes_that_need_them(client: Client) -> None:
    make_whole_context()
    storage.path_of("jwst_miri_0001.imap").unlink()
    storage.path_of("jwst_miri_dark_0001.rmap").unlink()
    page = text(client, "jwst_miri_0001.imap")
    assert "jwst_miri_0001.imap is missing from the store" in page
    assert "/unchecked_get/" not in page
    assert "jwst_0001.pmap" in pane(page, "used-by")
    assert "jwst_miri_dark_0001.rmap" in pane(text(client, DARK), "used-by")


def test_past_actions_are_those_of_the_file(client: Client) -> None:
    audit.file_changed(make_dark(), action="mark bad", user="homer", why="Stray light")
    audit.file_changed(make_file("jwst_miri_dark_0002.fits"), action="mark bad", user="homer", why="Other")
    shown = pane(text(client, DARK), "past-actions")
    assert ">Stray light</td>" in shown
    assert "Other" not in shown
    assert "actions_sort=date#past-actions" in shown
    answer = client.get(f"/browse/{DARK}", {"actions_format": "csv"})
    assert b"Stray light" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_constraint_files_stand_verbatim_from_general_to_special(client: Client) -> None:
    make_dark()
    shown = pane(text(client, DARK), "constraints")
    names = re.findall("From TPN: (.*)</h3>", shown)
    assert names == ["all_all.tpn", "miri_all.tpn", "all_dark.tpn", "miri_dark.tpn"]
    assert all(one.text in shown for one in constraints_of("jwst", "miri", "dark"))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (("hst", "acs", "biasfile"), ["acs_bia.tpn"]),
        (("roman", "wfi", "pars-fluxstep"), ["all_pars.tpn"]),
        (("jwst", "", ""), []),
        (("jwst", "../../jwst", "x"), []),
    ],
)
def test_constraints_are_found_as_the_library_finds_them(
    where: tuple[str, str, str], expected: list[str]
) -> None:
    assert [one.name for one in constraints_of(*where)] == expected


def test_a_mapping_is_compared_with_what_it_was_made_of(client: Client) -> None:
    for number in (1, 2, 3):
        make_file(
            f"jwst_miri_dark_{number:04}.rmap",
            derived_from="jwst_miri_dark_0001.rmap" if number == 3 else "generated by hand",
            delivered_at=datetime(2026, 1, number, tzinfo=UTC),
        )
    make_file("jwst_miri_darkcurrent_0001.rmap")
    page = text(client, "jwst_miri_dark_0003.rmap")
    menu = page.split('name="file1">')[1].split("</select>")[0]
    assert re.findall(r"<option([^>]*)>([^<]*)<", menu) == [
        ("", "jwst_miri_dark_0002.rmap"),
        (" selected", "jwst_miri_dark_0001.rmap"),
    ]
    assert '<input type="hidden" name="file2" value="jwst_miri_dark_0003.rmap">' in page
    assert ">Successor <" in text(client, "jwst_miri_dark_0001.rmap").replace("Successor <a", ">Successor <a")
    assert "<option selected>jwst_miri_dark_0001.rmap" in text(client, "jwst_miri_dark_0002.rmap")


def test_a_long_mapping_is_shown_whole_when_asked_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping_text, "SHOWN", 100)
    pmap = make_whole_context()
    lines = storage.path_of(pmap).read_text().count("\n")
    short = pane(text(client, pmap), "contents")
    assert f"of {lines} lines" in short
    assert "jwst_miri_0001.imap" not in short
    whole = pane(text(client, pmap, contents="all"), "contents")
    assert "jwst_miri_0001.imap" in whole
    assert "These are the first" not in whole


def test_programs_get_the_page_as_json(client: Client) -> None:
    make_change(make_whole_context())
    for answer in (
        client.get(f"/browse/{DARK}", {"format": "json"}),
        client.get(f"/browse/{DARK}", headers={"accept": "application/json"}),
    ):
        page = answer.json()
        assert page["record"]["CRDS Name"] == DARK
        assert page["used_by"]["direct"] == ["jwst_miri_dark_0001.rmap"]
        assert page["lookups"][0]["paths"] == [{"DETECTOR": "DET0", "USEAFTER": "2015-01-01 00:00:00"}]


def test_an_unknown_name_is_answered_with_names_that_are_like_it(client: Client) -> None:
    make_dark()
    for name in ("jwst_miri_dark_0002.fits", "jwts_miri_dark_0001.fits", "jwst_miri_dark_0001.fit"):
        page = text(client, name, status=404)
        assert f"There is no file <code>{name}</code>" in page
        assert f'href="/browse/{DARK}"' in page
    assert "There is no file with a similar name." in text(client, "zzz", status=404)


@pytest.mark.parametrize(
    "name",
    [BAD, "a" * 3000, "%00", "..%2F..%2Fetc%2Fpasswd", "jwst_%", "'\"--", "\N{SNOWMAN}", "%F0%9F", "."],
)
def test_hostile_names_are_unknown_files(client: Client, name: str) -> None:
    make_dark()
    answer = client.get(f"/browse/{name}")
    assert answer.status_code in (301, 404)
    assert b"<script>alert" not in answer.content


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("jwst_0042.pmp", "jwst_0042.pmap"),
        ("JWST_0042.pmap", None),
        ("jwst_mriri_dark_0007.fits", "jwst_miri_dark_0007.fits"),
        ("jwst_miri_dark_0007.rmap", "jwst_miri_dark_0007.fits"),
        ("miri_dark_0007.fits", "jwst_miri_dark_0007.fits"),
        ("", None),
        ("_%_", None),
    ],
)
def test_names_that_somebody_may_have_meant_are_found(typed: str, meant: str | None) -> None:
    for number in range(60):
        make_file(f"jwst_{number:04}.pmap")
        make_file(f"jwst_miri_dark_{number:04}.fits")
    make_file("jwst_miri_dark_0070.fits", state=FileState.UPLOADED)
    found = nearest_names(typed)
    assert meant in found if meant else not found or typed.startswith("JWST")
    assert "jwst_miri_dark_0070.fits" not in found


def test_a_file_that_is_not_confirmed_is_for_people_inside(client: Client) -> None:
    submission = make_listing_submission()
    text(client, RMAP, status=404)
    client.force_login(make_user("marge"))
    page = text(client, RMAP)
    assert "Not yet confirmed." in page
    assert f'href="/display_result/{submission.key}"' in page
    assert first_table(page)["Status"] == "uploaded"
    assert "jwst_miri_dark_0002.fits</a>'" in page


def test_a_row_that_is_not_official_has_no_page(client: Client) -> None:
    make_dark(state=FileState.UPLOADED)
    text(client, DARK, status=404)
    client.force_login(make_user())
    text(client, DARK, status=404)


def test_the_text_of_a_hostile_mapping_is_text(client: Client) -> None:
    rmap = make_rmap("jwst_miri_dark_0001.rmap").replace("Match(", f"# '{BAD}.rmap' \"{BAD}\"\nMatch(")
    make_file("jwst_miri_dark_0001.rmap", content=rmap.encode())
    fields = dict.fromkeys(("description", "comment", "history", "pedigree", "derived_from", "creator"), BAD)
    make_dark(**fields, replaced_by=BAD)
    for name in ("jwst_miri_dark_0001.rmap", DARK):
        assert b"<script>alert" not in client.get(f"/browse/{name}").content


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("'a<b>.fits'", "&#x27;a&lt;b&gt;.fits&#x27;"),
        ("'javascript:x.fits'", "&#x27;javascript:x.fits&#x27;"),
        ("a.fits", "a.fits"),
        ('"a.r0h"', '&quot;<a href="/browse/a.r0h">a.r0h</a>&quot;'),
        ("'\N{SNOWMAN}.fits'", "&#x27;\N{SNOWMAN}.fits&#x27;"),
    ],
)
def test_only_quoted_names_of_files_become_links(said: str, shown: str) -> None:
    assert linked(said) == shown


def test_a_page_takes_few_queries(client: Client, django_assert_max_num_queries: Callable[..., Any]) -> None:
    for number in range(1, 30, 2):
        make_change(make_whole_context(number), pointer="latest")
    for name in (DARK, "jwst_0001.pmap", "jwst_miri_dark_0029.rmap"):
        client.get(f"/browse/{name}")
        with django_assert_max_num_queries(18):
            client.get(f"/browse/{name}")


def test_an_unknown_name_takes_six_queries(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    client.get("/browse/jwst_miri_dark_0001.fits")  # The process remembers which text indexes there are.
    with django_assert_max_num_queries(6):
        client.get("/browse/jwst_miri_dark_0001.fits")


def test_the_address_may_end_in_a_slash(client: Client) -> None:
    make_dark()
    assert client.get(f"/browse/{DARK}/").status_code == 200
    assert client.post(f"/browse/{DARK}").status_code == 405


def make_checked_site() -> None:
    make_change(make_whole_context(), pointer="latest")


def test_people_inside_have_a_file_certified_once_more(client: Client) -> None:
    make_checked_site()
    address = f"/certify_file/{DARK}"
    assert f'action="{address}"' not in text(client, DARK)
    assert client.post(address).status_code == 401
    assert not Submission.objects.exists()
    browser = logged_in()
    assert f'action="{address}"' in browser.get(f"/browse/{DARK}").content.decode()
    answer = post(browser, address, form=f"/browse/{DARK}")
    run = Submission.objects.get()
    assert answer.url == f"/display_result/{run.key}"
    # Pressed again while it runs, the button leads to the same run.
    assert post(browser, address, form=f"/browse/{DARK}").url == answer.url
    assert "Started" in pane(text(client, DARK), "certify")
    run.files.update(errors=1, log=[["ERROR", f"Bad value {BAD}"]])
    shown = client.get(f"/browse/{DARK}").content.decode()
    assert '<span class="badge bad">ERRORS</span>' in shown
    assert "Bad value" in shown
    assert "<script>alert" not in shown


def test_what_cannot_be_certified_is_told_on_the_page() -> None:
    make_checked_site()
    make_file("jwst_miri_dark_0007.fits")
    browser = logged_in()
    answer = post(browser, "/certify_file/jwst_miri_dark_0007.fits", form=f"/browse/{DARK}")
    assert answer.status_code == 200
    told = "This server does not hold these files: jwst_miri_dark_0007.fits."
    assert f'tabindex="-1" autofocus>{told}</div>' in answer.content.decode()
    assert post(browser, "/certify_file/nosuch.fits", form=f"/browse/{DARK}").status_code == 404


def test_the_address_without_a_name_leads_to_the_catalogue(client: Client) -> None:
    assert client.get("/browse/").headers["location"] == "/browse_db/"

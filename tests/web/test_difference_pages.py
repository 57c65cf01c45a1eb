"""Pages of the differences between two contexts, mappings or references, and who may see them."""

import csv
import io
import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.web.difference_pages import difference_page, mapping_differences, upload_handler
from tests.factories.accounts import logged_in
from tests.factories.accounts import post as post_form
from tests.factories.catalog import make_file, make_rmap, signed
from tests.factories.contexts import make_change, make_context, make_whole_context
from tests.factories.sites import make_content, make_rmap_text, with_keywords

pytestmark = pytest.mark.django_db

PATH = "/difference/"
FORM = "/difference_files/"
FIRST, SECOND = "jwst_miri_dark_0001.rmap", "jwst_miri_dark_0002.rmap"


def make_rmaps(first: int = 1, second: int = 2) -> None:
    """Store two rmaps of so many cases."""
    for name, count in ((FIRST, first), (SECOND, second)):
        references = [f"jwst_miri_dark_{number:04}.fits" for number in range(1, count + 1)]
        make_file(name, content=make_rmap(name, references=references).encode())


def get(client: Client, old: str, new: str, *, status: int = 200, **query: str) -> str:
    answer = client.get(PATH, {"file1": old, "file2": new, **query})
    assert answer.status_code == status, answer.text
    return answer.text


def error_of(text: str) -> str:
    found = re.search(r'<div id="error_message"[^>]*>([^<]*)</div>', text)
    return found[1] if found else ""


def table_of(client: Client, old: str, new: str, **query: str) -> dict[str, Any]:
    answer = client.get(PATH, {"file1": old, "file2": new, "format": "json", **query})
    found: dict[str, Any] = json.loads(answer.getvalue())
    return found


def test_two_rmaps_are_compared_by_rules_and_by_lines(client: Client) -> None:
    make_rmaps()
    text = get(client, FIRST, SECOND)
    assert f"Difference {FIRST} against {SECOND}" in text
    assert f"Logical Diff (&#x27;{FIRST}&#x27;, &#x27;{SECOND}&#x27;)" in text
    assert f"Text Diff (&#x27;{FIRST}&#x27;, &#x27;{SECOND}&#x27;)" in text
    assert (
        "added Match rule for &#x27;"
        '<a href="/browse/jwst_miri_dark_0002.fits">jwst_miri_dark_0002.fits</a>&#x27;' in text
    )
    for head in ("META.INSTRUMENT.DETECTOR", "META.OBSERVATION.DATE", "META.OBSERVATION.TIME", "DIFFERENCE"):
        assert f">{head}</a></th>" in text
    assert "jwst_miri_dark_<del>0001</del>.rmap" in text
    assert "jwst_miri_dark_<ins>0002</ins>.rmap" in text
    assert '<tbody id="at-' in text
    assert 'href="#at-' in text
    assert not error_of(text)


def test_the_order_is_as_requested_and_can_be_swapped(client: Client) -> None:
    make_rmaps()
    text = get(client, SECOND, FIRST)
    assert "deleted Match rule for" in text
    assert f'href="/difference/?file1={FIRST}&amp;file2={SECOND}">Swap' in text


def test_lines_stand_side_by_side_by_a_link(client: Client) -> None:
    make_rmaps()
    address = f"/difference/?file1={FIRST}&amp;file2={SECOND}&amp;view=side"
    assert f'href="{address}"' in get(client, FIRST, SECOND)
    text = get(client, FIRST, SECOND, view="side")
    assert '<table class="diff-table side">' in text
    assert re.search(r'<td>\d+<td class="removed"><b>-</b>.*<td>\d+<td class="added"><b>\+</b>', text)
    # The choice is kept by what else leads from there.
    assert f'file1={SECOND}&amp;file2={FIRST}&amp;view=side">Swap' in text
    assert '<input type="hidden" name="view" value="side">' in text


def test_more_lines_are_shown_around_a_change_by_a_link(client: Client) -> None:
    make_rmaps(30, 31)
    few, many = get(client, FIRST, SECOND), get(client, FIRST, SECOND, lines="25")
    assert few.count("<tr><td>") < many.count("<tr><td>")
    assert re.search(r"\d+ equal lines before", few)


def test_contexts_have_a_panel_for_each_changed_mapping_top_down(client: Client) -> None:
    old, new = make_whole_context(1), make_whole_context(3)
    text = get(client, old, new)
    titles = re.findall(r"<summary><h2>(.*?)</h2>", text)
    assert titles == [
        "jwst_0001.pmap --&gt; jwst_0003.pmap",
        "jwst_miri_0001.imap --&gt; jwst_miri_0003.imap",
        "jwst_miri_dark_0001.rmap --&gt; jwst_miri_dark_0003.rmap",
    ]
    assert "Logical Diff (&#x27;jwst_miri_0001.imap&#x27;, &#x27;jwst_miri_0003.imap&#x27;)" in text
    assert text.count('<span class="more">+') == 3
    assert '<a class="file" href="/browse/jwst_miri_dark_0003.rmap">' in text
    assert 'id="jwst_miri_dark_0003.rmap"' in text
    assert "only=pair" in text


def test_a_mapping_of_a_context_has_a_page_without_those_below(client: Client) -> None:
    old, new = make_whole_context(1), make_whole_context(3)
    text = get(client, old, new, only="pair")
    assert "<summary>" not in text
    assert "jwst_miri_0003.imap" in text
    assert "jwst_miri_dark_0003.rmap" not in text


def test_a_mapping_that_came_or_went_is_told(client: Client) -> None:
    make_whole_context(1)
    empty = "jwst_0009.pmap"
    texts = {empty: signed(make_context_text(empty))}
    make_context(empty, texts=texts)
    assert "nothing --&gt; jwst_miri_0001.imap" in get(client, empty, "jwst_0001.pmap")
    assert "jwst_miri_0001.imap --&gt; nothing" in get(client, "jwst_0001.pmap", empty)


def make_context_text(name: str) -> str:
    header = {"name": name, "observatory": "JWST", "mapping": "PIPELINE", "derived_from": "made by hand"}
    fields = "".join(f"    {key!r} : {value!r},\n" for key, value in header.items())
    return (
        f"header = {{\n{fields}    'parkey' : ('META.INSTRUMENT.NAME',),\n    'sha1sum' : '',\n}}\n"
        "selector = {\n    'MIRI' : 'N/A',\n}\n"
    )


def test_what_is_too_much_for_a_page_of_many_has_one_of_its_own(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = make_whole_context(1), make_whole_context(3)
    monkeypatch.setattr(mapping_differences, "LINES_OF_PANEL", 5)
    text = get(client, old, new)
    address = "/difference/?file1=jwst_miri_dark_0001.rmap&amp;file2=jwst_miri_dark_0003.rmap"
    assert f'<a href="{address}">Logical Diff and Text Diff on a page of their own</a>' in text
    assert "Logical Diff (&#x27;jwst_miri_dark_0001.rmap&#x27;" not in text


@pytest.mark.parametrize(("most", "is_shown"), [(4, True), (3, True), (2, False)])
def test_of_very_many_mappings_titles_and_links_are_shown(
    client: Client, monkeypatch: pytest.MonkeyPatch, most: int, is_shown: bool
) -> None:
    old, new = make_whole_context(1), make_whole_context(3)
    monkeypatch.setattr(mapping_differences, "PANELS_OF_PAGE", most)
    text = get(client, old, new)
    assert text.count("<summary><h2>") == 3
    assert ('<table class="diff-table' in text) is is_shown


def test_long_texts_and_tables_come_in_parts(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_rmaps(1, 80)
    monkeypatch.setattr(difference_page, "LINES_OF_PART", 100)
    whole = len(re.findall(r'<tr class="added">', get(client, FIRST, SECOND)))
    first, second = get(client, FIRST, SECOND), get(client, FIRST, SECOND, part="2")
    assert "Part 1 of 3 of a long text." in first
    assert "part=2#text" in first
    assert "Part 2 of 3 of a long text." in second
    assert whole <= 100
    # Each line is in one part only.
    numbers = [set(re.findall(r'<tr class="added"><td><td>(\d+)', text)) for text in (first, second)]
    assert not numbers[0] & numbers[1]
    assert "Part 3 of 3" in get(client, FIRST, SECOND, part="99")
    assert "Showing 1 to 50 of" in get(client, FIRST, SECOND, show="50")


def test_symbolic_names_and_dates_are_taken(client: Client) -> None:
    old, new = make_whole_context(1), make_whole_context(3)
    make_change(old)
    make_change(new, pointer="edit")
    for first, second in (
        ("jwst-latest", "jwst-edit"),
        ("2016-01-02", "jwst-edit"),
        ("jwst-operational", new),
    ):
        assert f"Difference {old} against {new}" in get(client, first, second)
    assert "jwst_miri_dark_0001.rmap against jwst_miri_dark_0003.rmap" in get(
        client, "jwst-miri-dark-latest", "jwst-miri-dark-edit"
    )


def test_differences_are_exported(client: Client) -> None:
    old, new = make_whole_context(1), make_whole_context(3)
    pair = table_of(client, FIRST, "jwst_miri_dark_0003.rmap")
    assert pair["columns"][-1] == "DIFFERENCE"
    assert any("replaced 'jwst_miri_dark_0001.fits' with" in row[-1] for row in pair["rows"])
    whole = table_of(client, old, new)
    assert {row[1] for row in whole["rows"]} == {new, "jwst_miri_0003.imap", "jwst_miri_dark_0003.rmap"}
    assert any(row[2].startswith("META.INSTRUMENT.DETECTOR=DET0; ") for row in whole["rows"])
    answer = client.get(PATH, {"file1": old, "file2": new, "format": "csv"})
    lines = list(csv.reader(io.StringIO(answer.getvalue().decode())))
    assert lines[0] == ["old", "new", "where", "DIFFERENCE"]
    assert len(lines) == len(whole["rows"]) + 1
    accepted = client.get(PATH, {"file1": old, "file2": new}, headers={"Accept": "application/json"})
    assert json.loads(accepted.getvalue()) == whole


def test_a_table_is_searched_by_what_people_read(client: Client) -> None:
    make_rmaps(1, 3)
    assert len(table_of(client, FIRST, SECOND, search="dark_0003.fits")["rows"]) == 1
    assert not table_of(client, FIRST, SECOND, search="href")["rows"]


def test_a_page_is_answered_with_few_queries(client: Client) -> None:
    old, new = make_whole_context(1), make_whole_context(3)
    make_rmaps_aside()
    counts = []
    for first, second in ((old, new), (old, new), ("jwst_miri_flat_0001.rmap", "jwst_miri_flat_0002.rmap")):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            get(client, first, second)
        counts.append(len(queries))
    assert counts[0] <= 10  # Each context is read for the first time.
    assert counts[1] == 3
    assert counts[2] == 2


def make_rmaps_aside() -> None:
    for number in (1, 2):
        name = f"jwst_miri_flat_{number:04}.rmap"
        make_file(name, content=make_rmap_text(name).encode())


def test_equal_files_are_said_to_be_so(client: Client) -> None:
    make_rmaps()
    text = get(client, FIRST, FIRST)
    assert "Both files have the same bytes." in text
    assert "No line differs." in text


@pytest.mark.parametrize(
    "name",
    ["jwst_miri_dark_0009.rmap", "nothing", "../../etc/passwd", "<b>", "é" * 300, "a\0b.fits", "x" * 10_000],
)
def test_an_unknown_file_is_a_404_with_suggestions(client: Client, name: str) -> None:
    make_rmaps()
    text = get(client, name, SECOND, status=404)
    assert "There is no file" in error_of(text)
    assert "<b>" not in error_of(text)
    if name.endswith("0009.rmap"):
        assert f'href="/difference/?file1={FIRST}&amp;file2={SECOND}"' in text
        assert f"Instead of <code>{SECOND}</code>" not in text
        # What was typed stays.
        assert f'value="{name}"' in text


def test_a_file_that_is_not_confirmed_is_unknown_to_strangers(client: Client) -> None:
    make_rmaps()
    name = "jwst_miri_dark_0003.rmap"
    make_file(name, content=make_rmap(name).encode(), state="uploaded")
    get(client, FIRST, name, status=404)
    get(logged_in(), FIRST, name)


def test_a_file_without_bytes_here_is_told(client: Client) -> None:
    make_rmaps()
    make_file("jwst_miri_dark_0007.rmap")
    assert "does not hold its bytes" in error_of(get(client, FIRST, "jwst_miri_dark_0007.rmap"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (FIRST, "jwst_miri_dark_0001.fits", "one of them is a mapping and the other is a reference"),
        (FIRST, "jwst_0001.pmap", "both must be of one level"),
        ("jwst_miri_dark_0001.fits", "jwst_miri_dark_0002.asdf", "their formats differ"),
        ("x1u1459jo_ccd.r0d", "x1u1459jp_ccd.r0d", "Files ending in .r0d cannot be compared here"),
    ],
)
def test_files_of_different_kinds_are_refused_with_the_reason(
    client: Client, old: str, new: str, reason: str
) -> None:
    for name in (old, new):
        make_file(name, content=name.encode())
    text = get(client, old, new)
    assert reason in error_of(text)


def test_a_mapping_that_cannot_be_read_still_has_its_lines(client: Client) -> None:
    make_rmaps()
    make_file("jwst_miri_dark_0003.rmap", content=b"selector = __import__('os')\n<script>\n")
    text = get(client, FIRST, "jwst_miri_dark_0003.rmap")
    assert "notice warn" in text
    assert "&lt;script&gt;" in text
    assert "<script>" not in text.partition("<main")[2]


def test_strange_choices_in_an_address_are_left_out(client: Client) -> None:
    make_rmaps()
    for query in (
        {"part": "-1"},
        {"part": "٣"},
        {"part": "9" * 40},
        {"view": "x"},
        {"lines": "1e9"},
        {"sort": "\0"},
    ):
        assert "Logical Diff" in get(client, FIRST, SECOND, **query)


def test_without_two_files_the_form_is_shown(client: Client) -> None:
    answer = client.get(PATH, {"file1": FIRST})
    assert (answer.status_code, answer["Location"]) == (302, f"{FORM}?file1={FIRST}")
    text = client.get(answer["Location"]).text
    assert f'value="{FIRST}"' in text


# References


def test_fits_files_differ_by_header_and_data(client: Client) -> None:
    content = make_content()
    make_file("jwst_miri_flat_0001.fits", content=content)
    changed = with_keywords(content, AUTHOR="<i>Somebody</i>", PEDIGREE=None)
    make_file("jwst_miri_flat_0002.fits", content=changed)
    text = get(client, "jwst_miri_flat_0001.fits", "jwst_miri_flat_0002.fits")
    assert "Extension 0 (PRIMARY): header" in text
    assert "&lt;i&gt;Somebody&lt;/i&gt;" in text
    rows = table_of(
        client, "jwst_miri_flat_0001.fits", "jwst_miri_flat_0002.fits", part1_format="json", format=""
    )["rows"]
    assert ["AUTHOR", "value replaced"] in [row[:2] for row in rows]
    assert ["PEDIGREE", "deleted"] in [row[:2] for row in rows]


def test_trees_differ_by_path_and_text_files_by_line(client: Client) -> None:
    make_file("jwst_miri_pars_0001.json", content=b'{"a": {"b": [1, 2]}, "gone": true}\n')
    make_file("jwst_miri_pars_0002.json", content=b'{"a": {"b": [1, 3]}, "<u>": ""}\n')
    text = get(client, "jwst_miri_pars_0001.json", "jwst_miri_pars_0002.json")
    assert '<td>a.b[1]</td><td class="moment">replaced</td><td>2</td><td>3</td>' in text.replace("\n", "")
    assert '<td>&lt;u&gt;</td><td class="moment">added</td>' in text
    assert "Text Diff" in text


def test_references_that_cannot_be_read_are_told(client: Client) -> None:
    for number in (1, 2):
        make_file(f"jwst_miri_dark_000{number}.fits", content=b"no FITS %d" % number)
    text = get(client, "jwst_miri_dark_0001.fits", "jwst_miri_dark_0002.fits")
    assert "cannot be read as FITS" in error_of(text)


# The form


def test_the_form_is_open_and_gives_the_token(client: Client) -> None:
    for spelling in (FORM, FORM.rstrip("/")):
        answer = client.get(spelling)
        assert answer.status_code == 200
        assert answer.cookies["csrftoken"].value
        assert "Log in</a> to compare files of your own" in answer.text
        assert not error_of(answer.text)


def test_two_known_files_lead_to_the_address_of_their_difference(client: Client) -> None:
    make_rmaps()
    answer = post_form(client, FORM, file1=FIRST, file2=SECOND, source1="known", source2="known")
    assert (answer.status_code, answer["Location"]) == (303, f"/difference/?file1={FIRST}&file2={SECOND}")


def test_what_is_wrong_with_the_form_is_told_in_one_place(client: Client) -> None:
    make_rmaps()
    text = post_form(client, FORM, file1="", file2="nothing").text
    assert "Name a file that CRDS knows." in error_of(text)
    assert "There is no file" in error_of(post_form(client, FORM, file1=FIRST, file2="nothing").text)


def test_the_form_asks_for_its_token() -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(FORM, {"file1": FIRST, "file2": SECOND}).status_code == 403


def compare_upload(browser: Client, content: bytes, *, name: str = SECOND, **values: str) -> str:
    upload = SimpleUploadedFile(name, content)
    values = {"source1": "known", "file1": FIRST, "source2": "uploaded"} | values
    answer = post_form(browser, FORM, **values, upload2=upload)
    assert answer.status_code == 200, answer
    text: str = answer.text
    return text


def test_an_uploaded_mapping_is_compared_and_gone(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_rmaps()
    folder = data_root / "temporary"
    folder.mkdir()
    monkeypatch.setattr("django.conf.settings.FILE_UPLOAD_TEMP_DIR", str(folder), raising=False)
    content = make_rmap(FIRST, references=["jwst_miri_dark_0001.fits", "jwst_miri_dark_0005.fits"]).encode()
    text = compare_upload(logged_in(), content, name=FIRST)
    assert f"Difference {FIRST} against {FIRST} (uploaded)" in re.sub(r"</?span[^>]*>", "", text)
    assert "jwst_miri_dark_0005.fits" in text
    assert "Swap" not in text
    assert not list(folder.iterdir())


def test_an_uploaded_context_is_compared_with_all_it_leads_to() -> None:
    old, new = make_whole_context(1), make_whole_context(3)
    from apps.catalog import storage

    content = storage.path_of(new).read_bytes()
    text = compare_upload(logged_in(), content, name="jwst_mine.pmap", file1=old)
    assert "jwst_0001.pmap --&gt; jwst_mine.pmap" in text
    assert "jwst_miri_dark_0001.rmap --&gt; jwst_miri_dark_0003.rmap" in text


def test_code_in_an_uploaded_mapping_is_not_run(tmp_path: Path) -> None:
    make_rmaps()
    trap = tmp_path / "trap"
    text = compare_upload(logged_in(), f"header = open({str(trap)!r}, 'w')\nselector = {{}}\n".encode())
    assert "notice warn" in text
    assert not trap.exists()


def test_strangers_upload_nothing(client: Client) -> None:
    make_rmaps()
    text = compare_upload(client, make_rmap(SECOND).encode())
    assert error_of(text) == "Log in to compare files of your own."


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"file2": FIRST}, "Name a known file or upload one, not both."),
        ({"source2": "known", "file2": FIRST}, "Name a known file or upload one, not both."),
        ({"source2": "nowhere"}, "nowhere is not one of the available choices"),
    ],
)
def test_each_file_is_known_or_uploaded_and_not_both(values: dict[str, str], reason: str) -> None:
    make_rmaps()
    assert reason in error_of(compare_upload(logged_in(), b"x", **values))


def test_an_upload_of_another_format_is_refused() -> None:
    make_rmaps()
    text = compare_upload(logged_in(), b"SIMPLE", name="mine.fits")
    assert "one of them is a mapping and the other is a reference" in error_of(text)


@pytest.mark.parametrize(("more", "is_taken"), [(-1, True), (0, True), (1, False)])
def test_uploads_are_taken_up_to_a_limit(monkeypatch: pytest.MonkeyPatch, more: int, is_taken: bool) -> None:
    make_rmaps()
    content = make_rmap(SECOND).encode()
    monkeypatch.setattr(upload_handler, "MOST_BYTES", len(content) - more)
    text = compare_upload(logged_in(), content)
    assert ("too big to be compared here" not in error_of(text)) is is_taken
    assert ("Logical Diff" in text) is is_taken


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b"header = {}\nselector = {'a': [" + b"[]," * 600_000 + b"]}\n",
            "brackets, commas and colons; a mapping has at most 100000",
        ),
        (b"\n" * 100_001, "has 100,001 lines"),
        (b"#" * (2 << 20) + b"\n", "has 2,097,153 bytes"),
    ],
    ids=["nodes", "lines", "bytes"],
)
def test_an_uploaded_mapping_of_a_hostile_shape_is_refused_at_little_cost(content: bytes, words: str) -> None:
    make_rmaps()
    browser = logged_in()
    tracemalloc.start()
    try:
        text = compare_upload(browser, content)
        peak = tracemalloc.get_traced_memory()[1]
        assert peak < 12 * len(content) + (4 << 20)
    finally:
        tracemalloc.stop()
    assert words in text


def test_two_uploaded_files_are_compared() -> None:
    browser = logged_in()
    one, other = (SimpleUploadedFile(f"{name}.json", b'{"a": "%s"}' % name.encode()) for name in "xy")
    answer = post_form(browser, FORM, source1="uploaded", source2="uploaded", upload1=one, upload2=other)
    assert "<td>a</td><td>replaced</td>" in answer.text


def test_uploaded_references_are_compared() -> None:
    make_file("jwst_miri_pars_0001.yaml", content=b"a: 1\n")
    text = compare_upload(logged_in(), b"b: 1\n", name="mine.yaml", file1="jwst_miri_pars_0001.yaml")
    assert "<td>a</td><td>deleted</td>" in text

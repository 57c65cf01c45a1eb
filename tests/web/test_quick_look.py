"""The inside of a reference on its page, its pictures, and asking for it."""

import html
import re
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from django.test import Client

from apps.catalog import quick_looks
from apps.catalog.models import File
from apps.catalog.quick_looks import stored
from apps.certify.quick_looks.values import VERSION
from apps.jobs.models import Job
from apps.web.file_pages import quick_look as pages
from apps.web.file_pages.quick_look import look_of
from tests.factories.accounts import make_user
from tests.factories.catalog import make_file
from tests.factories.quick_looks import fits_bytes, make_look, make_reference, work

pytestmark = pytest.mark.django_db

MARKUP = "<script>alert(1)</script>"


def page_of(client: Client, file: File, **sent: str) -> str:
    answer = client.get(f"/browse/{file.name}", sent)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_page_asks_for_the_look_and_then_shows_it(client: Client) -> None:
    file = make_reference()
    before = page_of(client, file)
    assert "The server is reading this file" in before
    assert f'data-ask="/looks/of/{file.name}"' in before
    assert Job.objects.filter(kind="look").count() == 1
    work()
    shown = page_of(client, file)
    assert "data-ask" not in shown
    assert "HDU 1 SCI" in shown
    assert f'src="/looks/{file.sha1sum}/part1-linear.webp?v={VERSION}"' in shown
    assert "<dt>Minimum</dt><dd>0</dd>" in shown
    assert "<dt>Mean</dt><dd>0.125</dd>" in shown
    assert "<dt>Median</dt><dd>0</dd>" in shown
    assert 'aria-label="Histogram of the values from 0 to 1' in shown


def test_text_of_the_file_never_becomes_markup(client: Client) -> None:
    table = fits.BinTableHDU(np.array([(MARKUP.encode(),)], [("NAME", "S40")]), name=MARKUP)
    table.header["TUNIT1"] = "<b>unit"
    file = make_look(make_reference(content=fits_bytes(table, FILTER=MARKUP)))
    shown = page_of(client, file)
    assert MARKUP.lower() not in shown.lower()
    assert shown.count(html.escape(MARKUP)) == 2
    assert shown.count(html.escape(MARKUP.upper())) >= 2  # The name of the HDU.
    assert html.escape("<b>unit") in shown
    text = make_look(make_file("jwst_miri_cal_0001.json", content=f'["{MARKUP}"]'.encode()))
    assert html.escape(MARKUP) in page_of(client, text)


def test_a_filter_leaves_the_cards_that_have_it(client: Client) -> None:
    file = make_look(make_reference(content=fits_bytes(FILTER="F560W", OTHER="mine_alone")))
    shown = page_of(client, file, card="f560", actions_page="1")
    assert "F560W" in shown
    assert "mine_alone" not in shown
    assert "1 card with “f560”" in shown
    assert '<input type="hidden" name="actions_page" value="1">' in shown
    nothing = page_of(client, file, card=MARKUP)
    assert MARKUP not in nothing
    assert "0 cards with" in nothing


def test_headers_beyond_what_a_page_carries_have_a_page_of_their_own(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "CARDS_SHOWN", 12)
    monkeypatch.setattr(pages, "PANES_SHOWN", 3)
    extensions = [fits.ImageHDU(np.eye(4, dtype=">f4"), name=f"E{number}") for number in range(1, 5)]
    for extension in extensions:
        extension.header["MARK"] = extension.name.lower()
    file = make_look(make_reference(content=fits_bytes(*extensions)))
    shown = page_of(client, file)
    assert re.findall(r'<details id="(part-\d)"', shown) == ["part-0", "part-1", "part-2"]
    assert '<td class="code">e1</td>' not in shown
    assert 'href="?part=1#part-1">Show the header, 9 cards' in shown
    assert 'href="?part=4#part-4">E4</a>' in shown
    alone = page_of(client, file, part="4")
    assert '<td class="code">e4</td>' in alone
    assert '<details id="part-4" class="part" open>' in alone
    assert '<td class="code">e3</td>' in page_of(client, file, card="e3")


def test_a_table_shows_columns_and_first_rows(client: Client) -> None:
    rows = np.zeros(7, [("WAVE", ">f8"), ("NAME", "S4")])
    rows["WAVE"] = np.arange(7) + 0.5
    table = fits.BinTableHDU(rows, name="T")
    table.columns["WAVE"].unit = "nm"
    shown = page_of(client, make_look(make_reference(content=fits_bytes(table))))
    assert "7 rows, 2 columns" in shown
    assert '<th scope="row">WAVE</th><td class="code">D</td><td>nm</td><td class="code">0.5</td>' in shown
    assert '<th scope="col">Row 5</th></tr>' in shown


def test_the_tree_of_an_asdf_file_leads_to_its_arrays(client: Client) -> None:
    text = (
        "#ASDF 1.0.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n"
        f"roman:\n  meta: {{filter: '{MARKUP}'}}\n"
        "  data: !core/ndarray-1.0.0\n    data: [[1, 2], [3, 4]]\n"
        "    datatype: int32\n    shape: [2, 2]\n...\n"
    )
    file = make_look(make_file("jwst_miri_distortion_0001.asdf", content=text.encode()))
    shown = page_of(client, file)
    assert '<span class="key">data</span> <a href="#part-0">array, 2 by 2, int32</a>' in shown
    assert '<details id="part-0" class="part" open>' in shown
    assert f'<span class="leaf">{html.escape(MARKUP)}</span>' in shown
    assert shown.count("<details") == shown.count("</details>")
    assert shown.count("<ul>") == shown.count("</ul>") - shown.count('<ul class="')


def test_a_failure_is_told_and_tried_again_for_people_we_know(client: Client) -> None:
    file = make_look(make_reference(content=b"<b>nothing"))
    shown = page_of(client, file)
    assert "could not read this file" in shown
    assert "b&#x27;&lt;b&gt;nothing" in shown
    assert "Try again" not in shown
    assert client.post(f"/looks/of/{file.name}").status_code == 303
    assert Job.objects.filter(status="queued").count() == 0
    client.force_login(make_user())
    assert "Try again" in page_of(client, file)
    answer = client.post(f"/looks/of/{file.name}")
    assert (answer.status_code, answer["Location"]) == (303, f"/browse/{file.name}#contents")
    assert Job.objects.filter(status="queued").count() == 1


def test_where_too_many_wait_a_form_asks_later(settings: Any) -> None:
    settings.LOOKS_WAITING = 1
    make_reference("jwst_miri_dark_0002.fits", content=fits_bytes(N="2"))
    client = Client(enforce_csrf_checks=True)
    page_of(client, File.objects.get())
    file = make_reference()
    shown = page_of(client, file)
    assert "The server is busy with other files" in shown
    assert client.post(f"/looks/of/{file.name}").status_code == 403
    work()
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', shown)[0]
    assert client.post(f"/looks/of/{file.name}", {"csrfmiddlewaretoken": token}).status_code == 303
    assert quick_looks.state_of(file).status == "waiting"


def test_a_file_that_is_not_held_says_so(client: Client) -> None:
    assert "does not hold this file" in page_of(client, make_file())


def test_pictures_are_for_ever_and_nothing_else_is_served(client: Client) -> None:
    file = make_look()
    answer = client.get(f"/looks/{file.sha1sum}/part1-asinh.webp?v=1")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert b"".join(answer)[8:12] == b"WEBP"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    told = client.get(f"/looks/{file.sha1sum}/look.json")
    assert told["Content-Type"] == "application/json"
    assert b"".join(told) == (stored.folder_of(file.sha1sum) / "look.json").read_bytes()
    for path in ("part9-asinh.webp", "..%2Flook.json", "look.json/", "LOOK.JSON", "x.png"):
        assert client.get(f"/looks/{file.sha1sum}/{path}").status_code == 404
    assert client.get(f"/looks/{'0' * 40}/look.json").status_code == 404
    assert client.post(f"/looks/{file.sha1sum}/look.json").status_code == 405


def test_how_a_look_stands_is_told_without_asking_for_it(client: Client) -> None:
    file = make_reference()
    address = f"/looks/of/{file.name}"
    assert client.get(address).json() == {"status": "none", "reason": ""}
    assert not Job.objects.exists()
    client.post(f"{address}/")
    assert client.get(f"{address}/").json()["status"] == "waiting"
    assert client.get("/looks/of/jwst_miri_dark_9999.fits").status_code == 404
    mapping = make_file("jwst_0001.pmap", content=b"{}")
    assert client.get(f"/looks/of/{mapping.name}").status_code == 404


def test_to_show_a_look_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    file = make_look()
    with django_assert_num_queries(0):
        assert look_of(file, {}).panes

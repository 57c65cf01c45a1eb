"""The parts of a context: instruments, types, the table of a type, the map, and answers for missing parts."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from apps.catalog.models import File
from apps.contexts.operations import mark_bad
from apps.rules.text.parser import RawSelector
from apps.rules.text.writer import write_mapping
from tests.factories.catalog import make_file, make_imap, make_pmap
from tests.factories.contexts import make_change, make_context, make_whole_context
from tests.factories.sites import DATES, PARKEYS, RULES, make_rmap_text

pytestmark = pytest.mark.django_db

CONTEXT = "jwst_0001.pmap"
CASES: Mapping[tuple[str, ...], Mapping[str, str]] = {
    ("MIRIMAGE", "F560W", "N/A", "FULL"): {
        "2021-08-01 00:00:00": "jwst_miri_flat_0001.fits",
        "2024-09-01 00:00:00": "jwst_miri_flat_0002.fits",
    },
    ("MIRIMAGE", "F770W", "N/A", "FULL"): {"2021-08-01 00:00:00": "jwst_miri_flat_0003.fits"},
}


def make_flats(context: str = CONTEXT, *, cases: Any = CASES, rmap: str = "jwst_miri_flat_0001.rmap") -> str:
    """Store a context with flats of MIRI, no rules for its darks, and no instrument but MIRI and FGS."""
    number = context[5:9]
    imap = f"jwst_miri_{number}.imap"
    texts = {
        rmap: make_rmap_text(rmap, cases=cases),
        imap: make_imap(imap, rmaps={"FLAT": rmap, "DARK": "N/A"}),
        context: make_pmap(context, imaps={"MIRI": imap, "FGS": "N/A"}),
    }
    return make_context(context, texts=texts)


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def test_a_context_lists_its_instruments_and_their_types_with_counts(client: Client) -> None:
    make_flats()
    page = text(client, f"/context_table/{CONTEXT}")
    assert "Historical References" in page
    assert f'href="/browse/{CONTEXT}"' in page
    assert "1 of 2 types, 3 references" in page
    assert 'href="/browse/jwst_miri_0001.imap"' in page
    assert 'data-part="/context_table/jwst_0001.pmap/miri?part"' in page


def test_a_context_links_to_its_neighbours_and_changes(client: Client) -> None:
    make_flats("jwst_0009.pmap")
    for name in ("jwst_0010.pmap", "jwst_0008.pmap", "jwst_0002.pmap"):
        make_file(name)
    page = text(client, "/context_table/jwst_0009.pmap")
    assert 'rel="prev" href="/context_table/jwst_0008.pmap"' in page
    assert 'rel="next" href="/context_table/jwst_0010.pmap"' in page
    assert 'href="/changes/jwst_0008.pmap/jwst_0009.pmap/"' in page
    make_flats("jwst_0011.pmap")
    assert 'rel="next"' not in text(client, "/context_table/jwst_0011.pmap")


def test_parts_without_rules_show_their_word_and_cannot_be_opened(client: Client) -> None:
    make_flats()
    page = text(client, f"/context_table/{CONTEXT}/miri/")
    assert "Flat Field" in page
    assert 'id="miri-flat"' in page
    assert 'id="miri-dark"' not in page
    assert '<span class="count">N/A</span>' in page
    assert "no rules for this instrument" in text(client, f"/context_table/{CONTEXT}/fgs/")
    assert "no rules for this type" in text(client, f"/context_table/{CONTEXT}/miri/dark/")


@pytest.mark.parametrize(
    "specifier", ["latest", "edit", "jwst-latest", "operational", "jwst-operational", "2016-02-01"]
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_pointers_and_dates_are_also_contexts(client: Client, specifier: str, slash: str) -> None:
    make_flats()
    make_change(CONTEXT)
    make_change(CONTEXT, pointer="edit")
    page = text(client, f"/context_table/{specifier}{slash}")
    assert "Latest References" in page
    assert 'href="/context_table/jwst_0001.pmap/miri"' in page


def test_without_a_name_the_latest_is_shown(client: Client) -> None:
    assert client.get("/context_table/")["Location"].rstrip("/") == "/context_table/jwst-latest"


def test_the_table_of_a_type_has_a_column_for_each_parameter(client: Client) -> None:
    make_flats()
    make_file("jwst_miri_flat_0001.fits", activated_at=datetime(2022, 2, 3, 4, 5, tzinfo=UTC))
    page = text(client, f"/context_table/{CONTEXT}/miri/flat/")
    for title in ("DETECTOR", "FILTER", "BAND", "SUBARRAY", "USEAFTER", "ACTIVATION DATE", "REFERENCE"):
        assert f">{title}</a></th>" in page
    assert '<a href="/browse/jwst_miri_flat_0002.fits">jwst_miri_flat_0002.fits</a>' in page
    assert '<td class="moment">2021-08-01 00:00:00</td><td class="moment">2022-02-03</td>' in page
    assert page.count('type="checkbox"') == 3


def test_the_table_is_sorted_searched_and_exported_by_its_address(client: Client) -> None:
    make_flats()
    path = f"/context_table/{CONTEXT}/miri/flat/"
    page = text(client, f"{path}?search=F770W")
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "flat_0003.fits" in table
    assert "flat_0001.fits" not in table
    answer: Any = client.get(f"{path}?format=json&sort=-useafter")
    rows = answer.getvalue().decode()
    assert answer["Content-Disposition"] == 'attachment; filename="jwst_0001_miri_flat.json"'
    assert rows.index("flat_0002") < rows.index("flat_0001")


def test_a_case_without_a_reference_shows_its_word(client: Client) -> None:
    selector = RawSelector("Match", {("MIRIMAGE", "F560W", "N/A", "FULL"): "N/A"})
    rmap, imap = "jwst_miri_flat_0001.rmap", "jwst_miri_0001.imap"
    header = {
        "classes": ("Match",),
        "derived_from": "made by hand",
        "filekind": "FLAT",
        "instrument": "MIRI",
        "mapping": "REFERENCE",
        "name": rmap,
        "observatory": "JWST",
        "parkey": (tuple(PARKEYS[keyword] for keyword in RULES["miri", "flat"]), DATES),
    }
    texts = {
        rmap: write_mapping(header, selector),
        imap: make_imap(imap, rmaps={"FLAT": rmap}),
        CONTEXT: make_pmap(CONTEXT, imaps={"MIRI": imap}),
    }
    make_context(CONTEXT, texts=texts)
    page = text(client, f"/context_table/{CONTEXT}/miri/flat/")
    assert '<td class="code">N/A</td>' in page
    assert '<td class="moment">--</td>' in page
    assert 'type="checkbox"' not in page


def test_bad_references_are_flagged(client: Client) -> None:
    make_flats()
    make_file("jwst_miri_flat_0001.fits", rejected=True)
    page = text(client, f"/context_table/{CONTEXT}/miri/flat/")
    assert "jwst_miri_flat_0001.fits (bad)</a></span>" in page
    assert "jwst_miri_flat_0002.fits (bad)" not in page


def test_a_blacklisted_context_names_the_bad_mapping_on_every_page(client: Client) -> None:
    make_flats()
    mark_bad(["jwst_miri_flat_0001.rmap"], user="tester", reason="Wrong.")
    for path in (
        "context_table/jwst_0001.pmap",
        "context_table/jwst_0001.pmap/miri",
        "context_map/jwst_0001.pmap",
    ):
        page = text(client, f"/{path}")
        assert "jwst_0001.pmap must not be used" in page
        assert "jwst_miri_flat_0001.rmap</a>" in page.partition("must not be used")[2].partition("</div>")[0]


def test_accordions_fetch_parts_of_pages(client: Client) -> None:
    make_flats()
    types = text(client, f"/context_table/{CONTEXT}/miri/?part")
    rows = text(client, f"/context_table/{CONTEXT}/miri/flat/?part")
    assert "<html" not in types + rows
    assert 'data-part="/context_table/jwst_0001.pmap/miri/flat?part"' in types
    assert "jwst_miri_flat_0003.fits" in rows


def test_the_map_leads_down_to_the_references(client: Client) -> None:
    make_flats()
    assert 'href="/context_map/jwst_0001.pmap/miri"' in text(client, f"/context_map/{CONTEXT}")
    assert 'href="/context_map/jwst_0001.pmap/miri/flat"' in text(client, f"/context_map/{CONTEXT}/miri")
    page = text(client, f"/context_map/{CONTEXT}/miri/flat/")
    assert 'href="/browse/jwst_miri_flat_0003.fits"' in page
    assert 'href="/browse/jwst_miri_flat_0001.rmap"' in page


@pytest.mark.parametrize("path", ["/context_table/{}", "/context_table/{}/miri/flat/", "/context_map/{}"])
def test_an_unknown_context_is_404_with_the_nearest_ones(client: Client, path: str) -> None:
    for number in (3, 7, 40):
        make_file(f"jwst_{number:04}.pmap")
    page = text(client, path.format("jwst_0006.pmap"), 404)
    assert "&#x27;jwst_0006.pmap&#x27; is not known" in page
    found = [page.index(f">jwst_{number:04}.pmap</a>") for number in (7, 3, 40)]
    assert found == sorted(found)


@pytest.mark.parametrize(
    "specifier",
    [
        "jwst_0001.rmap",
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "hst-latest",
        "2016-13-01",
        "..",
        "jwst-x-y-z",
        "%00",
        "'",
    ],
)
def test_a_bad_specifier_is_404_and_never_markup(client: Client, specifier: str) -> None:
    make_flats()
    page = text(client, f"/context_table/{specifier}", 404)
    assert "<script>alert" not in page


def test_the_name_of_another_mapping_links_to_its_page(client: Client) -> None:
    assert 'href="/browse/jwst_miri_0001.imap"' in text(client, "/context_table/jwst_miri_0001.imap", 404)


@pytest.mark.parametrize("part", ["nope", "miri/nope", "%3Cb%3E"])
def test_an_unknown_part_gets_the_names_of_the_known_parts(client: Client, part: str) -> None:
    make_flats()
    page = text(client, f"/context_table/{CONTEXT}/{part}", 404)
    assert "it has dark, flat." in page or "it has fgs, miri." in page
    assert "<b>" not in page


def test_a_context_whose_rules_are_not_held_says_so(client: Client) -> None:
    make_flats()
    File.objects.filter(name="jwst_miri_flat_0001.rmap").update(held_at=None)
    page = text(client, f"/context_table/{CONTEXT}")
    assert "could not be counted" in page
    assert "jwst_miri_flat_0001.rmap" in page
    assert "cannot be shown" in text(client, f"/context_table/{CONTEXT}/miri/flat/", 409)


def test_a_context_whose_imap_is_not_held_says_so(client: Client) -> None:
    make_flats()
    File.objects.filter(name="jwst_miri_0001.imap").update(held_at=None)
    assert "jwst_miri_0001.imap" in text(client, f"/context_table/{CONTEXT}", 409)


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/context_table/jwst_0001.pmap", 8),
        ("/context_table/jwst_0001.pmap/miri", 8),
        ("/context_table/jwst_0001.pmap/miri/flat/", 10),
        ("/context_map/jwst_0001.pmap/miri/flat/", 8),
    ],
)
def test_a_page_takes_few_queries(
    client: Client, django_assert_max_num_queries: Callable[..., Any], path: str, queries: int
) -> None:
    dates = {
        f"20{year}-0{month}-01 00:00:00": f"jwst_miri_flat_{year}{month:02}.fits"
        for year in range(10, 40)
        for month in range(1, 10)
    }
    make_flats(cases={("MIRIMAGE", "F560W", "N/A", "FULL"): dates})
    make_change(CONTEXT)
    make_change(make_whole_context(2), pointer="edit")
    client.get(path)
    with django_assert_max_num_queries(queries):
        assert client.get(path).status_code == 200


def test_sorting_by_activation_loads_the_whole_type_once(
    client: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    make_flats()
    path = f"/context_table/{CONTEXT}/miri/flat/?sort=-activation_date"
    first, second = datetime(2022, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC)
    make_file("jwst_miri_flat_0001.fits", instrument="miri", filekind="flat", activated_at=first)
    make_file("jwst_miri_flat_0003.fits", activated_at=second)
    client.get(path)
    with django_assert_max_num_queries(10):
        page = text(client, path)
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert table.index("flat_0003") < table.index("flat_0001") < table.index("flat_0002")

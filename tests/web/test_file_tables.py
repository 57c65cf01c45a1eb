"""The page of a table inside a reference."""

import re

import numpy as np
import pytest
from astropy.io import fits
from django.test import Client

from apps.catalog.models import File
from apps.certify.table_reading.values import Curve
from apps.web.file_pages.curve_chart import HEIGHT, WIDTH, chart_of
from tests.factories.quick_looks import fits_bytes, make_look, make_reference

NAME, OTHER = "jwst_miri_photom_0001.fits", "jwst_miri_photom_0002.fits"


def make_table(name: str = NAME, *, rows: int = 60, column: str = "Y") -> None:
    columns = [
        fits.Column("X", "D", array=np.arange(float(rows))),
        fits.Column(column, "D", array=np.arange(float(rows)) ** 2),
    ]
    make_reference(name, content=fits_bytes(fits.BinTableHDU.from_columns(columns, name="THR")))


def page(client: Client, status: int = 200, **sent: str) -> str:
    answer = client.get(f"/tables/{NAME}/", sent)
    assert answer.status_code == status
    return str(answer.content.decode())


@pytest.mark.django_db
def test_the_page_has_the_curve_and_leads_to_the_next_rows(client: Client) -> None:
    make_table()
    text = page(client)
    assert "Rows 1 to 50 of 60." in text
    assert text.count('class="curve place') == 1
    [following] = re.findall(r'href="(\?row=51)#rows"', text)
    assert "Rows 51 to 60 of 60." in client.get(f"/tables/{NAME}/{following}").content.decode()


@pytest.mark.django_db
def test_the_curve_of_another_reference_is_drawn_beside_it(client: Client) -> None:
    make_table()
    make_table(OTHER, rows=70)
    text = page(client, against=OTHER)
    assert text.count('class="curve place') == 2
    assert f"Dashes: {OTHER}" in text
    make_table("jwst_miri_photom_0003.fits", column="Z")
    assert "has no such columns" in page(client, against="jwst_miri_photom_0003.fits")
    page(client, 404, against="<script>alert(1)</script>")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sent", [{"row": "0"}, {"row": "9" * 40}, {"part": "²"}, {"x": "<b>"}, {"column": "-1"}]
)
def test_nonsense_in_the_address_is_ignored(client: Client, sent: dict[str, str]) -> None:
    make_table()
    assert "<b>" not in page(client, **sent)


@pytest.mark.django_db
def test_the_contents_of_a_file_lead_to_its_tables(client: Client) -> None:
    make_table()
    make_look(File.objects.get(name=NAME))
    text = client.get(f"/browse/{NAME}").content.decode()
    assert f'href="/tables/{NAME}/?part=1"' in text or f'href="/tables/{NAME}?part=1"' in text


def test_both_curves_are_drawn_on_the_same_axes() -> None:
    first = Curve("X", "Y", "", "", ((0.0, 0.0), (10.0, 1.0)))
    second = Curve("X", "Y", "", "", ((5.0, 2.0),))
    chart = chart_of([("a", first), ("b", second)])
    assert chart is not None
    assert [curve.path for curve in chart.curves] == [
        f"M0.0 {HEIGHT}.0L{WIDTH}.0 {HEIGHT / 2}",
        f"M{WIDTH / 2} 0.0",
    ]
    assert chart_of([("a", Curve("X", "Y", "", "", ()))]) is None

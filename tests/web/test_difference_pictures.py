"""The page with the pictures of two references."""

import re
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from django.test import Client

from apps.catalog import storage
from tests.factories.catalog import make_file
from tests.factories.quick_looks import fits_bytes, make_reference

pytestmark = pytest.mark.django_db

OLD, NEW = "jwst_miri_flat_0001.fits", "jwst_miri_flat_0002.fits"


def make_pair(**images: Any) -> None:
    """Make two references: the first with zeros where the second has the given images."""
    for name, factor in ((OLD, 1.0), (NEW, 1.5)):
        hdus = [fits.ImageHDU(image * factor, name=part.upper()) for part, image in images.items()]
        make_reference(name, content=fits_bytes(*hdus))


def page(client: Client, old: str = OLD, new: str = NEW, status: int = 200, **more: str) -> str:
    answer = client.get("/difference_pictures/", {"file1": old, "file2": new, **more})
    assert answer.status_code == status
    return str(answer.content.decode())


def test_the_pictures_are_served_and_made_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_pair(sci=np.eye(4) + 1, err=np.ones((3, 3)))
    text = page(client)
    assert "100.00" in text
    assert "3 by 3" in page(client, part="ERR")
    addresses = re.findall(r'src="(/looks/[^"]+)"', text)
    assert [address.rpartition("-")[2] for address in addresses[:3]] == ["old.webp", "new.webp", "ratio.webp"]
    picture = client.get(addresses[0])
    assert picture["Content-Type"] == "image/webp"
    assert b"".join(picture.streaming_content)[:4] == b"RIFF"
    monkeypatch.setattr("apps.catalog.quick_looks.comparisons.compare_pictures", None)
    assert page(client) == text


def test_the_difference_leads_to_the_pictures_and_back(client: Client) -> None:
    make_pair(sci=np.eye(4))
    text = client.get("/difference/", {"file1": OLD, "file2": NEW}).content.decode()
    [address] = re.findall(r'href="(/difference_pictures/[^"]+)"', text)
    back = client.get(address.replace("&amp;", "&")).content.decode()
    assert f'href="/difference/?file1={OLD}&amp;file2={NEW}"' in back


@pytest.mark.parametrize("name", ["", "nothing.fits", "jwst_0001.pmap", "../../etc/passwd", "a\0b.fits"])
def test_what_is_no_reference_is_not_found(client: Client, name: str) -> None:
    make_pair(sci=np.eye(4))
    page(client, OLD, name, 404)


def test_changed_bytes_are_not_drawn(client: Client) -> None:
    make_pair(sci=np.eye(4))
    path = storage.path_of(OLD)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert "sha1sum" in page(client)


def test_a_name_of_an_image_is_never_markup(client: Client) -> None:
    hdu = fits.ImageHDU(np.eye(4), name="<B>X</B>")
    for name in (OLD, NEW):
        make_file(name, content=fits_bytes(hdu, KEY=name[:8]))
    text = page(client, part="<script>")
    assert "&lt;B&gt;X" in text
    assert "<B>" not in text

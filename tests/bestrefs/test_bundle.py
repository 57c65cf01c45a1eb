"""All references of an answer at once: a script and a metalink."""

import io
import re
import subprocess
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from apps.bestrefs.bundle import tar_archive
from tests.factories.catalog import make_file
from tests.factories.datasets import CONTEXT, make_header, publish_context

pytestmark = pytest.mark.django_db

RESULTS = "/bestrefs/results/"
HELD = "s7g1700gl_dead.fits"
META = "{urn:ietf:params:xml:ns:metalink}"


@pytest.fixture(autouse=True)
def context(hubble: None) -> str:
    return publish_context()


@pytest.fixture
def held() -> str:
    """Hold one of the two references, and return its sha1sum."""
    return make_file(HELD, held_at=timezone.now(), size=2880).sha1sum


def asked(client: Client, **more: Any) -> str:
    return client.get(RESULTS, {"context": CONTEXT, **make_header(), **more}).content.decode()


def test_the_script_fetches_what_is_held_and_names_what_is_not(
    client: Client, held: str, settings: Any, tmp_path: Path
) -> None:
    settings.PUBLIC_URL = "https://crds.example/cal"
    script = asked(client, format="fetch")
    lines = [line for line in script.splitlines() if line.startswith("fetch ")]
    assert lines == [f"fetch {HELD} {held} https://crds.example/cal/unchecked_get/references/hst/{HELD}"]
    assert re.search(r"^# Not held by this server: \S+_brf\.fits$|^# Not held by this server: ", script, re.M)
    path = tmp_path / "fetch.sh"
    path.write_text(script)
    subprocess.run(["sh", "-n", str(path)], check=True)


def test_the_script_leaves_complete_files_alone(client: Client, tmp_path: Path) -> None:
    (tmp_path / HELD).write_bytes(b"bytes")
    sha1sum = subprocess.run(["sha1sum", HELD], cwd=tmp_path, capture_output=True, text=True, check=True)
    make_file(HELD, held_at=timezone.now(), size=5, sha1sum=sha1sum.stdout.split()[0])
    (tmp_path / "fetch.sh").write_text(asked(client, format="fetch"))
    done = subprocess.run(["sh", "fetch.sh"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{HELD} is here\n"
    assert "does not hold all" in done.stderr


def test_nothing_that_was_asked_becomes_a_command(client: Client, held: str) -> None:
    script = asked(client, format="fetch", name="a.fits\nrm -rf x")
    assert not [line for line in script.splitlines() if line.startswith("rm")]


def test_the_metalink_has_size_checksum_and_address(client: Client, held: str) -> None:
    (file,) = ElementTree.fromstring(asked(client, format="metalink")).findall(f"{META}file")  # noqa: S314
    assert (file.get("name"), file.findtext(f"{META}size"), file.findtext(f"{META}hash")) == (
        HELD,
        "2880",
        held,
    )
    assert (file.findtext(f"{META}url") or "").endswith(f"/unchecked_get/references/hst/{HELD}")


def test_the_page_says_how_much_there_is_before_the_click(client: Client, held: str) -> None:
    text = asked(client)
    assert "1 file, 2.8\xa0KB." in text
    assert "does not hold 1 of the references" in text
    assert "format=fetch" in text
    assert f"export CRDS_CONTEXT={CONTEXT}" in text


def test_types_that_do_not_apply_are_folded_behind_the_answers(client: Client) -> None:
    text = asked(client, DETECTOR="NUV", DEADCORR="OMIT")
    assert text.index("NOT FOUND parameter=") < text.index("1 type does not apply")


def test_a_tar_archive_is_streamed_below_its_limit(client: Client, settings: Any) -> None:
    make_file(HELD, content=b"bytes" * 300, held_at=timezone.now())
    assert "format=tar" in asked(client)
    answer = client.get(RESULTS, {"context": CONTEXT, **make_header(), "format": "tar"})
    content = answer.getvalue()
    assert int(answer["Content-Length"]) == len(content)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getnames() == [HELD]
        assert (found := archive.extractfile(HELD)) is not None
        assert found.read() == b"bytes" * 300
    settings.BUNDLE_BYTES = 1499
    assert "format=tar" not in asked(client)
    assert "An archive has at most 1,499 bytes" in asked(client, format="tar")


def test_the_length_of_an_archive_is_right_for_long_names() -> None:
    file = make_file(f"{'x' * 115}.fits", content=b"bytes", held_at=timezone.now())
    bundle: Any = SimpleNamespace(has_tar=True, held=[SimpleNamespace(file=file)])
    answer: Any = tar_archive(bundle)
    content = answer.getvalue()
    assert int(answer["Content-Length"]) == len(content)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getnames() == [file.name]


def test_the_page_has_a_sentence_to_cite(client: Client) -> None:
    assert f"under the context {CONTEXT} (" in asked(client)

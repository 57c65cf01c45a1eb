"""The overlay of an observatory of the client: certification in our child obeys it at once."""

from pathlib import Path

import pytest
from astropy.io import fits

from apps.certify.constraints import constraints_of
from apps.certify.runner import Event, Runner
from tests.factories.certify import errors, make_job, rmaps, run_job, verdicts
from tests.factories.definitions import overlaid
from tests.shared_data import sample_files

TEXT = """\
observatory: jwst
version: 1
instruments:
  miri:
    ipc:
      keywords: {DETECTOR: [FOO]}
"""


def make_foo(path: Path) -> Path:
    """Write a reference for a detector that the library does not know."""
    path.write_bytes((sample_files() / "jwst" / "jwst_miri_ipc_0004.fits").read_bytes())
    with fits.open(path, mode="update") as parts:
        parts[0].header.update({"DETECTOR": "FOO", "P_DETECT": "FOO", "HISTORY": "Made for a test"})
    return path


@pytest.mark.shared_data
def test_a_value_that_the_library_refuses_is_accepted_after_the_edit(jwst: Runner, tmp_path: Path) -> None:
    file = make_foo(tmp_path / "foo.fits")

    def certify(name: str) -> list[Event]:
        return run_job(jwst, make_job(tmp_path / name, file, observatory="jwst", is_tried=True))

    assert "Value 'FOO' is not one of" in errors(certify("before"))
    with overlaid(TEXT):
        accepted = certify("after")
    assert verdicts(accepted)["foo.fits"].errors == 0
    (made,) = rmaps(accepted)
    assert (made.errors, made.inserted) == (0, ("foo.fits",))
    with overlaid(TEXT + "      constraints: {SUBSIZE: {required: yes}}\n"):
        assert "SUBSIZE" in errors(certify("more"))


def test_pages_show_what_the_overlay_adds() -> None:
    with overlaid(TEXT):
        (last,) = constraints_of("jwst", "miri", "ipc")[-1:]
        assert last.text == "# DETECTOR may also be FOO\n"
        assert not any("FOO" in file.text for file in constraints_of("jwst", "miri", "flat"))

"""The overlay of an observatory of the client: certification in our child obeys it at once."""

from pathlib import Path
from typing import Any

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


HST = """\
observatory: hst
version: 1
instruments:
  cos:
    deadtab:
      keywords: {DETECTOR: [XUV]}
"""
ROMAN = """\
observatory: roman
version: 1
instruments:
  wfi:
    flat:
      keywords: {%s: [F999]}
"""
ELEMENT = "META.INSTRUMENT.OPTICAL_ELEMENT"


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("observatory", "sample", "old", "new", "overlay"),
    [
        ("hst", "s7g1700gl_dead.fits", b"DETECTOR= 'FUV", b"DETECTOR= 'XUV", HST),
        ("roman", "roman_wfi16_f158_flat_small.asdf", b"F158", b"F999", ROMAN % f"ROMAN.{ELEMENT}"),
        ("roman", "roman_wfi16_f158_flat_small.asdf", b"F158", b"F999", ROMAN % ELEMENT),
    ],
    ids=["hst", "roman", "roman without its prefix"],
)
def test_values_of_hst_and_roman_are_accepted_as_well(
    observatory: str,
    sample: str,
    old: bytes,
    new: bytes,
    overlay: str,
    tmp_path: Path,
    settings: Any,
    request: pytest.FixtureRequest,
) -> None:
    settings.OBSERVATORY = observatory
    runner = request.getfixturevalue(observatory)
    content = (sample_files() / observatory / sample).read_bytes()
    assert old in content
    file = tmp_path / Path(sample).with_stem("foo").name
    file.write_bytes(content.replace(old, new))

    def certify(name: str) -> list[Event]:
        return run_job(runner, make_job(tmp_path / name, file, observatory=observatory, is_tried=True))

    assert f"'{new[-4:].decode().strip(chr(39))}'" in errors(certify("before"))
    with overlaid(overlay):
        accepted = certify("after")
    assert verdicts(accepted)[file.name].errors == 0, errors(accepted)
    (made,) = rmaps(accepted)
    assert (made.errors, made.inserted) == (0, (file.name,)), errors(accepted)


def test_pages_show_what_the_overlay_adds() -> None:
    with overlaid(TEXT):
        (last,) = constraints_of("jwst", "miri", "ipc")[-1:]
        assert last.text == "# DETECTOR may also be FOO\n"
        assert not any("FOO" in file.text for file in constraints_of("jwst", "miri", "flat"))

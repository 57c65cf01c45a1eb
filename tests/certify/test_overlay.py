"""The overlay of an observatory of the client: certification in our child obeys it at once."""

import pytest

from apps.certify.constraints import constraints_of
from apps.certify.runner import Runner
from tests.factories.certify import errors, make_job, run_job, verdicts
from tests.factories.definitions import overlaid

FILE = "jwst_miri_ipc.bad-value.fits"  # Its DETECTOR is FOO.
TEXT = """\
observatory: jwst
version: 1
instruments:
  miri:
    ipc:
      keywords: {DETECTOR: [FOO]}
"""


@pytest.mark.shared_data
def test_a_value_that_the_library_refuses_is_accepted_after_the_edit(jwst: Runner, tmp_path):
    refused = run_job(jwst, make_job(tmp_path / "before", FILE, observatory="jwst"))
    assert "Value 'FOO' is not one of" in errors(refused)
    with overlaid(TEXT):
        accepted = run_job(jwst, make_job(tmp_path / "after", FILE, observatory="jwst"))
    assert verdicts(accepted)[FILE].errors == 0
    with overlaid(TEXT + "      constraints: {SUBSIZE: {required: yes}}\n"):
        demanding = run_job(jwst, make_job(tmp_path / "more", FILE, observatory="jwst"))
    assert "SUBSIZE" in errors(demanding)


def test_pages_show_what_the_overlay_adds():
    with overlaid(TEXT):
        (last,) = constraints_of("jwst", "miri", "ipc")[-1:]
        assert last.text == "# DETECTOR may also be FOO\n"
        assert not any("FOO" in file.text for file in constraints_of("jwst", "miri", "flat"))

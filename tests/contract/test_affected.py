"""The client asks which datasets a step of the context history affects."""

import time

from tests.contract.client import Client, Done
from tests.patience import HANG

OLD, NEW = "jwst_0003.pmap", "jwst_0004.pmap"


def wait_for_affected(demo: Client) -> Done:
    until = time.monotonic() + HANG
    while (done := demo.crds("query_affected", "-x", "2", "-y", "3")).status and time.monotonic() < until:
        assert "don't exist or are not yet complete" in done.text
    return done


def test_query_affected_prints_what_the_client_computes_itself(demo: Client) -> None:
    assert f"'{NEW}'" in demo.crds("query_affected", "--list").output
    assert "Queued" in demo.server.manage("find_affected", OLD, NEW)
    done = wait_for_affected(demo)
    assert f"datasets affected {OLD} --> {NEW}" in done.errors
    ids = done.output.split()
    assert ids
    instruments = ("--instruments", "miri", "nircam", "niriss")
    contexts = ("--old-context", OLD, "--new-context", NEW)
    computed = demo.crds("bestrefs", *instruments, *contexts, "--print-affected")
    assert sorted(ids) == sorted(computed.output.split())


def test_a_step_that_was_never_computed_is_an_error_or_passed_over(demo: Client) -> None:
    done = demo.crds("query_affected", "-x", "0", "-y", "1")
    assert done.status != 0
    assert "don't exist or are not yet complete" in done.text
    ignored = demo.crds("query_affected", "-x", "0", "-y", "1", "-i")
    assert "ignoring and proceeding" in ignored.text
    assert "Traceback" not in ignored.text

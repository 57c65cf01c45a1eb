import io

import pytest

from apps.catalog import progress
from apps.catalog.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_one_line_with_a_bar_and_a_rate() -> None:
    stream = Terminal()
    shown = Progress(stream)
    shown.start("stored", 4)
    shown.step(4)
    shown.finish()
    assert stream.getvalue().startswith("\rstored [##############################] 4/4, ")
    assert stream.getvalue().endswith("/s\n")


def test_a_file_sees_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    shown = Progress(stream)
    shown.start("stored", 3)
    shown.step()
    assert stream.getvalue() == ""
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    shown.step()
    assert stream.getvalue().startswith("stored 2/3, ")
    assert "\r" not in stream.getvalue()


def test_nothing_to_do_is_no_division_by_zero() -> None:
    shown = Progress(Terminal())
    shown.start("stored", 0)
    shown.finish()

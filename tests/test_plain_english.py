"""The list of turns finds what it should, and leaves ordinary sentences alone."""

import pytest

from tests.plain_english import findings, main


def found(text: str, path: str = "docs/page.md") -> list[str]:
    return [finding.found for finding in findings(path, text)]


@pytest.mark.parametrize(
    "text",
    [
        "Begin anew",
        "No submission is so.",
        "Use a short name, flat, say.",
        "'x' is no version; 1.14.1 is one.",
        "homer has not the role submitter.",
        "The base it was confirmed upon.",
        "Files shall be read once.",
        "The client knows not why.",
        "Confirm makes the files official for ever.",
        "This session does not hold the lock any more.",
        "21 addresses; 20 are the most.",
        "Upload your files, then choose what is to become of them.",
        "You hold the lock of no instrument.",
        "This file is being read; many are looked into.",
        "Each key must be a text.",
    ],
)
def test_a_turn_is_found(text: str) -> None:
    assert len(found(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "There is no version 1.14.1.",
        "The lock is no longer yours.",
        "Write it again.",
        "from apps.jobs.pipeline import require_claim, say, say_all",
        "It needs any more files than that.",
        "homer does not have the role submitter.",
    ],
)
def test_an_ordinary_sentence_is_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("word", ["What", "How", "Let", "Whether", "Which"])
def test_a_docstring_does_not_begin_with_a_question_or_a_wish(word: str) -> None:
    code = f'def function():\n    """{word} a file is.\n\n    More.\n    """\n'
    assert found(code, "apps/core/free_text.py") == [f"{word} a file is."]


def test_a_docstring_may_begin_with_a_verb_or_a_noun() -> None:
    code = '"""Texts."""\n\ndef function():\n    """Return what is left."""\n'
    assert found(code, "apps/core/free_text.py") == []


def test_a_finding_names_place_and_remedy() -> None:
    (finding,) = findings("docs/page.md", "First.\nBegin anew.\n")
    assert str(finding) == "docs/page.md:2: 'anew': write again, or new"


def test_files_that_nobody_reads_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["static/img/icon.svg", "tests/plain_english.py"]) == 0
    assert capsys.readouterr().out == ""

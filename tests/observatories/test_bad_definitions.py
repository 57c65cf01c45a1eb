"""Bad definitions as people meet them: a clear text with the line, and nothing is changed.

One test for each kind; the tests of the reader have their variants.
"""

import itertools
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.contexts import queries as contexts
from apps.observatories.management.commands import start_observatory
from apps.observatories.operations import start
from tests.rules.test_definition_reader import SMALL, line_of

OTHER = SMALL.replace("observatory: keckao", "observatory: alpine")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.yaml"


def refusal(file: Path, text: str, *command: str) -> str:
    """Return the text with which a command, by default the check, refuses a definition."""
    file.write_text(text)
    name, *options = command or ("check_observatory",)
    with pytest.raises(CommandError) as caught:
        call_command(name, file, *options)
    return str(caught.value)


@pytest.mark.parametrize("name", ["longnames", "keck2", "k", "Keck", "jwst", "jw", "myhst"])
def test_a_name_that_the_client_cannot_hold(file: Path, name: str) -> None:
    said = refusal(file, SMALL.replace("observatory: keckao", f"observatory: {name}"))
    assert "own.yaml line 1: " in said
    assert "2 to 8 letters from a to z" in said or "would take for" in said
    assert "Nothing was changed" in said


def test_an_unknown_key_with_a_suggestion(file: Path) -> None:
    said = refusal(file, SMALL.replace("useafter_keys:", "useafter_key:"))
    line = f"line {line_of('useafter_keys')}: Unknown key 'useafter_key'. Did you mean useafter_keys?"
    assert line in said


def test_synonyms_in_a_circle(file: Path) -> None:
    synonyms = "  INSTRUME: [CURRINST]\n  CURRINST: [INSTRUME]\n"
    said = refusal(file, SMALL.replace("  INSTRUME: [CURRINST]\n", synonyms))
    number = line_of("INSTRUME: [CURRINST]")
    assert f"line {number}: CURRINST is a synonym of INSTRUME and has synonyms itself" in said
    assert f"line {number + 1}: INSTRUME is a synonym of CURRINST and has synonyms itself" in said


def test_a_type_without_match_keys(file: Path) -> None:
    said = refusal(file, SMALL.replace(", match: [DETECTOR, READMODE]", ""))
    assert f"line {line_of('dark')}: instruments.hispec.dark lacks `match`" in said


def test_a_value_outside_the_vocabulary(file: Path) -> None:
    constraint = "match: [DETECTOR, READMODE], constraints: {READMODE: {values: [UTRR]}}"
    said = refusal(file, SMALL.replace("match: [DETECTOR, READMODE]", constraint))
    assert f"line {line_of('dark')}: UTRR is not a value of READMODE. Did you mean UTR?" in said


def test_a_grammar_of_datasets_that_matches_nothing(file: Path) -> None:
    said = refusal(file, SMALL.replace("[0-9]{8}", "[0-9]{9}"))
    assert (
        f"line {line_of('example')}: datasets.file_name does not fit the example KOA.20260102.03456" in said
    )


@pytest.mark.parametrize("part", ["((?:[A-Z0-9]+)*)*", "(?:_[A-Z]+|_A+)*", ".*.*.*.*.*.*.*"])
def test_a_grammar_of_datasets_that_takes_exponential_time(file: Path, part: str) -> None:
    said = refusal(file, SMALL.replace("(?:_[A-Z0-9]+)?", part))
    assert f"line {line_of('file_name')}: datasets.file_name is not a pattern that we can use" in said


def test_a_bomb_of_aliases(file: Path) -> None:
    pairs = itertools.pairwise("abcdefghi")
    rows = [f"{one}: &{one} [{', '.join([f'*{other}'] * 9)}]" for other, one in pairs]
    said = refusal(file, "\n".join(("a: &a [x, x, x, x, x, x, x, x, x]", *rows)))
    assert "own.yaml line 1: &a is an anchor" in said


@pytest.mark.django_db
@pytest.mark.usefixtures("keckao")
def test_a_second_definition_for_one_server(file: Path) -> None:
    start(user="homer")
    said = refusal(file, OTHER, "start_observatory")
    assert "defines keckao, and this file alpine. One server serves one observatory" in said
    assert contexts.resolve("keckao-edit") == "keckao_0001.pmap"


@pytest.mark.usefixtures("keckao")
def test_a_definition_beside_the_name_of_another_observatory(
    file: Path, monkeypatch: pytest.MonkeyPatch, data_root: Path
) -> None:
    monkeypatch.setenv("OBSERVATORY", "jwst")
    said = refusal(file, SMALL.replace("Keck AO", "Keck"), "start_observatory")
    assert "OBSERVATORY=jwst is set, and this file defines keckao" in said
    assert not (data_root / "observatory.yaml").exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("keckao")
def test_another_definition_of_a_started_observatory(
    file: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OBSERVATORY", raising=False)
    # The tables are there, and belong to the observatory of the suite.
    monkeypatch.setattr(start_observatory, "call_command", lambda *_, **__: None)
    start(user="homer")
    said = refusal(file, SMALL.replace("version: 1.0", "version: 1.1"), "start_observatory")
    assert "Change it with `manage.py change_observatory FILE`, which lists what breaks." in said
    assert not (data_root / "observatory.yaml").exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("keckao")
def test_a_changed_definition_under_rules_that_exist(file: Path, data_root: Path) -> None:
    (data_root / "observatory.yaml").write_text(SMALL)
    start(user="homer")
    wave = "    wave: {text: Wavelength solution, match: [DETECTOR], select: ClosestTime}\n"
    changed = SMALL.replace(wave, "").replace("match: [DETECTOR, READMODE]", "match: [DETECTOR]")
    said = refusal(file, changed, "change_observatory", "--reason", "Why not")
    assert "Nothing was changed." in said
    assert "hispec wave would be unknown: the rules have an rmap for it." in said
    assert "hispec dark: match was DETECTOR, READMODE and would be DETECTOR" in said
    assert (data_root / "observatory.yaml").read_text() == SMALL
    assert "keckao_hispec_wave_0001.rmap" in contexts.mapping_names(contexts.resolve("keckao-edit"))


@pytest.mark.django_db
def test_a_definition_for_a_server_of_an_observatory_of_the_client(file: Path, data_root: Path) -> None:
    said = refusal(file, SMALL, "change_observatory", "--reason", "Why not")
    assert "This server serves jwst, which the client knows by itself" in said
    assert not (data_root / "overlay.yaml").exists()

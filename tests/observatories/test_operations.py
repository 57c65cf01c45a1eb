"""Starting an observatory: the first rules are there, served, and made once."""

import pytest

from apps.catalog import queries as files
from apps.contexts import queries as contexts
from apps.contexts.models import ContextChange
from apps.core.errors import ConflictError
from apps.observatories.operations import start

pytestmark = pytest.mark.django_db

HEADER = {
    "INSTRUME": "HISPEC",
    "DETECTOR": "H4RG_B",
    "READMODE": "CDS",
    "DATE-OBS": "2026-01-02",
    "UT": "03:04:05",
}


def test_the_first_context_is_latest_and_answers(keckao):
    started = start(user="homer")
    assert (started.files, started.pointers, started.context) == (7, 2, "keckao_0001.pmap")
    assert contexts.resolve("keckao-latest") == contexts.resolve("keckao-edit") == "keckao_0001.pmap"
    answer = contexts.get_context("keckao_0001.pmap").best_references(HEADER)
    assert set(answer) == {"dark", "wave"}
    assert all(text.startswith("NOT FOUND") for text in answer.values())


def test_a_synonym_names_the_instrument(keckao):
    start(user="homer")
    header = {"CURRINST" if key == "INSTRUME" else key: value for key, value in HEADER.items()}
    assert set(contexts.get_context("keckao_0001.pmap").best_references(header)) == {"dark", "wave"}


def test_a_second_start_changes_nothing(keckao):
    start(user="homer")
    again = start(user="homer")
    assert (again.files, again.pointers) == (0, 0)
    assert ContextChange.objects.count() == 2


def test_a_start_that_was_interrupted_goes_on(keckao, monkeypatch):
    monkeypatch.setattr("apps.contexts.operations.set_context", _fail)
    with pytest.raises(RuntimeError):
        start(user="homer")
    monkeypatch.undo()
    assert start(user="homer").pointers == 2


def _fail(**_):
    raise RuntimeError


def test_the_first_mappings_say_where_they_come_from(keckao):
    start(user="homer")
    file = files.get_file("keckao_hispec_wave_0001.rmap")
    assert (file.instrument, file.filekind, file.deliverer) == ("hispec", "wave", "homer")
    assert "version 1.0 of its definition" in file.description


def test_an_observatory_of_the_client_has_nothing_to_start():
    with pytest.raises(ConflictError, match="knows by itself"):
        start(user="homer")

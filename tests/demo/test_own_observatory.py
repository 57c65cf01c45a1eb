"""The demo of `make run OBSERVATORY=keckao`: what it holds, and a preparation that was interrupted."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from apps.contexts import queries as contexts
from apps.contexts.models import ContextChange
from apps.contexts.operations import set_context
from apps.datasets.models import Dataset
from apps.demo.own_observatory import seed
from apps.rules import observatories
from apps.rules.observatories.definition import Definition
from apps.rules.observatories.definition_reader import read_definition
from tests.roots import PROJECT

pytestmark = pytest.mark.django_db


@pytest.fixture
def definition(settings: Any) -> Iterator[Definition]:
    path = PROJECT / "apps" / "demo" / "observatories" / "keckao.yaml"
    definition = read_definition(path.read_text())
    observatories.serve(definition)
    settings.OBSERVATORY = definition.name
    yield definition
    observatories.forget(definition.name)


def test_the_demo_answers_and_is_built_once(definition: Definition, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = StringIO()
    call_command("seed_demo", "--if-possible", stdout=printed)
    assert "Log in at" in printed.getvalue()
    header = Dataset.objects.get().header
    answer = contexts.get_context(contexts.resolve("keckao-latest")).best_references(header)
    assert answer["dark"] == "keckao_hispec_dark_0001.fits"
    monkeypatch.delattr("apps.demo.samples.plain.make_plain")  # A complete demo makes no file a second time.
    assert seed(definition) == 0


@pytest.mark.parametrize("pointer", ["edit", "latest"])
def test_a_demo_that_was_interrupted_is_completed(
    definition: Definition, monkeypatch: pytest.MonkeyPatch, pointer: str
) -> None:
    def interrupted(**order: Any) -> None:
        if (order["pointer"], order["context"]) == (pointer, "keckao_0002.pmap"):
            raise KeyboardInterrupt
        set_context(**order)

    monkeypatch.setattr("apps.contexts.operations.set_context", interrupted)
    with pytest.raises(KeyboardInterrupt):
        seed(definition)
    monkeypatch.undo()
    seed(definition)
    assert contexts.resolve("keckao-edit") == contexts.resolve("keckao-latest") == "keckao_0002.pmap"
    assert ContextChange.objects.filter(context="keckao_0002.pmap").count() == 2

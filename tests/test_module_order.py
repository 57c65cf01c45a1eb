"""The contract that keeps the modules of an app in order finds what breaks it."""

import pytest
from grimp import ImportGraph

from tests.module_order import ModuleOrder

ORDER = ["views", "forms", "operations", "pipeline", "queries", "models", "states", "errors"]


def chains_of(*imports: str) -> list[str]:
    graph = ImportGraph()
    for module in ("apps", "apps.demo"):
        graph.add_module(module)
    for line in imports:
        importer, imported = line.split(" -> ")
        graph.add_import(importer=f"apps.demo.{importer}", imported=f"apps.demo.{imported}")
    options = {"entrances": ["urls", "tasks", "management"], "order": ORDER}
    contract = ModuleOrder("order", {}, {"name": "order", "type": "module_order", **options})
    return [
        " -> ".join(chain).replace("apps.demo.", "")
        for chain in contract.check(graph, False).metadata["chains"]
    ]


@pytest.mark.parametrize(
    "imported",
    [
        "views -> operations",
        "urls -> views",
        "pipeline.sweep -> pipeline.run",
        "uploads.views -> uploads.forms",
    ],
)
def test_the_way_down_is_open(imported: str) -> None:
    assert chains_of(imported) == []


@pytest.mark.parametrize(
    "imported",
    [
        "operations -> views",
        "pipeline.run -> operations.start",
        "models -> queries",
        "operations -> tasks",
        "operations -> token_views",
        "uploads.queries -> uploads.operations",
        "views -> management.commands.up",
    ],
)
def test_the_way_up_is_named(imported: str) -> None:
    assert chains_of(imported) == [imported]


def test_a_way_up_through_modules_without_a_role_is_named() -> None:
    assert chains_of("models -> helper", "helper -> words", "words -> views") == [
        "models -> helper -> words -> views"
    ]

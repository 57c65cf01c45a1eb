"""Methods with known behaviour, registered beside the real ones."""

from typing import Any

import pytest

from apps.contexts.errors import InvalidDateContextError
from apps.core.errors import NotFoundError
from apps.rpc import registry


def echo(value: Any, other: Any = None) -> list[Any]:
    return [value, other]


def typed(
    name: str,
    count: int = 0,
    names: list[str] | None = None,
    header: dict[str, str] | None = None,
    is_on: bool = False,
) -> str:
    return f"{name} {count} {names} {header} {is_on}"


def by_context(pipeline_context: str, dataset_ids: list[str]) -> list[Any]:
    return [pipeline_context, dataset_ids]


def prepared() -> registry.Prepared:
    return registry.Prepared(b'{"ready": true}')


def nothing() -> None:
    return None


def missing(name: str) -> None:
    raise NotFoundError(f"There is no <{name}> here; 'x' is.")


def misdated() -> None:
    raise InvalidDateContextError("Bad instrument 'foo' in CRDS date based context specification.")


def broken() -> None:
    raise RuntimeError("a secret of the inside")


@pytest.fixture(autouse=True)
def small_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the functions above during one test."""
    monkeypatch.setattr(registry, "_methods", dict(registry._methods))
    for function in (echo, typed, by_context, prepared, nothing, missing, misdated, broken):
        registry.read_method(function)

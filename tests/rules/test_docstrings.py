"""The examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import apps.rules

MODULES = sorted(module.name for module in pkgutil.walk_packages(apps.rules.__path__, "apps.rules."))


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0

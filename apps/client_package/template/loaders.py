"""The loaders that `hook` gives to Python's import system."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

from . import amend, versions


class Alias:
    """Loads a module of this package under a second name, as the same module."""

    def __init__(self, target: str) -> None:
        self.target = target

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave the making of the module to Python; `exec_module` replaces it."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the real module in the place of the new, empty one."""
        versions.require_tried()
        sys.modules[module.__name__] = import_module(self.target)


class Amending:
    """Loads a module of the client as its own loader does, and then has it changed."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        # All else that Python asks of a loader, such as source and resources, is that of the real loader.
        return getattr(self.__dict__["_loader"], name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the real loader makes."""
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, then change it."""
        self._loader.exec_module(module)
        amend.amend(module)

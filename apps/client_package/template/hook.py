"""The finder that gives the client one more observatory. Every start of Python runs this module.

The commands of the client are processes of their own, so only a ``.pth`` or ``.start`` file reaches them.
This module must therefore be quick: it imports `sys` and nothing else, and looks at names only. All other
modules of the package are imported when the client is.
"""

import sys

PACKAGE = __name__.rpartition(".")[0]
SERVED = "crds." + PACKAGE.rpartition("_")[2]
# Modules of the client that `amend` changes after they were executed.
AMENDED = frozenset(
    (
        "crds.core.constants",
        "crds.core.config",
        "crds.core.cmdline",
        "crds.core.heavy_client",
        "crds.core.utils",
        "crds.client.api",
        "crds.io.factory",
        "crds.submit.rc_submit",
    )
)


class Finder:
    """Serves ``crds.<observatory>`` from this package and has the modules in `AMENDED` changed.

    It asks the finders behind it for those modules, so that several such packages stack.
    """

    package = PACKAGE

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def] # Types need imports.
        """Return the spec of a module that this package serves or changes, or None."""
        if name in AMENDED:
            return self._amended(name, path, target)
        if name == SERVED:
            return _alias(name, PACKAGE + ".observatory", is_package=True)
        if name == SERVED + ".locate":
            return _alias(name, PACKAGE + ".observatory.locate", is_package=False)
        return None

    def _amended(self, name, path, target):  # type: ignore[no-untyped-def]
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec else None
            if spec is not None:
                spec.loader = _loaders().Amending(spec.loader)
                return spec
        return None


def _alias(name, target, is_package):  # type: ignore[no-untyped-def]
    from importlib.machinery import ModuleSpec

    return ModuleSpec(name, _loaders().Alias(target), is_package=is_package)


def _loaders():  # type: ignore[no-untyped-def]
    from importlib import import_module

    return import_module(PACKAGE + ".loaders")


def install() -> None:
    """Put the finder in front of the others, unless it is there."""
    if all(getattr(finder, "package", None) != PACKAGE for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())


install()

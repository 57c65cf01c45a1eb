"""The order of the modules inside an app, as a contract of import-linter (conventions, section 3).

The name of a module, or of a package around it, gives its role: `pipeline/sweep.py` is pipeline, and
`uploads/views.py` and `token_views.py` are views. Modules without a role may stand anywhere, but no
way through them leads upwards.
"""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class ModuleOrder(Contract):
    """Roles from the top down; those of the first line are entrances, which other roles do not import."""

    entrances = fields.ListField(subfield=fields.StringField())
    order = fields.ListField(subfield=fields.StringField())
    exceptions = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        for exception in self.exceptions:
            importer, imported = exception.split(" -> ")
            graph.remove_import(importer=importer, imported=imported)
        found = [chain for app in sorted(graph.find_children("apps")) for chain in self._broken(graph, app)]
        return ContractCheck(kept=not found, metadata={"chains": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for chain in check.metadata["chains"]:
            output.print_error(" -> ".join(chain))

    def _broken(self, graph: ImportGraph, app: str) -> list[tuple[str, ...]]:
        """Return the shortest ways inside one app from a module to one of a higher role."""
        modules = {app, *graph.find_descendants(app)}
        ranks = {module: rank for module in modules if (rank := self._rank(module)) is not None}
        found = []
        for module, rank in sorted(ranks.items()):
            higher = {other for other, its in ranks.items() if its < rank}
            if way := _way(graph, module, higher, modules):
                found.append(way)
        return found

    def _rank(self, module: str) -> int | None:
        """Return how far down a module stands, or None if it has no role."""
        for name in reversed(module.split(".")[2:]):
            role = name.rsplit("_", 1)[-1] if name.endswith(("_views", "_forms", "_urls")) else name
            if role in self.entrances:
                return 0
            if role in self.order:
                return 1 + self.order.index(role)
        return None


def _way(graph: ImportGraph, start: str, ends: set[str], among: set[str]) -> tuple[str, ...]:
    """Return the shortest chain of imports from `start` to one of `ends` within `among`; empty if none."""
    ways = [(start,)]
    seen = {start}
    for way in ways:
        for imported in sorted(graph.find_modules_directly_imported_by(way[-1]) & among - seen):
            if imported in ends:
                return (*way, imported)
            seen.add(imported)
            ways.append((*way, imported))
    return ()

"""The options of an import, and the report of what it did."""

import fnmatch
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import.

    Attributes
    ----------
    user
        The account or command that the audit records name.
    takes_unknown
        Whether files in no catalog, or catalogued without sha1sum, are taken as they are.
    adopted
        Shell patterns of files whose bytes count although the catalog says otherwise.
    """

    user: str
    takes_unknown: bool = False
    adopted: tuple[str, ...] = ()

    def adopts(self, name: str) -> bool:
        """Return whether the bytes of this file overrule the catalog."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.adopted)


@dataclass
class Report:
    """The counts of an import, and the files it refused."""

    rows: int = 0
    stored: int = 0
    held_before: int = 0
    marked_bad: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, name: str, why: str) -> None:
        """Note a file that could not be taken."""
        self.refused.append((name, why))

    def __str__(self) -> str:
        return (
            f"{self.rows} catalogued, {self.stored} stored, {self.held_before} held before, "
            f"{self.marked_bad} marked bad, {len(self.refused)} refused"
        )

    @property
    def took_nothing(self) -> bool:
        """The fact that nothing could be taken, now or before."""
        return not (self.rows or self.stored or self.held_before)

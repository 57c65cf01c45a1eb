"""The mappings and contexts that a process has in memory.

Files are immutable, so nothing here expires. A mapping is kept by name after its bytes were compared with the
catalog, and contexts share their mappings. Where all together need more than the setting
`CONTEXT_MEMORY_BYTES`, those contexts are forgotten that were not asked for the longest. Compiled mappings
are also kept on the disk, as artifacts that name the bytes they were made from. An artifact that is damaged,
or from an older engine, is made again.

Ask for a mapping only after the transaction that adds it is committed: a mapping stays in memory even if its
transaction is rolled back.
"""

import contextlib
import gc
import logging
import posixpath
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from apps.catalog import queries as catalog
from apps.catalog.errors import UnknownFileError
from apps.catalog.models import File
from apps.catalog.reading import load_text, locate
from apps.contexts.errors import UnknownContextError, UnusableContextError
from apps.core.files import keep
from apps.core.web_server.quick_answers import require_thread
from apps.rules.errors import ArtifactError, ChecksumError, CrdsError, MappingError
from apps.rules.lookup import compiled_bytes
from apps.rules.lookup.compiler import CompiledMapping, compile_mapping
from apps.rules.lookup.context import Context, assemble
from apps.rules.naming.file_names import is_file_name, is_mapping
from apps.rules.observatories import get_observatory

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A mapping in memory.

    Attributes
    ----------
    size
        Bytes of its compiled form on the disk: about what it needs in memory, where equal parts of different
        mappings are kept once.
    problem
        The reason why best references must not be computed from it, or empty.
    """

    mapping: CompiledMapping
    size: int
    problem: str = ""


class Pool:
    """All mappings and contexts that this process has loaded. Reading takes no lock; loading takes one."""

    def __init__(self, artifact_root: Path) -> None:
        self.folder = artifact_root / str(compiled_bytes.ENGINE_VERSION)
        self._loaded: dict[str, Loaded] = {}
        self._contexts: dict[str, Context] = {}
        self._closures: dict[str, tuple[str, ...]] = {}
        # What was asked for, the longest unused first, with the mappings loaded for it; and for each mapping
        # the number of such users. A mapping without users is forgotten.
        self._in_order_of_use: OrderedDict[str, set[str]] = OrderedDict()
        self._users: Counter[str] = Counter()
        self._size = 0
        self._lock = threading.RLock()

    @property
    def size(self) -> int:
        """The bytes of all mappings in memory, by their compiled forms."""
        return self._size

    def context(self, name: str) -> Context:
        """Return a context, ready for lookups.

        Raises
        ------
        UnknownContextError
            Raised if no mapping of this name is known.
        UnusableContextError
            Raised if it, or a mapping it needs, is not held, damaged or refused; the message names it.
        """
        found = self._contexts.get(name)
        if found is None:
            return self._assemble(name)
        with contextlib.suppress(KeyError):  # Another thread may just have forgotten it.
            self._in_order_of_use.move_to_end(name)
        return found

    @contextlib.contextmanager
    def _loading(self) -> Iterator[None]:
        """Load mappings in one thread at a time, then forget others if there are too many."""
        require_thread()
        with self._lock:
            try:
                yield
            finally:
                self._forget_least_used()

    def holds(self, name: str) -> bool:
        """Return whether a context is in memory, so that nobody waits for it."""
        return name in self._contexts

    def _assemble(self, name: str) -> Context:
        with self._loading():
            if name not in self._contexts:
                members = self._members(name)
                _require_sound(name, members.values())
                self._contexts[name] = _assembled(name, members)
                # Contexts stay in memory, so a full collection need not walk over them while somebody waits
                # for an answer. Garbage is collected first, because frozen objects are never looked at again.
                gc.collect()
                gc.freeze()
            return self._contexts[name]

    def contexts(self, names: Iterable[str]) -> dict[str, Context | CrdsError]:
        """Return many contexts by name, or for each the reason why it cannot be used.

        They are not kept, because a question about a whole history names hundreds. Their mappings are.
        """
        found: dict[str, Context | CrdsError] = {}
        for name in names:
            try:
                found[name] = self._contexts.get(name) or self._passing(name)
            except CrdsError as exc:
                found[name] = exc
        return found

    def _passing(self, name: str) -> Context:
        with self._loading():
            members = self._members(name)
            _require_sound(name, members.values())
            return _assembled(name, members)

    def closure(self, name: str) -> tuple[str, ...]:
        """Return a mapping and all mappings below it, sorted; no rmap is read.

        Raises
        ------
        UnknownContextError, UnusableContextError
            As `context`, but wrong sha1sums inside the mappings do not matter.
        """
        found = self._closures.get(name)
        if found is None:
            with self._loading():
                found = self._find_closure(name)
        return found

    def _find_closure(self, name: str) -> tuple[str, ...]:
        if name in self._closures:
            return self._closures[name]
        _require_known(name)
        found, level = {name}, [name]
        while level := [member for member in level if not member.endswith(".rmap")]:
            loaded = self._load(level, wanted_by=name)
            # A directory, which a few old contexts give, is not part of the name.
            below = {posixpath.basename(child) for one in loaded.values() for child in one.mapping.children}
            level = sorted(below - found)
            found |= below
        return self._closures.setdefault(name, tuple(sorted(found)))

    def selections(self, name: str) -> dict[str, str]:
        """Return the selections of one pmap or imap: instrument or type to mapping name or special value."""
        with self._loading():
            _require_known(name)
            return dict(self._load([name], wanted_by=name)[name].mapping.selections)

    def upper_members(self, name: str) -> dict[str, Loaded]:
        """Return a mapping and all below it without the rmaps, which need not be held here."""
        with self._loading():
            return self._load(
                [member for member in self._find_closure(name) if not member.endswith(".rmap")],
                wanted_by=name,
            )

    def members(self, name: str) -> dict[str, Loaded]:
        """Return a mapping and all below it as they are in memory, even if they are not sound."""
        with self._loading():
            return self._members(name)

    def _members(self, name: str) -> dict[str, Loaded]:
        return self._load(self._find_closure(name), wanted_by=name)

    def _load(self, names: Iterable[str], *, wanted_by: str) -> dict[str, Loaded]:
        """Return mappings by name, with one query for all that are not in memory yet."""
        wanted = tuple(names)
        missing = [name for name in wanted if name not in self._loaded]
        rows = catalog.files_named(missing) if missing else {}
        for name in missing:
            try:
                loaded = self._loaded[name] = self._load_one(name, rows.get(name))
                self._size += loaded.size
            except CrdsError as exc:
                self._note_use(wanted_by, [known for known in wanted if known in self._loaded])
                raise _unusable(name, wanted_by, exc) from exc
        found = {name: self._loaded[name] for name in wanted}
        self._note_use(wanted_by, wanted)
        return found

    def _note_use(self, context: str, names: Iterable[str]) -> None:
        """Note that mappings are needed for what was asked."""
        own = self._in_order_of_use.setdefault(context, set())
        self._users.update(name for name in set(names) - own)
        own.update(names)
        self._in_order_of_use.move_to_end(context)

    def _forget_least_used(self) -> None:
        """Forget what was not asked for the longest, until the rest has room; the newest always stays."""
        while self._size > settings.CONTEXT_MEMORY_BYTES and len(self._in_order_of_use) > 1:
            self._forget_one()

    def _forget_one(self) -> None:
        """Forget what was not asked for the longest, and the mappings that nothing else needs."""
        # One call, because other threads change the order at any moment and an iterator would then fail.
        context, names = self._in_order_of_use.popitem(last=False)
        self._contexts.pop(context, None)
        self._closures.pop(context, None)
        for name in names:
            self._users[name] -= 1
            if not self._users[name]:
                del self._users[name]
                self._size -= self._loaded.pop(name).size

    def _load_one(self, name: str, row: File | None) -> Loaded:
        if row is None:
            raise UnknownFileError(f"File {name!r} is not known to this server.")
        locate(row)
        return self._read_artifact(row) or self._compile(row)

    def _compile(self, row: File) -> Loaded:
        """Compile the text of a held mapping; with a wrong sha1sum inside, it still shows what it names."""
        observatory, text = get_observatory(settings.OBSERVATORY), load_text(row)
        try:
            mapping = compile_mapping(text, name=row.name, observatory=observatory)
        except ChecksumError as exc:
            logger.warning("%s", exc)
            mapping = compile_mapping(text, name=row.name, observatory=observatory, verify_checksum=False)
            return Loaded(mapping, len(compiled_bytes.dump(mapping)), problem=str(exc))
        compiled = compiled_bytes.dump(mapping)
        # A failure to keep it for later processes is ignored.
        keep(self.folder / f"{row.name}.bin", row.sha1sum.encode() + compiled)
        return Loaded(mapping, len(compiled))

    def _read_artifact(self, row: File) -> Loaded | None:
        """Return the mapping in an artifact, or None if the artifact must be made again."""
        try:
            content = (self.folder / f"{row.name}.bin").read_bytes()
            if content[:40] != row.sha1sum.encode():
                return None
            return Loaded(compiled_bytes.load(content[40:]), len(content) - 40)
        except FileNotFoundError:
            return None
        except (OSError, ArtifactError) as exc:
            logger.warning("The artifact of %s cannot be used and is made again: %s", row.name, exc)
            return None


def _require_known(name: str) -> None:
    if not (is_file_name(name) and is_mapping(name)) or catalog.find_file(name) is None:
        raise UnknownContextError(f"Mapping {name!r} is not known to this server.")


def _unusable(name: str, wanted_by: str, reason: CrdsError) -> CrdsError:
    """Return the error that says why a mapping, or the context that needs it, cannot be used."""
    if name == wanted_by:
        return UnusableContextError(str(reason))
    return UnusableContextError(f"{wanted_by} cannot be used, because it needs {name}: {reason}")


def _assembled(name: str, members: Mapping[str, Loaded]) -> Context:
    try:
        return assemble(name, {member: loaded.mapping for member, loaded in members.items()})
    except MappingError as exc:
        raise UnusableContextError(f"{name} cannot be used: {exc}") from exc


def _require_sound(name: str, members: Iterable[Loaded]) -> None:
    for member in members:
        if member.problem:
            raise UnusableContextError(f"{name} cannot be used: {member.problem}")


_pools: dict[Path, Pool] = {}
_pools_lock = threading.Lock()


def pool() -> Pool:
    """Return the pool of this process; a changed artifact root, as in tests, starts a new one."""
    root = settings.ARTIFACT_ROOT
    found = _pools.get(root)
    if found is None:
        with _pools_lock:
            found = _pools.get(root)
            if found is None:
                _pools.clear()
                found = _pools[root] = Pool(root)
    return found

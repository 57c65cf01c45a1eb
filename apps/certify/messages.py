"""What is asked of a child and what it reports: frozen values, one JSON object per line on the wire."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

from apps.certify.errors import ChildError, RefusedJobError
from apps.rules.naming.file_names import is_file_name, is_mapping

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use.

    Attributes
    ----------
    seconds
        Wall-clock time; processor time is limited to the same.
    memory
        Address space in bytes. Mapped files count, so that it must exceed the largest file several times.
    file_size
        Largest file the child may write, in bytes.
    """

    seconds: float = 3600
    memory: int = 16 * GIB
    file_size: int = 8 * GIB


@dataclass(frozen=True, slots=True)
class RmapEdit:
    """One new rmap: what is inserted into, or deleted from, an rmap of the store.

    Attributes
    ----------
    old, new
        Names; the new one is written to ``<folder>/new/<new>``.
    insert
        Paths of references under the names they shall have in the rmap.
    delete
        Names of references.
    """

    old: str
    new: str
    insert: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A FITS file to be written again under its official name, which its header then tells.

    Attributes
    ----------
    path, target
        The file, and where the new one goes; the name of the target is the official one.
    """

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class CertifyJob:
    """One job for one child. Its parts are done in the order of the attributes.

    Nothing is written again while a file or a trial has an error, and no rmap is made after that failed.

    Attributes
    ----------
    observatory
        Lower case name.
    context
        Name of the pmap to certify against.
    store
        Folder laid out as a CRDS cache; it is only read.
    folder
        Empty folder of this job alone; the child works in it and leaves the new rmaps in ``new``.
    files
        Paths of references and mappings to certify, each under the name it arrived with.
    is_compared
        Whether tables are compared with the reference they would replace.
    is_tried
        Whether all references that have no error are inserted on trial, each type into its rmap.
    rewrites
        Files to write again under official names.
    edits
        New rmaps to make.
    limits
        What the job may use.
    """

    observatory: str
    context: str
    store: str
    folder: str
    files: tuple[str, ...] = ()
    is_compared: bool = True
    is_tried: bool = True
    rewrites: tuple[Rewrite, ...] = ()
    edits: tuple[RmapEdit, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def require_sound(self) -> None:
        """Raise `RefusedJobError` unless every file is there under a proper name that is there once."""
        inserted = [path for edit in self.edits for path in edit.insert]
        for paths in (self.files, tuple(rewrite.path for rewrite in self.rewrites), tuple(inserted)):
            _require_files(paths)
        targets = tuple(rewrite.target for rewrite in self.rewrites)
        _require_names([self.context, *map(_name, targets), *(edit.new for edit in self.edits)])
        _require_names([edit.old for edit in self.edits])
        for name in (self.context, *(name for edit in self.edits for name in (edit.old, edit.new))):
            if not is_mapping(name):
                raise RefusedJobError(f"{name!r} is not the name of a mapping.")

    @property
    def folders(self) -> set[str]:
        """The folders of this server which the job names."""
        paths = [*self.files, *(path for edit in self.edits for path in edit.insert)]
        paths += [path for rewrite in self.rewrites for path in (rewrite.path, rewrite.target)]
        return {self.folder, f"{self.folder}/new", self.store, *map(_parent, paths)}

    def dumps(self) -> bytes:
        """Return the job as JSON."""
        return _dumped("certify", self)

    @classmethod
    def loads(cls, data: bytes) -> CertifyJob:
        """Return the job that `dumps` made into `data`."""
        values = json.loads(data)
        del values["type"]
        values["files"] = tuple(values["files"])
        values["rewrites"] = tuple(Rewrite(**rewrite) for rewrite in values["rewrites"])
        values["edits"] = tuple(
            RmapEdit(edit["old"], edit["new"], tuple(edit["insert"]), tuple(edit["delete"]))
            for edit in values["edits"]
        )
        return cls(**{**values, "limits": Limits(**values["limits"])})


@dataclass(frozen=True, slots=True)
class SynphotJob:
    """One job on the synthetic photometry in a delivery. Its parts are done in the order of the attributes.

    Files of other instruments are passed over; without any of synphot nothing is done. Nothing is tested
    if a table could not be made.

    Attributes
    ----------
    observatory
        Lower case name.
    context
        Name of the pmap whose references stand beside the delivered ones.
    store
        Folder laid out as a CRDS cache; it is only read.
    folder
        Empty folder of this job alone; new tables are left in ``generated``.
    files
        Paths of all delivered references, their lookup tables included. For tests each has its official name.
    is_regenerated
        Whether lookup tables are made for components delivered without one.
    is_tested
        Whether the integration tests run on the context's references with the delivered ones, and with
        the tables just made, in place of theirs.
    processes
        How many observation modes are built at a time; 0 means one on each core this process may use.
    limits
        What the job may use; memory and processor time are those of each process.

    Notes
    -----
    Source: website, section 8.9.
    """

    observatory: str
    context: str
    store: str
    folder: str
    files: tuple[str, ...] = ()
    is_regenerated: bool = False
    is_tested: bool = False
    processes: int = 0
    limits: Limits = field(default_factory=Limits)

    def require_sound(self) -> None:
        """Raise `RefusedJobError` unless every file is there under a proper name that is there once."""
        _require_files(self.files)
        _require_names([self.context])
        if not is_mapping(self.context):
            raise RefusedJobError(f"{self.context!r} is not the name of a mapping.")

    @property
    def folders(self) -> set[str]:
        """The folders of this server which the job names."""
        return {self.folder, self.store, *map(_parent, self.files)}

    def dumps(self) -> bytes:
        """Return the job as JSON."""
        return _dumped("synphot", self)

    @classmethod
    def loads(cls, data: bytes) -> SynphotJob:
        """Return the job that `dumps` made into `data`."""
        values = json.loads(data)
        del values["type"]
        return cls(**{**values, "files": tuple(values["files"]), "limits": Limits(**values["limits"])})


Job: TypeAlias = CertifyJob | SynphotJob
_JOBS: dict[str, type[CertifyJob] | type[SynphotJob]] = {"certify": CertifyJob, "synphot": SynphotJob}


def load_job(data: bytes) -> Job:
    """Return the job that its `dumps` made into `data`, whichever it is."""
    return _JOBS[json.loads(data)["type"]].loads(data)


def _dumped(kind: str, job: Job) -> bytes:
    return json.dumps({"type": kind, **asdict(job)}).encode()


def _name(path: str) -> str:
    return Path(path).name


def _parent(path: str) -> str:
    return str(Path(path).parent)


def _require_names(names: list[str]) -> None:
    for name in names:
        if not is_file_name(name):
            raise RefusedJobError(f"{name!r} is not a file name: 1 to 128 letters, digits, '.', '_' and '-'.")


def _require_files(paths: tuple[str, ...]) -> None:
    seen: set[str] = set()
    _require_names([_name(path) for path in paths])
    for path in paths:
        if _name(path) in seen:
            raise RefusedJobError(f"{_name(path)} is there twice.")
        seen.add(_name(path))
        if not Path(path).is_absolute() or not Path(path).is_file():
            raise RefusedJobError(f"There is no file {_name(path)}.")


@dataclass(frozen=True, slots=True)
class Log:
    """A line of the log.

    Attributes
    ----------
    level
        ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
    text
        Without the folders of this server.
    about
        Name of the file or rmap in work.
    """

    level: str
    text: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """How one file was judged.

    Attributes
    ----------
    name
        Without directory.
    errors, warnings
        Number of log lines of these levels.
    instrument, filekind
        Lower case, as its name or content tells; empty if neither does.
    """

    name: str
    errors: int
    warnings: int
    instrument: str = ""
    filekind: str = ""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """One file was written again; `errors` is zero if `path` is there."""

    name: str
    path: str
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the library answers from a new rmap for a dataset made up to fit one of its cases."""

    header: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class RmapMade:
    """One rmap was made, or failed to be.

    Attributes
    ----------
    name, old
        Names of the new rmap and of the one it comes from; both are the same on trial.
    instrument, filekind
        Lower case; empty for edits.
    path
        Where the new text is; empty if there is none.
    inserted, deleted
        Names of references.
    errors, warnings
        Of the insertion and of certifying the result.
    is_trial
        Whether the references had the names they were uploaded under.
    answers
        What the library finds in it; see `apps.rules.differences.rmap_agreement`.
    """

    name: str
    old: str
    path: str
    errors: int
    warnings: int
    instrument: str = ""
    filekind: str = ""
    inserted: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    is_trial: bool = False
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class TableMade:
    """One lookup table of synphot was made for the delivered components, or failed to be.

    Attributes
    ----------
    name
        Of today's date and time in the manner of HST, for the time until it gets its official one.
    path
        Where it is, in ``<folder>/generated``; empty if there is none.
    reftype
        ``tmctab`` or ``tmttab``.
    errors, warnings
        Number of log lines of these levels; their `Log.about` is `name`.
    """

    name: str
    path: str
    reftype: str
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class SynphotVerdict:
    """How one integration test of synphot ended.

    Attributes
    ----------
    name
        As people read it; its log lines have it as `Log.about`.
    errors, warnings
        Number of log lines of these levels.
    is_run
        Whether it was run; if not, a warning or an error says what was missing.
    checked, failed
        Components compared, of which none is counted as failed; or observation modes built, and how many
        of them could not be.
    """

    name: str
    errors: int
    warnings: int
    is_run: bool
    checked: int = 0
    failed: int = 0

    @property
    def status(self) -> str:
        """``OK``, ``Warnings`` or ``ERRORS``, as pages show it."""
        return "ERRORS" if self.errors else "Warnings" if self.warnings else "OK"


@dataclass(frozen=True, slots=True)
class End:
    """The job is done; the sums of all verdicts, and how long it took in seconds."""

    errors: int
    warnings: int
    seconds: float


Event: TypeAlias = Log | FileVerdict | Rewritten | RmapMade | TableMade | SynphotVerdict | End
_KINDS: dict[str, type[Any]] = {
    "log": Log,
    "file": FileVerdict,
    "rewritten": Rewritten,
    "rmap": RmapMade,
    "table": TableMade,
    "synphot": SynphotVerdict,
    "end": End,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def encode(event: Event) -> bytes:
    r"""Return an event as a line.

    Examples
    --------
    >>> encode(Log("INFO", "one\ntwo"))
    b'{"type": "log", "level": "INFO", "text": "one\\ntwo", "about": ""}\n'
    """
    return json.dumps({"type": _NAMES[type(event)], **asdict(event)}).encode() + b"\n"


def decode(line: bytes) -> Event:
    """Return the event of a line.

    Raises
    ------
    ChildError
        Raised if the line is none of ours.
    """
    try:
        values = json.loads(line)
        kind = _KINDS[values.pop("type")]
        if set(values) != {field.name for field in fields(kind)}:
            raise ValueError(f"not the fields of {kind.__name__}")
        if kind is RmapMade:
            values["answers"] = tuple(Answer(**answer) for answer in values["answers"])
            values |= {key: tuple(values[key]) for key in ("inserted", "deleted")}
        event: Event = kind(**values)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ChildError(f"the child wrote {line[:200]!r}: {exc}") from exc
    return event

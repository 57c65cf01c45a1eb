"""Jobs for a child and its reports: frozen values, one JSON object per line on the wire."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

from apps.certify.errors import ChildError, RefusedJobError
from apps.certify.sandbox.limits import Limits
from apps.rules.naming.file_names import is_file_name, is_mapping

GIB = 1 << 30
# Mapped files count in the address space, so it must be several times as large as the largest file.
JOB_LIMITS = Limits(seconds=3600, memory=16 * GIB, file_size=8 * GIB, address_space=16 * GIB)


@dataclass(frozen=True, slots=True)
class RmapEdit:
    """A new rmap: an rmap of the store with references inserted or deleted.

    Attributes
    ----------
    old, new
        Names of the rmaps; the new one is written to ``<folder>/new/<new>``.
    insert
        Paths of references, under the names that they will have in the rmap.
    delete
        Names of references to delete.
    """

    old: str
    new: str
    insert: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A FITS file to be written again under its official name; its header then has this name.

    Attributes
    ----------
    path, target
        Paths of the file and of the new file; the name of the target is the official name.
    """

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class CertifyJob:
    """One job for one child. Its parts are done in the order of the attributes.

    No file is written again if a file or a trial has an error. No rmap is made if writing again has failed.

    Attributes
    ----------
    observatory
        Name in lower case.
    context
        Name of the pmap to certify against.
    store
        Folder laid out as a CRDS cache; it is only read.
    folder
        Empty folder of this job alone; the child works in it and leaves the new rmaps in ``new``.
    files
        Paths of references and mappings to certify, each under its uploaded name.
    is_compared
        Whether tables are compared with the references that they would replace.
    is_tried
        Whether the references are inserted on trial, each type into its rmap; only if no file has an error.
    rewrites
        Files to write again under official names.
    edits
        New rmaps to make.
    limits
        The resources that the job may use.
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
    limits: Limits = JOB_LIMITS

    def require_sound(self) -> None:
        """Raise `RefusedJobError` unless every file exists, and every name is valid and given only once."""
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
        """The folders of this server that the job names."""
        paths = [*self.files, *(path for edit in self.edits for path in edit.insert)]
        paths += [path for rewrite in self.rewrites for path in (rewrite.path, rewrite.target)]
        return {self.folder, f"{self.folder}/new", self.store, *map(_parent, paths)}

    def dumps(self) -> bytes:
        """Return the job as JSON."""
        return _dumped("certify", self)

    @classmethod
    def loads(cls, data: bytes) -> CertifyJob:
        """Return the job from the JSON that `dumps` made of it."""
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

    Files of other instruments are skipped. Without a file of synphot nothing is done. No test runs if a table
    could not be made.

    Attributes
    ----------
    observatory
        Name in lower case.
    context
        Name of the pmap whose references are used besides the delivered ones.
    store
        Folder laid out as a CRDS cache; it is only read.
    folder
        Empty folder of this job alone; new tables are left in ``generated``.
    files
        Paths of all delivered references, lookup tables included. For tests each has its official name.
    is_regenerated
        Whether lookup tables are made for components that were delivered without one.
    is_tested
        Whether the integration tests run, on the references of the context; delivered references and newly
        made tables replace those of the context.
    processes
        Number of observation modes built at a time; 0 means one for each core that this process may use.
    limits
        The resources of the job; the limit of processor time holds for each process.

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
    limits: Limits = JOB_LIMITS

    def require_sound(self) -> None:
        """Raise `RefusedJobError` unless every file exists, and every name is valid and given only once."""
        _require_files(self.files)
        _require_names([self.context])
        if not is_mapping(self.context):
            raise RefusedJobError(f"{self.context!r} is not the name of a mapping.")

    @property
    def folders(self) -> set[str]:
        """The folders of this server that the job names."""
        return {self.folder, self.store, *map(_parent, self.files)}

    def dumps(self) -> bytes:
        """Return the job as JSON."""
        return _dumped("synphot", self)

    @classmethod
    def loads(cls, data: bytes) -> SynphotJob:
        """Return the job from the JSON that `dumps` made of it."""
        values = json.loads(data)
        del values["type"]
        return cls(**{**values, "files": tuple(values["files"]), "limits": Limits(**values["limits"])})


Job: TypeAlias = CertifyJob | SynphotJob
_JOBS: dict[str, type[CertifyJob] | type[SynphotJob]] = {"certify": CertifyJob, "synphot": SynphotJob}


def load_job(data: bytes) -> Job:
    """Return a job of either kind from the JSON that its `dumps` made of it."""
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
        The line without the folders of this server.
    about
        Name of the file or rmap that is being processed.
    """

    level: str
    text: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """The verdict on one file.

    Attributes
    ----------
    name
        File name without a directory.
    errors, warnings
        Number of log lines of these levels.
    instrument, filekind
        Lower case, from the name or content of the file; empty if neither gives them.
    """

    name: str
    errors: int
    warnings: int
    instrument: str = ""
    filekind: str = ""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The result of writing one file again; `errors` is zero if there is a file at `path`."""

    name: str
    path: str
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer that the library finds in a new rmap for a dataset made up to fit one of its cases."""

    header: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class RmapMade:
    """The result of making one rmap, which may have failed.

    Attributes
    ----------
    name, old
        Names of the new rmap and of the rmap it was made from; on trial both are the same.
    instrument, filekind
        Lower case; empty for edits.
    path
        Path of the new rmap; empty if there is none.
    inserted, deleted
        Names of references.
    errors, warnings
        Numbers of log lines of these levels, from the change and from the certification of the result.
    is_trial
        Whether the references had their uploaded names.
    answers
        The answers that the library finds in it; see `apps.rules.differences.rmap_agreement`.
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
    """The result of making one lookup table of synphot for the delivered components.

    Attributes
    ----------
    name
        Provisional name, made of the date and time; the official name comes later.
    path
        Path of the table, in ``<folder>/generated``; empty if making it failed.
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
    """The result of one integration test of synphot.

    Attributes
    ----------
    name
        Name of the test as people read it; its log lines have it as `Log.about`.
    errors, warnings
        Number of log lines of these levels.
    is_run
        Whether the test was run; if not, a warning or an error says what was missing.
    checked, failed
        Number of components compared, of which none counts as failed; or number of observation modes tried,
        and of those that could not be built.
    """

    name: str
    errors: int
    warnings: int
    is_run: bool
    checked: int = 0
    failed: int = 0

    @property
    def status(self) -> str:
        """The status that pages show: ``OK``, ``Warnings`` or ``ERRORS``."""
        return "ERRORS" if self.errors else "Warnings" if self.warnings else "OK"


@dataclass(frozen=True, slots=True)
class End:
    """The end of a job: the sums of all verdicts, and the time it took in seconds."""

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
        Raised if the line is not an event.
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

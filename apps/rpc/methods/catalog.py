"""The known files, their records and their addresses."""

from apps.catalog import queries
from apps.catalog.errors import UnknownFileError
from apps.catalog.models import File
from apps.catalog.states import FileKind
from apps.distribution.queries import file_url
from apps.rpc.arguments import require_file_name, require_observatory, require_ours
from apps.rpc.file_info import NOT_FOUND, info_by_name, whole_catalog
from apps.rpc.registry import Cost, Prepared, read_method


@read_method(cost=Cost(20))
def list_mappings(observatory: str | None = None, glob_pattern: str = "*") -> list[str]:
    """Return the names of all mappings that match a shell pattern, sorted."""
    require_observatory(observatory)
    return queries.names_matching(FileKind.MAPPING, glob_pattern)


@read_method(cost=Cost(20))
def list_references(observatory: str | None = None, glob_pattern: str = "*") -> list[str]:
    """Return the names of all references that match a shell pattern, sorted."""
    require_observatory(observatory)
    return queries.names_matching(FileKind.REFERENCE, glob_pattern)


@read_method
def get_file_info(pipeline_context: str | None, filename: str) -> dict[str, str]:
    """Return all fields of the catalog for one file."""
    require_ours(pipeline_context)
    found = info_by_name([require_file_name(filename)], None)
    if filename not in found:
        raise UnknownFileError(f"File {filename!r} is not known to this server.")
    return found[filename]


@read_method(cost=Cost(counted="files", items=100, absent=500))
def get_file_info_map(
    observatory: str | None, files: list[str] | None = None, fields: list[str] | None = None
) -> dict[str, dict[str, str] | str] | Prepared:
    """Return fields of the catalog for some files, or for all, by file name."""
    require_observatory(observatory)
    if files is None:
        return Prepared(whole_catalog(fields))
    found = info_by_name(files, fields)
    return {name: found.get(name, NOT_FOUND) for name in files}


@read_method
def get_url(pipeline_context: str | None, filename: str) -> str:
    """Return the address of a file."""
    require_ours(pipeline_context)
    return file_url(queries.get_file(require_file_name(filename)))


@read_method
def get_mapping_url(pipeline_context: str | None, mapping: str) -> str:
    """Return the address of a mapping."""
    require_ours(pipeline_context)
    return file_url(_of_kind(mapping, FileKind.MAPPING))


@read_method
def get_reference_url(pipeline_context: str | None, reference: str) -> str:
    """Return the address of a reference."""
    require_ours(pipeline_context)
    return file_url(_of_kind(reference, FileKind.REFERENCE))


def _of_kind(name: str, kind: FileKind) -> File:
    file = queries.get_file(require_file_name(name))
    if file.kind != kind:
        raise UnknownFileError(f"{name} is a {file.kind}, not a {kind}.")
    return file

"""The published tables of this server (vo-services, section 6)."""

from __future__ import annotations

from apps.vo.tables.columns import (
    FieldFacts,
    ForeignKey,
    PublishedColumn,
    PublishedTable,
    Sql,
    ValueKind,
    same,
)
from apps.vo.tables.sql import exposure_type, flag, json_text, kbytes, media_type, moment, text

_T, _U, _TIME = ValueKind.TEXT, ValueKind.UNICODE, ValueKind.TIMESTAMP


def _column(
    name: str,
    kind: ValueKind,
    ucd: str,
    description: str,
    sql: Sql,
    *,
    unit: str = "",
    is_principal: bool = True,
    is_indexed: bool = False,
) -> PublishedColumn:
    facts = FieldFacts(kind, description, ucd, unit)
    return PublishedColumn(name, facts, sql, is_principal, is_indexed)


def _minor(name: str, kind: ValueKind, ucd: str, description: str, sql: Sql) -> PublishedColumn:
    return _column(name, kind, ucd, description, sql, is_principal=False)


_DATASET_ID = "d.product || ':' || d.exposure"
_HEADER_SIZE = Sql("length(d.header)", "length(d.header::text)")
_HEADER_KBYTES = Sql(kbytes(_HEADER_SIZE.sqlite).sqlite, kbytes(_HEADER_SIZE.postgresql).postgresql)
_IS_HELD = "f.held_at IS NOT NULL"
_FOLDER = "CASE WHEN f.kind = 'mapping' THEN $mappings ELSE $references_url END"

FILES = PublishedTable(
    "crds",
    "files",
    "Every reference file and mapping that the caller may see, with its delivery and its state.",
    (
        _column("name", _T, "meta.id;meta.main", "Official file name", same("f.name"), is_indexed=True),
        _column("observatory", _T, "meta.id;instr.obsty", "Observatory, lower case", text("f.observatory")),
        _column("instrument", _T, "meta.id;instr", "Instrument, lower case", text("f.instrument")),
        _column(
            "filekind", _T, "meta.code.class", "Reference type; pmap, imap or rmap for a mapping",
            same("CASE WHEN f.kind = 'mapping' THEN substr(f.name, length(f.name) - 3) "
                 "ELSE nullif(lower(f.filekind), '') END"),
        ),
        _column("file_type", _T, "meta.code.class", "reference or mapping", same("f.kind")),
        _column("state", _T, "meta.code.status", "State of the file on its way into the archive", same("f.state")),
        _column("sha1sum", _T, "meta.checksum", "SHA-1 of the bytes, hexadecimal", text("f.sha1sum"), is_indexed=True),
        _column("file_size", ValueKind.LONG, "phys.size;meta.file", "Size of the file", same("f.size"), unit="byte"),
        _column("delivery_date", _TIME, "time.release", "Moment of the delivery, UTC", moment("f.delivered_at")),
        _column("activation_date", _TIME, "time.start", "Moment at which a latest context first contained it, UTC", moment("f.activated_at")),
        _column("useafter_date", _TIME, "time.start;obs", "First moment a reference applies to, UTC", moment("f.useafter_at")),
        _column("aperture", _T, "meta.id;instr.param", "Aperture it is for", text("f.aperture"), is_indexed=False),
        _column("blacklisted", ValueKind.SHORT, "meta.code.qual", "1 if it, or a file that it names, is bad", flag("f.blacklisted")),
        _column("rejected", ValueKind.SHORT, "meta.code.qual", "1 if it is bad itself", flag("f.rejected")),
        _column("change_level", _T, "meta.code", "Effect on the science: trivial, moderate or severe", same("lower(f.change_level)")),
        _column("comment", _U, "meta.note", "Comment of the deliverer", text("f.comment")),
        _column("description", _U, "meta.note", "Reason for its delivery", text("f.description")),
        _column("pedigree", _T, "meta.code.class", "ClientOrigin of the data: INFLIGHT, GROUND, MODEL, DUMMY", text("f.pedigree")),
        _minor("reference_file_type", _T, "meta.code.class", "Type as the file itself names it", text("f.reference_file_type")),
        _minor("history", _U, "meta.note", "History of the file", text("f.history")),
        _column("creator_name", _U, "meta.bib.author", "Author of the file", text("f.creator")),
        _column("deliverer_user", _T, "meta.id", "Account that delivered it", text("f.deliverer")),
        _column("derived_from", _U, "meta.ref", "File from which it was made", text("f.derived_from")),
        _column("replaced_by", _T, "meta.ref", "File that replaces it", text("f.replaced_by")),
        _minor("uploaded_as", _U, "meta.id", "Name it arrived with", text("f.uploaded_as")),
        _minor("publisher_did", _T, "meta.ref.ivoid", "IVOA identifier of the file", same("$did || f.name")),
        _column("access_url", _T, "meta.ref.url", "Address of the bytes; NULL if this server does not hold them",
                same(f"CASE WHEN {_IS_HELD} THEN {_FOLDER} || f.name END")),
        _column("access_format", _T, "meta.code.mime", "Media type of the bytes", media_type("f.name")),
        _column("access_estsize", ValueKind.LONG, "phys.size;meta.file", "Size of the bytes", kbytes("f.size"), unit="kbyte"),
        _minor("datalink_url", _T, "meta.ref.url", "Links of the file", same("$links || f.name")),
    ),
    same("catalog_file f"),
    condition="f.state <> 'uploaded' OR f.deliverer = $reader OR $sees_all = 1",
)  # fmt: skip

CONTEXTS = PublishedTable(
    "crds",
    "contexts",
    "Every context: the pipeline mappings, and which of them the pointers name.",
    (
        _column("context", _T, "meta.id;meta.main", "Name of the pmap", same("f.name"), is_indexed=True),
        _column("observatory", _T, "meta.id;instr.obsty", "Observatory, lower case", text("f.observatory")),
        _column("is_latest", ValueKind.SHORT, "meta.code.status", "1 if pipelines use it now", same("CASE WHEN f.name = $latest THEN 1 ELSE 0 END")),
        _column("is_edit", ValueKind.SHORT, "meta.code.status", "1 if deliveries build on it", same("CASE WHEN f.name = $edit THEN 1 ELSE 0 END")),
        _column("is_build", ValueKind.SHORT, "meta.code.status", "1 if a version of the calibration software uses it", same("CASE WHEN f.name IN ($builds) THEN 1 ELSE 0 END")),
        _column("state", _T, "meta.code.status", "State of the file", same("f.state")),
        _column("delivery_date", _TIME, "time.release", "Moment of the delivery, UTC", moment("f.delivered_at")),
        _column("derived_from", _U, "meta.ref", "Context from which it was made", text("f.derived_from")),
        _column("mapping_count", ValueKind.INT, "meta.number", "Mappings in it; NULL until they were counted", same("s.mapping_count")),
        _column("reference_count", ValueKind.INT, "meta.number", "References in it; NULL until they were counted", same("s.reference_count")),
        _column("description", _U, "meta.note", "Reason for its delivery", text("f.description")),
    ),
    same("catalog_file f LEFT JOIN contexts_contextsummary s ON s.context = f.name"),
    condition="f.name LIKE '%.pmap' AND f.state <> 'uploaded'",
)  # fmt: skip

CONTEXT_HISTORY = PublishedTable(
    "crds",
    "context_history",
    "The contexts that pipelines used, one after the other.",
    (
        _column("observatory", _T, "meta.id;instr.obsty", "Observatory, lower case", same("$observatory")),
        _column("start_date", _TIME, "time.start", "First moment of its use, UTC", moment("c.started_at")),
        _column("end_date", _TIME, "time.end", "End of its use, UTC; NULL for the present one", moment("c.ended_at")),
        _column("context", _T, "meta.ref", "Name of the pmap", same("c.context")),
        _column("description", _U, "meta.note", "Reason for the change", text("c.reason")),
    ),
    same(
        "(SELECT p.context, p.reason, p.started_at, "
        "lead(p.started_at) OVER (ORDER BY p.started_at, p.id) AS ended_at "
        "FROM contexts_contextchange p WHERE p.pointer = 'latest') c"
    ),
    keys=(ForeignKey("crds.contexts", {"context": "context"}, "The context of the period"),),
)  # fmt: skip

RULES = PublishedTable(
    "crds",
    "rules",
    "The rules of the latest and the edit context: a match case, a useafter date and the reference for them.",
    (
        _column("context", _T, "meta.ref", "Name of the pmap", same("r.context"), is_indexed=True),
        _column("mapping", _T, "meta.ref", "Name of the rmap", same("r.mapping")),
        _column("instrument", _T, "meta.id;instr", "Instrument, lower case", text("r.instrument")),
        _column("filekind", _T, "meta.code.class", "Reference type", text("r.filekind")),
        _column("reference", _T, "meta.ref", "Name of the reference", same("r.reference"), is_indexed=True),
        _column("useafter", _TIME, "time.start", "First moment the rule applies to, UTC; NULL if it has none", text("r.useafter")),
        _column("match_params", ValueKind.JSON, "meta.note", "JSON object: parameter to the value it must have", same("r.match_params")),
    ),
    same("contexts_listedrule r"),
    keys=(
        ForeignKey("crds.files", {"reference": "name"}, "The reference of the rule"),
        ForeignKey("crds.contexts", {"context": "context"}, "The context of the rule"),
    ),
)  # fmt: skip

DATASETS = PublishedTable(
    "crds",
    "datasets",
    "Observed datasets whose matching parameters this server holds.",
    (
        _column("dataset_id", _T, "meta.id;meta.main", "Product and exposure", same(_DATASET_ID)),
        _minor("publisher_did", _T, "meta.ref.ivoid", "IVOA identifier of the dataset", same(f"$did || {_DATASET_ID}")),
        _column("observatory", _T, "meta.id;instr.obsty", "Observatory, lower case", same("$observatory")),
        _column("instrument", _T, "meta.id;instr", "Instrument, lower case", same("d.instrument"), is_indexed=True),
        _column("product_id", _T, "meta.id.parent", "Product that the exposure is part of", same("d.product"), is_indexed=True),
        _column("exp_start", _TIME, "time.start;obs.exposure", "Start of the exposure, UTC", moment("d.observed_at"), is_indexed=True),
        _column("match_params", ValueKind.JSON, "meta.note", "JSON object: parameter to the value of the dataset", json_text("d.header")),
        _column("access_url", _T, "meta.ref.url", "Address of its matching parameters", same(f"$data || {_DATASET_ID}")),
        _column("access_format", _T, "meta.code.mime", "Media type of the parameters", same("'application/json'")),
        _column("access_estsize", ValueKind.LONG, "phys.size;meta.file", "Size of the parameters", _HEADER_KBYTES, unit="kbyte"),
        _minor("datalink_url", _T, "meta.ref.url", "Links of the dataset", same(f"$links || replace({_DATASET_ID}, '+', '%2B')")),
    ),
    same("datasets_dataset d"),
)  # fmt: skip

# Most answers are kept by modes; datasets with an unusual header have rows of their own.
_BESTREFS = """(
SELECT e.id AS dataset_id, p.context AS context, r.instrument AS instrument, r.filekind AS filekind,
  s.reference AS reference, s.status AS status, s.message AS message, p.kept_at AS computed_at
FROM bestrefs_timelinestep s
JOIN bestrefs_modetimeline m ON m.timeline_id = s.timeline_id
JOIN bestrefs_pointedrules p ON p.rules_id = m.rules_id AND p.pointer = 'latest'
JOIN bestrefs_keptrules r ON r.id = m.rules_id
JOIN datasets_dataset e ON e.mode_id = m.mode_id AND e.observed_at >= s.begins_at AND e.observed_at < s.ends_at
UNION ALL
SELECT o.dataset_id AS dataset_id, o.context AS context, o.instrument AS instrument, o.filekind AS filekind,
  o.reference AS reference, o.status AS status, o.message AS message, o.computed_at AS computed_at
FROM bestrefs_bestreference o
JOIN bestrefs_keptdataset k ON k.dataset_id = o.dataset_id
JOIN datasets_dataset n ON n.id = o.dataset_id AND n.imported_at = k.imported_at
) b JOIN datasets_dataset d ON d.id = b.dataset_id"""

BESTREFS = PublishedTable(
    "crds",
    "bestrefs",
    "The best reference of each type for each dataset under the latest context.",
    (
        _column("dataset_id", _T, "meta.id", "Product and exposure", same(_DATASET_ID)),
        _column("context", _T, "meta.ref", "Context that was latest when it was computed", same("b.context")),
        _column("instrument", _T, "meta.id;instr", "Instrument, lower case", same("b.instrument"), is_indexed=True),
        _column("filekind", _T, "meta.code.class", "Reference type; NULL if all types failed", text("b.filekind")),
        _column("reference", _T, "meta.ref", "Name of the reference; NULL if there is none", text("b.reference"), is_indexed=True),
        _column("status", _T, "meta.code.status", "found, n/a or error", same("b.status")),
        _column("message", _U, "meta.note", "Reason if there is no reference", text("b.message")),
        _column("computed_at", _TIME, "time.creation", "Moment of the computation, UTC", moment("b.computed_at")),
    ),
    same(_BESTREFS),
    keys=(
        ForeignKey("crds.datasets", {"dataset_id": "dataset_id"}, "The dataset"),
        ForeignKey("crds.files", {"reference": "name"}, "The reference"),
    ),
)  # fmt: skip

RAW = PublishedTable(
    "dbo",
    "raw",
    "The table crds.datasets under the column names that notebooks of another archive use.",
    (
        _column("dp_id", _T, "meta.id;meta.main", "Product and exposure", same(_DATASET_ID)),
        _column("dp_cat", _T, "meta.code.class", "Category of the data", same("'SCIENCE'")),
        _column("prog_id", _T, "meta.id;obs.proposal", "Observing program", text("d.program")),
        _column("instrument", _T, "meta.id;instr", "Instrument, upper case", same("upper(d.instrument)")),
        _column("dp_type", _T, "meta.code.class", "ValueKind of exposure", exposure_type("d.header")),
        _column("exp_start", _TIME, "time.start;obs.exposure", "Start of the exposure, UTC", moment("d.observed_at"), is_indexed=True),
        _column("release_date", _TIME, "time.release", "Moment at which this server got its parameters, UTC", moment("d.imported_at")),
        _column("last_mod_date", _TIME, "time.processing", "Moment of the last change of its parameters, UTC", moment("d.imported_at")),
        _column("access_url", _T, "meta.ref.url", "Address of its matching parameters", same(f"$data || {_DATASET_ID}")),
        _column("access_estsize", ValueKind.LONG, "phys.size;meta.file", "Size of the parameters", _HEADER_KBYTES, unit="kbyte"),
        _column("datalink_url", _T, "meta.ref.url", "Links of the dataset", same(f"$links || replace({_DATASET_ID}, '+', '%2B')")),
    ),
    same("datasets_dataset d"),
)  # fmt: skip

SCHEMAS = {
    "crds": "Calibration reference files, contexts, datasets and best references.",
    "dbo": "The datasets under the names of another archive.",
    "tap_schema": "The description of the published tables.",
}
OWN_TABLES = (FILES, CONTEXTS, CONTEXT_HISTORY, RULES, DATASETS, BESTREFS, RAW)

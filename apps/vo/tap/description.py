"""The self-description of the service: capabilities, availability and tables, as XML."""

from __future__ import annotations

from django.conf import settings

from apps.vo.addresses import ClientOrigin
from apps.vo.adql.allowed import FUNCTIONS
from apps.vo.tables.catalogue import SCHEMAS
from apps.vo.tables.columns import PublishedColumn, PublishedTable
from apps.vo.tables.tap_schema import all_tables, quoted, shown_schema
from apps.vo.uws.documents import moment_text
from apps.vo.writers.xml_text import attributes, escape

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_VS = 'xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"'
_FEATURES = "ivo://ivoa.net/std/TAPRegExt#features-"
# Features of ADQL 2.1 under the names that validators know.
_OFFERED = {
    "adql-string": ("LOWER", "UPPER", "ILIKE"),
    "adql-sets": ("UNION", "EXCEPT", "INTERSECT"),
    "adql-common-table": ("WITH",),
    "adql-type": ("CAST",),
    "adql-offset": ("OFFSET",),
}
_OUTPUTS = (
    ("application/x-votable+xml", "votable", "ivo://ivoa.net/std/TAPRegExt#output-votable-td"),
    ("text/csv;header=present", "csv", ""),
    ("text/tab-separated-values", "tsv", ""),
)


def capabilities(base: ClientOrigin) -> str:
    """Return what the service can do (TAPRegExt 1.0, VOSI 1.1)."""
    others = (
        ("ivo://ivoa.net/std/VOSI#capabilities", "vo:capabilities", ""),
        ("ivo://ivoa.net/std/VOSI#availability", "vo:availability", ""),
        ("ivo://ivoa.net/std/VOSI#tables-1.1", "vo:tables", ' version="1.1"'),
        ("ivo://ivoa.net/std/DALI#examples", "vo:examples", ""),
        ("ivo://ivoa.net/std/DataLink#links-1.1", "vo:links", ' version="1.1"'),
    )
    return (
        f'{_HEAD}<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0" {_XSI} {_VS} '
        'xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0">\n'
        f"{_tap_capability(base)}"
        f"{''.join(_capability(base, *each) for each in others)}</vosi:capabilities>\n"
    )


def _capability(base: ClientOrigin, standard: str, view: str, version: str) -> str:
    use = "base" if view == "vo:links" else "full"
    return (
        f"<capability{attributes(standardID=standard)}>\n"
        f'<interface xsi:type="vs:ParamHTTP" role="std"{version}>\n'
        f'<accessURL use="{use}">{escape(base.of(view))}</accessURL>\n</interface>\n</capability>\n'
    )


def _tap_capability(base: ClientOrigin) -> str:
    features = "".join(
        f"<languageFeatures{attributes(type=_FEATURES + kind)}>\n"
        + "".join(f"<feature><form>{form}</form></feature>\n" for form in forms)
        + "</languageFeatures>\n"
        for kind, forms in _OFFERED.items()
    )
    outputs = "".join(
        f"<outputFormat{attributes(**{'ivo-id': ivoid})}>"
        f"<mime>{mime}</mime><alias>{alias}</alias></outputFormat>\n"
        for mime, alias, ivoid in _OUTPUTS
    )
    return (
        '<capability standardID="ivo://ivoa.net/std/TAP" xsi:type="tr:TableAccess">\n'
        '<interface xsi:type="vs:ParamHTTP" role="std" version="1.1">\n'
        f'<accessURL use="base">{escape(base.of("vo:tap"))}</accessURL>\n</interface>\n'
        '<language>\n<name>ADQL</name>\n<version ivo-id="ivo://ivoa.net/std/ADQL#v2.0">2.0</version>\n'
        '<version ivo-id="ivo://ivoa.net/std/ADQL#v2.1">2.1</version>\n'
        f"<description>ADQL without geometry; functions: {', '.join(sorted(FUNCTIONS))}</description>\n"
        f"{features}</language>\n{outputs}{_limits()}</capability>\n"
    )


def _limits() -> str:
    day = 86_400
    return (
        f"<retentionPeriod>\n<default>{settings.TAP_JOB_DAYS * day}</default>\n"
        f"<hard>{settings.TAP_JOB_MAX_DAYS * day}</hard>\n</retentionPeriod>\n"
        f"<executionDuration>\n<default>{settings.TAP_ASYNC_SECONDS}</default>\n"
        f"<hard>{settings.TAP_ASYNC_MAX_SECONDS}</hard>\n</executionDuration>\n"
        f'<outputLimit>\n<default unit="row">{settings.TAP_ROWS}</default>\n'
        f'<hard unit="row">{settings.TAP_MAX_ROWS}</hard>\n</outputLimit>\n'
    )


def availability(*, is_available: bool, note: str, since: object) -> str:
    """Return whether the service answers, since when, and a note."""
    return (
        f'{_HEAD}<vosi:availability xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0" {_XSI}>\n'
        f"<vosi:available>{str(is_available).lower()}</vosi:available>\n"
        f"<vosi:upSince>{moment_text(since)}</vosi:upSince>\n"  # type: ignore[arg-type]
        f"<vosi:note>{escape(note)}</vosi:note>\n</vosi:availability>\n"
    )


def tableset(*, is_brief: bool) -> str:
    """Return all tables, with their columns unless only the names are wanted."""
    schemas = "".join(_schema(name, text, is_brief=is_brief) for name, text in SCHEMAS.items())
    return (
        f'{_HEAD}<vosi:tableset xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0" {_XSI} {_VS}>\n'
        f"{schemas}</vosi:tableset>\n"
    )


def one_table(table: PublishedTable) -> str:
    """Return one table as a document."""
    spaces = f'xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0" {_XSI} {_VS}'
    start = f'<vosi:table {spaces} type="output">\n'
    return f"{_HEAD}{start}{_table_body(table, is_brief=False)}</vosi:table>\n"


def _schema(name: str, description: str, *, is_brief: bool) -> str:
    tables = "".join(
        f'<table type="output">\n{_table_body(table, is_brief=is_brief)}</table>\n'
        for table in all_tables()
        if table.schema == name
    )
    return (
        f"<schema>\n<name>{shown_schema(name)}</name>\n<description>{escape(description)}</description>\n"
        f"{tables}</schema>\n"
    )


def _table_body(table: PublishedTable, *, is_brief: bool) -> str:
    head = f"<name>{escape(table.shown)}</name>\n<description>{escape(table.description)}</description>\n"
    return head if is_brief else head + "".join(map(_column, table.columns)) + _keys(table)


def _column(column: PublishedColumn) -> str:
    facts = column.facts
    flags = "<flag>indexed</flag>\n" if column.is_indexed else ""
    return (
        f"<column{attributes(std='true' if column.is_standard else 'false')}>\n"
        f"<name>{escape(quoted(column.name))}</name>\n<description>{escape(facts.description)}</description>\n"
        + (f"<unit>{facts.unit}</unit>\n" if facts.unit else "")
        + (f"<ucd>{facts.ucd}</ucd>\n" if facts.ucd else "")
        + f'<dataType xsi:type="vs:VOTableType"{attributes(arraysize=facts.kind.arraysize)}'
        + f"{attributes(extendedType=facts.kind.xtype)}>{facts.kind.datatype}</dataType>\n{flags}</column>\n"
    )


def _keys(table: PublishedTable) -> str:
    return "".join(
        f"<foreignKey>\n<targetTable>{key.target}</targetTable>\n"
        + "".join(
            f"<fkColumn><fromColumn>{source}</fromColumn><targetColumn>{target}</targetColumn></fkColumn>\n"
            for source, target in key.columns.items()
        )
        + f"<description>{escape(key.description)}</description>\n</foreignKey>\n"
        for key in table.keys
    )

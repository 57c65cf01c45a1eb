"""Queries that people ask for. The page and the document of examples show them, and a test runs each."""

from __future__ import annotations

from dataclasses import dataclass

from apps.vo.addresses import ClientOrigin
from apps.vo.writers.xml_text import attributes, escape


@dataclass(frozen=True)
class Example:
    """One query with its title; `key` is its place on the page."""

    key: str
    title: str
    query: str


EXAMPLES = (
    Example(
        "darks",
        "Darks of MIRI that pipelines use now",
        "SELECT reference, useafter, match_params FROM crds.rules\n"
        "JOIN crds.contexts ON crds.rules.context = crds.contexts.context\n"
        "WHERE is_latest = 1 AND instrument = 'miri' AND filekind = 'dark'\n"
        "ORDER BY reference",
    ),
    Example(
        "changes",
        "Rules of the edit context for references that the latest one does not have",
        "SELECT mapping, reference, useafter, match_params FROM crds.rules\n"
        "WHERE context IN (SELECT context FROM crds.contexts WHERE is_edit = 1)\n"
        "AND reference NOT IN (\n"
        "  SELECT reference FROM crds.rules\n"
        "  WHERE context IN (SELECT context FROM crds.contexts WHERE is_latest = 1))",
    ),
    Example(
        "superseded",
        "References that were replaced by newer ones since 2026",
        "SELECT f.name, f.replaced_by, newer.delivery_date AS replaced_on\n"
        "FROM crds.files AS f JOIN crds.files AS newer ON f.replaced_by = newer.name\n"
        "WHERE newer.delivery_date >= '2026-01-01T00:00:00'\n"
        "ORDER BY replaced_on",
    ),
    Example(
        "users",
        "Datasets for which each flat is the best one",
        "SELECT reference, COUNT(*) AS datasets FROM crds.bestrefs\n"
        "WHERE filekind = 'flat' AND status = 'found'\n"
        "GROUP BY reference ORDER BY datasets DESC, reference",
    ),
    Example(
        "failures",
        "Types for which no reference matches, with the reason",
        "SELECT dataset_id, filekind, message FROM crds.bestrefs\n"
        "WHERE status = 'error' ORDER BY dataset_id, filekind",
    ),
    Example(
        "programme",
        "Exposures of one observing programme, with their links",
        "SELECT dp_id, instrument, exp_start, datalink_url FROM dbo.raw\n"
        "WHERE prog_id = '2304' ORDER BY exp_start",
    ),
    Example(
        "sizes",
        "Volume of the references of each type",
        "SELECT instrument, filekind, COUNT(*) AS files, SUM(file_size) AS bytes\n"
        "FROM crds.files WHERE file_type = 'reference'\n"
        "GROUP BY instrument, filekind ORDER BY bytes DESC",
    ),
)


def examples_document(base: ClientOrigin) -> str:
    """Return the examples as DALI 1.1, section 2.3, demands: XHTML with RDFa."""
    rows = "".join(
        f'<div{attributes(id=each.key, resource="#" + each.key)} typeof="example">\n'
        f'<h2 property="name">{escape(each.title)}</h2>\n'
        f'<pre property="query">{escape(each.query)}</pre>\n</div>\n'
        for each in EXAMPLES
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en">\n'
        "<head><title>Examples of queries</title></head>\n"
        '<body vocab="http://www.ivoa.net/rdf/examples#">\n'
        f"<h1>Queries for {escape(base.of('vo:tap'))}</h1>\n"
        f"{rows}</body>\n</html>\n"
    )

"""Service descriptors: they tell a client how to call a service (DataLink 1.1, section 4)."""

from __future__ import annotations

from apps.vo.addresses import ClientOrigin
from apps.vo.writers.xml_text import attributes

LINKS_ID = "ivo://ivoa.net/std/DataLink#links-1.1"


def links_descriptor(base: ClientOrigin, *, ref: str) -> str:
    """Return the descriptor of the links service for the ids in a column.

    Parameters
    ----------
    ref
        ID of the FIELD with the ids.
    """
    return (
        '<RESOURCE type="meta" utype="adhoc:service">\n'
        f"{_parameter('standardID', LINKS_ID)}{_parameter('accessURL', base.of('vo:links'))}"
        f'<GROUP name="inputParams">\n<PARAM{attributes(name="ID", datatype="char", arraysize="*", ref=ref)} '
        'ucd="meta.id;meta.main" value=""/>\n</GROUP>\n</RESOURCE>\n'
    )


def self_descriptor(base: ClientOrigin) -> str:
    """Return the descriptor of the links service in its own answer."""
    return (
        '<RESOURCE type="meta" utype="adhoc:this" name="this">\n'
        f"{_parameter('standardID', LINKS_ID)}{_parameter('accessURL', base.of('vo:links'))}"
        '<GROUP name="inputParams">\n'
        '<PARAM name="ID" datatype="char" arraysize="*" ucd="meta.id;meta.main" value=""/>\n'
        '<PARAM name="RESPONSEFORMAT" datatype="char" arraysize="*" '
        'value="application/x-votable+xml;content=datalink"/>\n'
        '<PARAM name="CONTEXT" datatype="char" arraysize="*" value=""/>\n</GROUP>\n</RESOURCE>\n'
    )


def _parameter(name: str, value: str) -> str:
    return f"<PARAM{attributes(name=name, datatype='char', arraysize='*', value=value)}/>\n"

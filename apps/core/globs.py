"""Shell patterns that the database compares, so that lists of matching rows can be counted and paged."""

import re
from typing import Any

from django.db.models import CharField, Lookup, Q

from apps.core.errors import InvalidInputError

LONGEST = 128  # characters, as in a file name
STARS = 10  # Each star makes the comparison slower, above all with regular expressions in PostgreSQL.
_LITERAL = r"[A-Za-z0-9._ -]"
_SET = r"\[!?(?:[A-Za-z0-9._]-[A-Za-z0-9._]|[A-Za-z0-9._])+\]"
_PART = re.compile(rf"{_LITERAL}|[*?]|{_SET}")
_LIKE = str.maketrans({"*": "%", "?": "_", "_": r"\_"})
_GLOB = re.compile(rf"(?=.{{1,{LONGEST}}}\Z)(?:{_PART.pattern})+")


def clean_glob(text: str) -> str:
    """Return a shell pattern that is safe to use in a comparison.

    Parameters
    ----------
    text
        A pattern of ``*``, ``?``, ``[...]``, ``[!...]`` and characters of file names.

    Raises
    ------
    InvalidInputError
        Raised if the text has other characters, a range that runs backwards, or too many stars.

    Examples
    --------
    >>> clean_glob("keckao_l[a-m]*.rmap")
    'keckao_l[a-m]*.rmap'
    """
    ranges = re.findall("(.)-(.)", "".join(re.findall(_SET, text)))
    is_backwards = any(first > last for first, last in ranges)
    if is_backwards or text.count("*") > STARS or not _GLOB.fullmatch(text):
        raise InvalidInputError(
            f"Bad pattern {text[:40]!r}: expected the characters of file names and * ? [a-z] [!a-z], "
            f"at most {LONGEST} and {STARS} of them stars."
        )
    return text


def matching(field: str, pattern: str) -> Q:
    """Return the condition that a whole column matches a cleaned pattern. An empty one fits any text."""
    if not pattern.strip("*"):
        return Q()
    if not re.search(r"[*?\[]", pattern):
        return Q((field, pattern))
    return Q((f"{field}__glob", pattern))


@CharField.register_lookup
class Glob(Lookup):
    """The comparison of a column with a cleaned shell pattern; case counts."""

    lookup_name = "glob"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} GLOB %s", [*parameters, str(self.rhs).replace("[!", "[^")]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        # LIKE is much faster, but has no sets.
        column, parameters = self.process_lhs(compiler, connection)
        pattern = str(self.rhs)
        if "[" in pattern:
            return f"{column} ~ %s", [*parameters, _expression(pattern)]
        return f"{column} LIKE %s", [*parameters, pattern.translate(_LIKE)]


@CharField.register_lookup
class Begins(Lookup):
    """The comparison of the beginning of a column with any text; case counts.

    Django's ``startswith`` is a LIKE with ESCAPE on SQLite, which reads the whole table. GLOB uses an index.
    """

    lookup_name = "begins"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} GLOB %s", [*parameters, re.sub(r"([*?[])", r"[\1]", str(self.rhs)) + "*"]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s", [*parameters, re.sub(r"([%_\\])", r"\\\1", str(self.rhs)) + "%"]


def _expression(pattern: str) -> str:
    """Return the regular expression of a cleaned pattern."""
    return f"^{''.join(map(_part, _PART.findall(pattern)))}$"


def _part(part: str) -> str:
    if part.startswith("["):
        return part.replace("[!", "[^")
    return {"*": ".*", "?": ".", ".": r"\."}.get(part, part)

"""ADQL 2.1 as sqlglot reads it, and the limits on texts before anything reads them."""

from __future__ import annotations

import sys
from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.parser import Parser as BaseParser
from sqlglot.tokens import Token, TokenType
from sqlglot.tokens import Tokenizer as BaseTokenizer

from apps.vo.errors import UsageError

MAX_LENGTH = 100_000  # characters
MAX_NESTING = 60  # parentheses and cases inside each other
MAX_TOKENS = 20_000
MAX_NODES = 5_000
MAX_DEPTH = 250  # nodes above each other, so that no recursion overflows
MAX_SIGNS = 20  # NOT, + and - in a row

# The parser takes about twenty calls for a level of parentheses; Python's default ends it at fifty levels.
# Calls of Python functions need no space on the stack of a thread.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 4_000))


class Adql(Dialect):
    """The base dialect of sqlglot with TOP, the natural logarithm and division of whole numbers."""

    TYPED_DIVISION = True

    class Tokenizer(BaseTokenizer):
        KEYWORDS = {**BaseTokenizer.KEYWORDS, "TOP": TokenType.TOP}  # noqa: RUF012 (sqlglot's form)

    class Parser(BaseParser):
        LOG_DEFAULTS_TO_LN = True


def parse(text: str) -> exp.Expr:
    """Return the tree of one statement.

    Raises
    ------
    UsageError
        Raised if the text is too long or too deep, cannot be read, or holds several statements. The message
        names line and column.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(f"The query has {len(text)} characters; at most {MAX_LENGTH} are read.")
    tokens = _tokens(text)
    _require_shallow(tokens)
    try:
        statements = [each for each in Adql().parser().parse(tokens, text) if each is not None]
    except ParseError as exc:
        raise UsageError(_syntax_message(exc)) from None
    except (SqlglotError, RecursionError, ValueError) as exc:
        raise UsageError(f"The query cannot be read: {_first_line(exc)}") from None
    if len(statements) != 1:
        raise UsageError(f"One SELECT was expected; {len(statements)} statements were found.")
    _require_small(statements[0])
    return statements[0]


def _tokens(text: str) -> list[Token]:
    try:
        tokens = Adql().tokenize(text)
    except (TokenError, ValueError) as exc:
        raise UsageError(f"The query cannot be read: {_first_line(exc)}") from None
    if len(tokens) > MAX_TOKENS:
        raise UsageError(f"The query has {len(tokens)} words and signs; at most {MAX_TOKENS} are read.")
    if not tokens:
        raise UsageError("The query is empty; one SELECT was expected.")
    for before, after in pairwise(tokens):
        # The parser would take 0x1F for the number 0 with the name x1F.
        if before.token_type is TokenType.NUMBER and after.start == before.end + 1 and _is_word(after.text):
            raise UsageError(
                f"{before.text + after.text!r} is not a number, {place(before.line, before.col)}."
            )
    return tokens


def _is_word(text: str) -> bool:
    return text[:1].isalpha() or text[:1] == "_"


def _require_shallow(tokens: list[Token]) -> None:
    """Refuse nesting that would overflow the parser, before the parser runs."""
    depth = signs = 0
    for token in tokens:
        if token.token_type in (TokenType.L_PAREN, TokenType.CASE, TokenType.L_BRACKET, TokenType.L_BRACE):
            depth += 1
        elif token.token_type in (TokenType.R_PAREN, TokenType.END, TokenType.R_BRACKET, TokenType.R_BRACE):
            depth -= 1
        is_sign = token.token_type in (TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE)
        signs = signs + 1 if is_sign else 0
        if depth > MAX_NESTING or signs > MAX_SIGNS:
            where = place(token.line, token.col)
            raise UsageError(f"The query is nested deeper than {MAX_NESTING} levels, {where}.")


def _require_small(tree: exp.Expr) -> None:
    count, level = 0, [tree]
    for depth in range(1, MAX_DEPTH + 2):
        count += len(level)
        level = [child for node in level for child in node.iter_expressions()]
        if not level:
            break
        if depth > MAX_DEPTH:
            raise UsageError(f"The query is nested deeper than {MAX_DEPTH} levels. Use parentheses or IN.")
    if count > MAX_NODES:
        raise UsageError(f"The query has {count} parts; at most {MAX_NODES} are read.")


def place(line: int | None, column: int | None) -> str:
    """Return a position in a query in words."""
    return f"at line {line}, column {column}"


def place_of(node: exp.Expr) -> str:
    """Return the position of the first name in a node, in words; empty if the parser noted none."""
    for each in node.walk():
        if "line" in each.meta:
            first = each.meta["col"] - (
                each.meta["end"] - each.meta["start"]
            )  # It counts the last character.
            return f" {place(each.meta['line'], first)}"
    return ""


def _syntax_message(error: ParseError) -> str:
    first = error.errors[0] if error.errors else {}
    near = str(first.get("highlight") or "").strip()[:60]
    shown = f" near {near!r}" if near else ""
    where = place(first.get("line"), first.get("col"))
    return f"Syntax error{shown} {where}: {str(first.get('description') or 'unexpected text')[:200]}"


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]

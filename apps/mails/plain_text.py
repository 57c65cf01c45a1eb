"""Cleaning of text for mails, so that it cannot inject anything into a header, a terminal or a database."""

LONGEST_LINE = 200  # characters
LONGEST_TEXT = 200_000  # characters


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    r"""Return the text in one line: white space collapsed, at most `longest` characters.

    >>> one_line("late news\r\nBcc: all@example.org")
    'late news Bcc: all@example.org'
    """
    line = " ".join(_printable(text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def paragraphs(text: str) -> str:
    """Return the text with a newline after each line, and at most one empty line in a row."""
    lines: list[str] = []
    for line in map(str.rstrip, map(_printable, text.splitlines())):
        if line or (lines and lines[-1]):
            lines.append(line)
    whole = "\n".join(lines).rstrip()
    return (whole if len(whole) <= LONGEST_TEXT else whole[:LONGEST_TEXT] + "\n…") + "\n"


def _printable(text: str) -> str:
    """Return the text with a blank for each invisible character: controls, surrogates, separators."""
    return "".join(letter if letter.isprintable() else " " for letter in text)

"""Text from files, made safe to keep and to show."""

from __future__ import annotations

from apps.certify.quick_looks.limits import LONGEST_VALUE

_KEPT = "\n\t"


def shown(text: str, longest: int = LONGEST_VALUE) -> str:
    r"""Return text that is safe to show: cut at `longest`, and without invisible or control characters.

    Examples
    --------
    >>> shown("a\x1b[31mb"), shown("abcdef", 3)
    ('a�[31mb', 'abc …')
    """
    clean = "".join(
        each if each.isprintable() or each in _KEPT else "\N{REPLACEMENT CHARACTER}"
        for each in text[: longest + 1]
    )
    return clean if len(clean) <= longest else f"{clean[:longest]} …"

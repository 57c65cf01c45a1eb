"""JSON from outside: strict where Python's own reader is generous, and never an exception of another kind."""

import codecs
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

from apps.rpc.errors import ParseError


def parse(body: bytes) -> Any:
    """Return the document in a request body.

    Refused beyond what JSON itself refuses: a key that stands twice in one object, a number that no
    floating point number can hold, and nesting deeper than Python's stack.

    Raises
    ------
    ParseError
        Raised with a text that names the place or the culprit.
    """
    if not body.strip():
        raise ParseError("The body is empty; a JSON object with 'method' and 'params' was expected.")
    try:
        return _DECODER.decode(body.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as exc:
        raise ParseError(f"The body is not UTF-8: byte {exc.start} is 0x{body[exc.start]:02x}.") from None
    except json.JSONDecodeError as exc:
        raise ParseError(f"The body is not JSON: {exc}.") from None
    except RecursionError:
        raise ParseError("The body is nested too deeply.") from None
    except ValueError:  # Python reads no whole number of more than so many digits.
        most = sys.get_int_max_str_digits()
        raise ParseError(f"The body holds a whole number of more than {most} digits.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ParseError(f"The key {key[:100]!r} stands twice in one object.")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ParseError(f"The number {digits[:40]} is too large.")
    return number


def _refuse_constant(word: str) -> NoReturn:
    raise ParseError(f"{word} is not a JSON value.")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_refuse_constant)


def find_unusable_text(value: Any) -> str | None:
    r"""Return the first text inside `value` that no database or file can hold, or None.

    Only an escape (``\u0000``, or half of a surrogate pair) brings such text into a parsed document.
    """
    return next((text for text in _texts(value) if "\0" in text or not _is_encodable(text)), None)


def _texts(value: Any) -> Iterator[str]:
    """Walk without recursion over all texts in a document, keys included."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

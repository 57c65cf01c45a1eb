"""Checks of arguments that several methods take."""

from django.conf import settings

from apps.catalog.errors import UnknownFileError
from apps.contexts.queries import NOTHING
from apps.core.errors import InvalidInputError
from apps.rules.naming.file_names import is_file_name
from apps.rules.naming.specifiers import InvalidDateContextError, parse_specifier


def require_observatory(observatory: str | None) -> None:
    """Refuse every observatory except the one this server serves; null means the served one.

    Raises
    ------
    InvalidInputError
        Raised for any other name.
    """
    if observatory not in (None, settings.OBSERVATORY):
        raise InvalidInputError(f"This server serves {settings.OBSERVATORY!r}, not {observatory[:128]!r}.")


def require_ours(observatory_or_context: str | None) -> None:
    """Refuse an observatory or a context of another server.

    The documentation passes an observatory where programs pass a context. The argument selects only the
    observatory (wire protocol, quirk 35). A specifier without an observatory belongs to this server.

    Raises
    ------
    InvalidInputError
        Raised if the text belongs to another observatory, or is neither an observatory nor a context.
    """
    text, ours = observatory_or_context, settings.OBSERVATORY
    if text is None or text == ours or text in NOTHING or _is_specifier_of(ours, text):
        return
    raise InvalidInputError(f"{text[:128]!r} is neither the observatory {ours!r} nor a context of it.")


def _is_specifier_of(observatory: str, text: str) -> bool:
    try:
        parsed = parse_specifier(text)
    except InvalidDateContextError:
        return False
    if parsed.literal:
        return parsed.literal.startswith((f"{observatory}_", f"{observatory}."))
    return parsed.observatory in ("", observatory)


def require_file_name(name: str) -> str:
    """Return `name` if it is a file name; one path through the client sends a sentence instead.

    Raises
    ------
    UnknownFileError
        Raised if it is not a file name.
    """
    if not is_file_name(name):
        raise UnknownFileError(f"File {name[:128]!r} is not known to this server: it is not a file name.")
    return name

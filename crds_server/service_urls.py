"""URLs of services, whose passwords may hold any character.

Passwords should be percent-encoded. A raw ``#``, ``/``, ``@`` or ``?`` is also accepted if the URL can be
read in one way only.
"""

import re
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, unquote

_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+]*)://(?P<rest>.*)", re.DOTALL)
# Everything after the user and the password.
_PLACE = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/?#@]*)(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/(?P<path>[^\s?#@]*))?(?:\?(?P<query>[^\s#]*))?"
)
_LARGEST_PORT = 65535


class BadServiceUrlError(ValueError):
    """The text is not a URL of a service, or can be read in several ways; the message never quotes it."""


@dataclass(frozen=True, slots=True)
class ServiceUrl:
    """The parts of a URL, decoded.

    Attributes
    ----------
    host
        Name or address; an IPv6 address has no brackets.
    port
        None if the URL does not give one.
    path
        The path without the slash at its beginning.
    query
        The query as it was written.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def options(self) -> dict[str, str]:
        """The query as names and values."""
        return dict(parse_qsl(self.query))

    def as_text(self) -> str:
        """Return the URL with everything percent-encoded that could be misread."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.password else ""
        login = login or (f"{quote(self.user, safe='')}@" if self.user else "")
        host = f"[{self.host}]" if ":" in self.host else quote(self.host, safe="")
        port = "" if self.port is None else f":{self.port}"
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{login}{host}{port}/{quote(self.path)}{query}"


def read_service_url(text: str, *, has_path: bool) -> ServiceUrl:
    """Return the parts of a URL such as ``postgresql://user:password@host:port/name?option=value``.

    Parameters
    ----------
    has_path
        Whether the URL must have a path after the host, such as the name of a database.

    Raises
    ------
    BadServiceUrlError
        Raised if the text is not such a URL, or if a raw character in the password makes it ambiguous.

    Examples
    --------
    >>> url = read_service_url("postgresql://me:a#b/c@d@db/crds", has_path=True)
    >>> url.host, url.path, url.password
    ('db', 'crds', 'a#b/c@d')
    """
    whole = _SCHEME.fullmatch(text)
    if whole is None:
        raise BadServiceUrlError("it does not start with a scheme and '://'")
    rest = whole["rest"]
    logins = ["", *(rest[:place] for place, character in enumerate(rest) if character == "@")]
    readings = []
    for login in logins:
        place = _place(whole["scheme"], rest[len(login) + 1 :] if login else rest, has_path=has_path)
        if place is not None:
            user, _, password = login.partition(":")
            readings.append(replace(place, user=unquote(user), password=unquote(password)))
    if not readings:
        raise BadServiceUrlError("it has another form")
    if len(readings) > 1:
        raise BadServiceUrlError(
            "it can be read in several ways; write # as %23, / as %2F, @ as %40 and ? as %3F in the password"
        )
    return readings[0]


def _place(scheme: str, text: str, *, has_path: bool) -> ServiceUrl | None:
    found = _PLACE.fullmatch(text)
    if found is None or (has_path and not found["path"]):
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port <= _LARGEST_PORT:
        return None
    host = unquote(found["host"]).strip("[]")
    return ServiceUrl(scheme, host, port, unquote(found["path"] or ""), found["query"] or "")

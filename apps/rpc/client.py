"""The version of the calling client, read from the id of its request.

A client numbers its requests ``<program>-<version>-<uuid>-<counter>`` (wire protocol, section 1.1). Every
other caller counts as an old client and gets only words that all clients know.
"""

import re
from contextvars import ContextVar

Version = tuple[int, ...]

_VERSION = re.compile(r"-(\d{1,4}(?:\.\d{1,4}){1,3})[0-9A-Za-z.+]{0,40}-[0-9a-f]{8}-")
_asking: ContextVar[Version] = ContextVar("asking", default=())


def note_client(identifier: object) -> None:
    """Remember the version of the caller until the next request of this thread.

    Parameters
    ----------
    identifier
        The id of a request, of any type.
    """
    _asking.set(_version_of(identifier) if isinstance(identifier, str) else ())


def is_at_least(version: Version) -> bool:
    """Return whether the calling client has this version or a later one; False if its id holds no version."""
    return _asking.get() >= version


def _version_of(identifier: str) -> Version:
    """Return the numbers of the version in an id, empty if it holds none.

    Examples
    --------
    >>> _version_of("sync-14.0.3-85f4ca4d-0dec-4ab6-88fa-7b3eec699535-00000002")
    (14, 0, 3)
    >>> _version_of("1"), _version_of("x-85f4ca4d-0dec-4ab6-88fa-7b3eec699535-00000002")
    ((), ())
    """
    found = _VERSION.search(identifier[-200:])
    return tuple(map(int, found[1].split("."))) if found else ()

"""A check that the archive has a file, by HEAD and the length, as the client's ``check_archive`` does it."""

from http.client import HTTPException
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

from apps.catalog.models import File


class _StayWithHead(HTTPRedirectHandler):
    """A handler that follows redirects with HEAD; the default one would fetch the whole file."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None:
            request.method = "HEAD"
        return request


def problem_with(file: File) -> str:
    """Return a sentence that says why a file is not available from the archive; empty if it is available.

    Raises
    ------
    OSError
        Raised if the archive does not answer.
    """
    request = Request(f"{settings.ARCHIVE_URL}{file.name}", method="HEAD")  # noqa: S310 - a setting, http only
    try:
        with build_opener(_StayWithHead).open(request, timeout=settings.ARCHIVE_TIMEOUT) as response:
            length = response.headers.get("Content-Length")
    except HTTPError as exc:
        exc.close()
        return f"The archive answers {exc.code} to HEAD; 200 was expected."
    except (HTTPException, ValueError) as exc:
        return f"The answer of the archive is not HTTP: {exc}"[:500]
    return _problem_with_length(file, length)


def _problem_with_length(file: File, length: str | None) -> str:
    if length is None:
        return f"The archive sends no length; {file.size} bytes were expected."
    if length != str(file.size):
        return f"The archive has {length[:20]} bytes; {file.size} were expected."
    return ""

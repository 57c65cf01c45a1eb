"""All references of an answer to fetch at once: a shell script, and a metalink for download programs."""

from __future__ import annotations

import shlex
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from apps.bestrefs.answers import AnswerRow
from apps.bestrefs.questions import Question
from apps.catalog.models import File
from apps.catalog.reading import checked_path
from apps.contexts.citation import citation_of_context
from apps.core.addresses import absolute
from apps.core.errors import InvalidInputError

FETCH, METALINK, TAR = "fetch", "metalink", "tar"  # Values of the parameter `format`.
BLOCK, PIECE = 512, 1 << 20  # bytes: of a block of an archive, and of what is read at once
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The references of an answer.

    Attributes
    ----------
    held, missing
        Rows whose bytes this server has, and those whose bytes it does not have; each reference once.
    """

    held: tuple[AnswerRow, ...]
    missing: tuple[AnswerRow, ...]

    @property
    def has_tar(self) -> bool:
        """Return whether the files together are small enough for one archive."""
        return bool(self.held) and self.size <= settings.BUNDLE_BYTES

    @property
    def size(self) -> int:
        """Bytes of all that can be fetched."""
        return sum(row.size or 0 for row in self.held)


def bundle_of(rows: Sequence[AnswerRow]) -> Bundle:
    """Return the references of an answer, sorted by name."""
    found = sorted({row.text: row for row in rows if row.is_reference}.items())
    return Bundle(
        tuple(row for _name, row in found if row.is_held),
        tuple(row for _name, row in found if not row.is_held),
    )


def fetch_script(question: Question, bundle: Bundle) -> HttpResponse:
    """Return a script that fetches the references with curl, resumes, and compares their sha1sums."""
    lines = [
        "#!/bin/sh",
        f"# The references of {_comment(question.label)} under {question.context}.",
        "# It resumes what was begun, and leaves files alone that are complete. Run it where they should be.",
        "set -eu",
        *(f"# Not held by this server: {_comment(row.text)}" for row in bundle.missing),
        "fetch() {  # name, sha1sum, address",
        '    if [ -f "$1" ] && echo "$2  $1" | sha1sum -c --status; then echo "$1 is here"; return; fi',
        '    curl -fL --retry 5 -C - -o "$1.part" "$3"',
        '    if ! echo "$2  $1.part" | sha1sum -c --status; then',
        '        echo "$1 arrived damaged; it is removed, run the script again" >&2; rm -f "$1.part"; exit 1',
        "    fi",
        '    mv "$1.part" "$1"; echo "$1 fetched"',
        "}",
        *(
            " ".join(["fetch", *map(shlex.quote, (row.text, row.sha1sum, absolute(row.download)))])
            for row in bundle.held
        ),
        *(
            ["echo 'This server does not hold all of the files; see the comments.' >&2"]
            if bundle.missing
            else []
        ),
        "",
    ]
    return _attachment("\n".join(lines), "text/x-shellscript; charset=utf-8", "fetch.sh")


def metalink(bundle: Bundle) -> HttpResponse:
    """Return the references as a metalink (RFC 5854), with sizes and sha1sums."""
    files = "".join(
        f"<file name={quoteattr(row.text)}><size>{row.size}</size>"
        f'<hash type="sha-1">{escape(row.sha1sum)}</hash><url>{escape(absolute(row.download))}</url></file>\n'
        for row in bundle.held
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<metalink xmlns="urn:ietf:params:xml:ns:metalink">\n'
        f"{files}</metalink>\n"
    )
    return _attachment(text, "application/metalink4+xml; charset=utf-8", "references.meta4")


def tar_archive(bundle: Bundle) -> HttpResponseBase:
    """Return the references as a tar archive, which is made while it is sent.

    Raises
    ------
    InvalidInputError
        Raised if the files together are larger than ``BUNDLE_BYTES``, or there are none.
    """
    if not bundle.has_tar:
        raise InvalidInputError(
            f"An archive has at most {settings.BUNDLE_BYTES:,} bytes; these files have {bundle.size:,}. "
            "Use fetch.sh, which resumes after an interruption."
        )
    files = [row.file for row in bundle.held if row.file is not None]
    answer = StreamingHttpResponse(_tar(files), content_type="application/x-tar")
    answer["Content-Length"] = str(sum(len(_head(file)) + _padded(file) for file in files) + 2 * BLOCK)
    answer["Content-Disposition"] = 'attachment; filename="references.tar"'
    return answer


def _tar(files: Sequence[File]) -> Iterator[bytes]:
    """Yield the archive. The bytes of each file are compared with the catalogue before they are sent."""
    for file in files:
        yield _head(file)
        with checked_path(file).open("rb") as stream:
            while piece := stream.read(PIECE):
                yield piece
        yield bytes(_padded(file) - (file.size or 0))
    yield bytes(2 * BLOCK)


def _head(file: File) -> bytes:
    """Return what an archive has before the content of a file; a name of more than 100 bytes takes more."""
    about = tarfile.TarInfo(file.name)
    about.size, about.mtime = file.size or 0, int((file.delivered_at or _BEGINNING).timestamp())
    return about.tobuf(tarfile.GNU_FORMAT)


def _padded(file: File) -> int:
    """Return the bytes that the content of a file takes in an archive."""
    return -(-(file.size or 0) // BLOCK) * BLOCK


def environment_of(question: Question, server: str) -> str:
    """Return the shell commands that make the client give the same answer."""
    return (
        f"export CRDS_SERVER_URL={server}\n"
        "export CRDS_PATH=$HOME/crds_cache\n"
        f"export CRDS_CONTEXT={question.context}"
    )


def citation(question: Question, server: str) -> str:
    """Return a sentence for a paper, which names the context that gives the same answer again."""
    return citation_of_context(question.context, server)


def _comment(text: str) -> str:
    """Return a text that stays in one comment line of a script."""
    return "".join(each if each.isprintable() else "?" for each in text)[:200]


def _attachment(text: str, content_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type=content_type, headers=headers)

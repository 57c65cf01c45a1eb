"""The forms of requests and answers, from which the description is made. Answers are written without them."""

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field


class Problem(Schema):
    """An error, as RFC 9457 has it; `code` is short and stable."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class ServerFacts(Schema):
    observatory: str
    version: str
    pointers: dict[str, str] = Field(description="Pointer to the context that it names now.")


class FileFactsOut(Schema):
    name: str
    kind: str
    instrument: str = Field(description="Empty for a pmap.")
    reftype: str = Field(description="Empty for a pmap and an imap.")
    state: str
    size: int | None = Field(description="bytes")
    sha1sum: str
    is_bad: bool = Field(description="Clients must refuse it.")
    is_provisional: bool = Field(description="A program delivered it, and nobody has looked at it.")
    delivered_at: datetime
    activated_at: datetime | None
    useafter_at: datetime | None = Field(description="UTC; first moment a reference applies.")
    description: str
    derived_from: str
    replaced_by: str
    url: str | None = Field(description="Where its bytes are; null if this server does not hold them.")


class FilePage(Schema):
    items: list[FileFactsOut]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class Era(Schema):
    started_at: datetime = Field(description="UTC; an era lasts to the beginning of the next one.")
    context: str
    reason: str


class ContextFacts(Schema):
    name: str
    mappings: list[str] = Field(description="All mappings of the context, itself included.")


class MappingFactsOut(Schema):
    name: str
    mappings: list[str] = Field(description="It and all mappings below it.")
    url: str | None


class HeaderQuestion(Schema):
    header: dict[str, str] = Field(description="Matching parameters of one exposure; keys in any case.")
    context: str | None = Field(None, description="Any specifier; null for latest.")
    types: list[str] | None = Field(None, description="Reference types; null for all of the instrument.")


class BestReferences(Schema):
    context: str
    references: dict[str, str] = Field(description="Type to a file, or to NOT FOUND and the reason.")


class DatasetReferences(Schema):
    context: str
    exposures: dict[str, dict[str, str] | str] = Field(description="Id to its references, or to the reason.")


class ChangeOut(Schema):
    number: int
    at: datetime
    action: str
    file: str
    instrument: str


class ChangePage(Schema):
    items: list[ChangeOut]
    next: int | None = Field(description="Pass it as `after` for the next page; null if there are no more.")


class JobFacts(Schema):
    key: str
    status: str = Field(description="waiting, queued, running, completed, failed or cancelled")
    messages: int


class ExplanationQuestion(HeaderQuestion):
    types: list[str] | None = Field(
        None, max_length=1, description="One type; null for all of the instrument."
    )


class Explanations(Schema):
    context: str
    instrument: str
    types: list[dict[str, object]] = Field(
        description="Per type the answer, the verdict in words, and each search."
    )


class SubmissionOrder(Schema):
    kind: Literal["batch", "references", "mappings", "certify", "add", "delete"]
    instrument: str = Field("", max_length=32, description="Locked for the submission; certify needs none.")
    description: str = Field("", max_length=8000)
    change_level: str = Field("severe", max_length=16, description="severe, moderate or trivial")
    creator: str = Field("", max_length=255)
    context: str = Field("edit", max_length=128, description="edit, latest or the name of a pmap")
    auto_rename: bool = True
    compare_old_reference: bool = True
    generate_contexts: bool = True
    names: list[str] = Field([], max_length=1000, description="References to add or delete.")


class SubmittedFileOut(Schema):
    name: str
    official_name: str
    verdict: str = Field(description="OK, Warnings or ERRORS; empty before its check.")


class SubmissionOut(Schema):
    key: str
    kind: str
    status: str
    user: str
    instrument: str
    context: str = Field(description="Context that the files were checked against.")
    description: str
    reason: str = Field(description="Why it failed or was cancelled.")
    started_at: datetime
    ended_at: datetime | None
    new_context: str
    files: list[SubmittedFileOut]
    channel: str = Field(description="Key for /jobs/{key}; empty if no job reports.")
    page: str = Field(description="Address of its page.")


class SubmissionPage(Schema):
    items: list[SubmissionOut]
    next: int | None = Field(description="Pass it as `before` for the next page; null if there are no more.")

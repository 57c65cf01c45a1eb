"""Links, associations, explanations, and the bytes behind identifiers."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from apps.bestrefs.associations import Association, associations
from apps.bestrefs.explanation_text import as_text
from apps.bestrefs.explanations import explain as explain_question
from apps.bestrefs.questions import of_dataset
from apps.catalog import queries as catalog
from apps.catalog.errors import DamagedFileError
from apps.catalog.states import FileState
from apps.contexts import queries as contexts
from apps.datasets.queries import headers_of
from apps.distribution import serving
from apps.distribution.queries import downloadable
from apps.vo.answers import error_as_text, text
from apps.vo.datalink import links_table, trees
from apps.vo.datalink.dataset_document import dataset_json
from apps.vo.datalink.identifiers import Identified, identify, visible_files
from apps.vo.datalink.links import links_of, plain_name, reference_links, sibling_links
from apps.vo.datalink.links_table import MAX_IDS, RAW_TO_MASTER, THIS, Link, failed
from apps.vo.errors import ForbiddenError, MissingError, OurFaultError, UnknownCallerError, UsageError
from apps.vo.parameters import Parameters
from apps.vo.service import Call, service
from apps.vo.writers import votable

MODES = {"raw2master": "Raw2Master", "raw2raw": "Raw2Raw"}


def context_of(parameters: Parameters) -> str:
    """Return the pmap that a request names, the latest one if it names none."""
    name = contexts.resolve_pipeline(parameters.one("CONTEXT").strip() or None)
    contexts.get_pmap(name)
    return name


@service("GET", "POST")
def links(call: Call) -> HttpResponseBase:
    parameters = call.parameters
    form = (parameters.one("RESPONSEFORMAT") or "votable").partition(";")[0].strip().lower()
    if form not in ("votable", votable.MEDIA_TYPE, "text/xml", "application/xml"):
        raise UsageError(f"RESPONSEFORMAT is {form[:60]!r}; votable was expected.")
    ids = parameters.all("ID")
    found: list[Link] = []
    if ids:
        if parameters.has("CONTEXT"):
            context_of(parameters)  # A wrong one is refused, even if only files are asked for.
        found = links_of(ids[:MAX_IDS], lambda: context_of(parameters), reader=call.reader, base=call.base)
    return _links_answer(found, call, is_cut=len(ids) > MAX_IDS)


def _links_answer(found: list[Link], call: Call, *, is_cut: bool = False) -> HttpResponse:
    body = links_table.document(found, call.base, is_cut=is_cut)
    return HttpResponse(body, links_table.MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@service("GET", "POST")
def associations_of(call: Call) -> HttpResponseBase:
    """Return the references of datasets, as a table or as trees."""
    parameters = call.parameters
    ids = parameters.all("DP_ID")
    if not ids:
        raise UsageError("The parameter dp_id is missing; it names a dataset.")
    mode = MODES.get(parameters.one("MODE", "Raw2Master").strip().lower())
    if mode is None:
        raise UsageError(f"mode is {parameters.one('MODE')[:40]!r}; Raw2Master or Raw2Raw was expected.")
    form = parameters.one("RESPONSEFORMAT", "xml").partition(";")[0].strip().lower()
    if form not in _TABLES | _TREES:
        raise UsageError(f"responseformat is {form[:60]!r}; votable or xml was expected.")
    context = context_of(parameters)
    known = identify(ids[:MAX_IDS], call.reader)
    found = associations([each.local for each in known if each.local], context)
    if form in _TABLES:
        rows = [link for each in known for link in _table(each, found.get(each.local, []), mode, call)]
        return _links_answer(rows, call, is_cut=len(ids) > MAX_IDS)
    if len(ids) > MAX_IDS:
        raise UsageError(f"{len(ids)} datasets were asked for; at most {MAX_IDS} trees are sent at once.")
    return _trees(known, found, mode, context)


_TABLES = {"votable", votable.MEDIA_TYPE, "text/xml"}
_TREES = {"xml", "application/xml", "tree", ""}


def _table(known: Identified, found: list[Association], mode: str, call: Call) -> Iterator[Link]:
    if not found:
        yield failed(
            known.sent, known.problem or f"NotFoundFault: there is no dataset {known.sent[:100]!r} here."
        )
    for each in found:
        yield Link(
            known.sent,
            THIS,
            call.base.data(each.dataset),
            description=_summary(each, mode),
            content_type="application/json",
            content_length=len(dataset_json(each.dataset, each.header)),
            origfile=f"{plain_name(each.dataset)}.json",
            category=each.category,
        )
        yield from sibling_links(known.sent, each, call.base)
        yield from reference_links(known.sent, each, call.base)
        yield Link(
            known.sent,
            RAW_TO_MASTER,
            call.base.query("vo:associations", dp_id=each.dataset, mode=mode, context=each.context),
            description="The association as a tree",
            content_type="application/xml",
            origfile=f"{plain_name(each.dataset)}_raw2master.xml",
            category="ASSOCIATION_TREE",
        )


def _summary(each: Association, mode: str) -> str:
    """Return the flags of an association in the words that scripts read."""
    messages = "; ".join([*each.messages, *trees.notes(mode)]).replace('"', "'")
    return (
        f'category="{each.category}" certified="{trees.word(each.is_certified)}" '
        f'complete="{trees.word(each.is_complete)}" mode="{trees.MODE}" type="main" '
        f'messages="{" ".join(messages.split())}"'
    )


def _trees(
    known: list[Identified], found: dict[str, list[Association]], mode: str, context: str
) -> HttpResponse:
    made: list[trees.Tree] = []
    for each in known:
        own = [trees.tree_of(one, mode=mode) for one in found.get(each.local, [])]
        made += own or [trees.missing_tree(each.sent, context=context)]
    if len(known) == 1 and not found.get(known[0].local):
        problem = known[0].problem.partition(": ")[2] or f"there is no dataset {known[0].sent[:100]!r} here."
        return error_as_text(MissingError(problem))
    headers = {"Cache-Control": "no-store"}
    if len(made) > 1:
        content_type, body = trees.multipart(made)
        return HttpResponse(body, content_type, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{made[0].file_name}"'
    return HttpResponse(made[0].body, trees.MEDIA_TYPE, headers=headers)


@service("GET", errors="text")
def explain(call: Call) -> HttpResponseBase:
    """Return in words how each reference was chosen, or why there is none."""
    parameters = call.parameters
    sent = parameters.one("DP_ID") or parameters.one("ID")
    if not sent:
        raise UsageError("The parameter dp_id is missing; it names a dataset.")
    (known,) = identify([sent], call.reader)
    if known.problem or not headers_of([known.local])[known.local]:
        raise MissingError(f"there is no dataset {sent[:100]!r} here.")
    questions = of_dataset(context_of(parameters), known.local)
    return text("\n".join(as_text(question, explain_question(question)) for question in questions))


@service("GET", errors="text")
def data(call: Call, identifier: str) -> HttpResponseBase:
    """Return the bytes behind an identifier: a file, or the matching parameters of a dataset."""
    sent = identifier
    if query := str(call.request.META.get("QUERY_STRING", "")):
        sent = f"{identifier}?{query}" if identifier.lower().startswith("ivo:") else identifier
    (known,) = identify([_with_slashes(sent)], call.reader)
    if known.file is not None or _is_hidden(known, call):
        return _file(known, call)
    found = headers_of([known.local])[known.local] if known.local else {}
    if not found:
        raise MissingError(f"there is no dataset or file {sent[:100]!r} here.")
    if len(found) > 1:
        names = ", ".join(list(found)[:5])
        raise MissingError(f"{sent[:100]!r} names {len(found)} exposures; ask for one of them: {names}.")
    (dataset, header), *_ = found.items()
    name = f"{plain_name(dataset)}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-cache"}
    return HttpResponse(dataset_json(dataset, header), "application/json", headers=headers)


def _with_slashes(sent: str) -> str:
    """Return an identifier in a path as it was meant: web servers join two slashes to one."""
    return sent.replace("ivo:/", "ivo://", 1) if sent.startswith("ivo:/") and "://" not in sent else sent


def _is_hidden(known: Identified, call: Call) -> bool:
    """Return whether the caller may not have a file that exists; the answer then says so."""
    file = catalog.find_file(known.local) if known.local else None
    if file is None or file.state != FileState.UPLOADED or visible_files([file.name], call.reader):
        return False
    if not call.reader.name:
        raise UnknownCallerError(f"{file.name} is not public; log in as its deliverer.")
    raise ForbiddenError(f"{file.name} is not public, and it is not yours.")


def _file(known: Identified, call: Call) -> HttpResponseBase:
    try:
        answer = serving.serve(call.request, downloadable(known.local))
    except DamagedFileError as exc:
        raise OurFaultError("The bytes of the file are damaged on this server.") from exc
    if known.file is not None and known.file.state == FileState.UPLOADED:
        answer["Cache-Control"] = "private, no-store"
    answer["Content-Disposition"] = f'attachment; filename="{known.local}"'
    return answer


@service("GET", errors="text")
def terms(call: Call) -> HttpResponseBase:
    """Explain our own link terms."""
    return text(
        "This server defines no link terms of its own. Links carry the terms of the IVOA vocabulary "
        "http://www.ivoa.net/rdf/datalink/core and, where no term there fits, those of "
        "http://archive.eso.org/rdf/datalink/eso: calSelector_raw2raw, calSelector_raw2master, sibling_raw.\n"
    )

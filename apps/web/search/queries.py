"""Find all that a few characters may mean: files, contexts, types, values, datasets, times, people."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from apps.accounts.models import User
from apps.catalog.addresses import file_page
from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.catalog.text_indexes import FILES
from apps.contexts import queries as contexts
from apps.contexts.context_chooser import official_contexts
from apps.contexts.models import Pointer
from apps.core.errors import InvalidInputError
from apps.core.free_text import storable
from apps.core.globs import clean_glob, matching
from apps.rules.errors import CrdsError
from apps.rules.naming.file_names import is_mapping
from apps.rules.observatories import get_observatory
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.text_indexes import SUBMITTED
from apps.web.search.datasets import find_datasets, find_programmes
from apps.web.search.hits import Hit, HitGroup, group
from apps.web.search.people import find_people
from apps.web.search.times import find_times
from apps.web.search.values import find_values

LONGEST = 200  # characters
SUM, SHORTEST_SUM = 40, 6  # hex digits; a shorter text counts as a word
MOST_WORDS = 8
# Hits of one kind on the page, and in the list that appears while somebody types.
OF_PAGE, OF_LIST = 20, 5

Place = Callable[[str, str], str]

_COLUMNS = (
    *("name", "uploaded_as", "instrument", "filekind", "description", "state", "rejected", "blacklisted"),
)
_BELOW = {".pmap": "context", ".imap": "imap", ".rmap": "rmap"}


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of a search.

    Attributes
    ----------
    exact
        The file whose complete name or sha1sum was typed.
    problem
        The reason why a part of the search was left out, or empty.
    """

    text: str
    groups: tuple[HitGroup, ...]
    exact: Hit | None = None
    problem: str = ""

    @property
    def hits(self) -> list[Hit]:
        """The hits of all groups, in the order of the page."""
        return [hit for group in self.groups for hit in group.hits]


def clean(text: str) -> str:
    r"""Return the text to search for, without outer blanks and characters that databases refuse.

    Examples
    --------
    >>> clean("  tobs\0_0001 ")
    'tobs_0001'
    """
    return storable(text[:LONGEST]).strip()


def find(text: str, *, user: User | None, most: int = OF_PAGE) -> SearchResult:
    """Return everything that `text` may mean; nothing if it is empty.

    Parameters
    ----------
    text
        Part of a name, a shell pattern, the beginning of a sha1sum, words of a name, type or description in
        any order, a specifier of a context, a value that rules match, the id of a dataset, the
        number of a programme, a day or month, or part of a description or file name of a submission.
    user
        Only people who are logged in find files that are not confirmed yet, and people who delivered; only
        submitters find submissions.
    most
        Maximum number of hits of one kind.
    """
    text = clean(text)
    if not text:
        return SearchResult(text, ())
    problem = _problem(text)
    is_logged_in, place = user is not None, _place()
    groups = [
        _contexts(text, most),
        _instruments(text, most, place),
        _types(text, most, place),
        HitGroup("Files", ()) if problem else _files(text, most, is_logged_in=is_logged_in),
        find_values(text, most),
        find_programmes(text),
        find_datasets(text, most),
        find_times(text, most),
    ]
    if user is not None:
        groups.append(find_people(text, most))
    if user is not None and user.has_role("submitter"):
        groups.append(_submissions(text, most))
    found = tuple(group for group in groups if group.hits)
    return SearchResult(text, found, exact=_exact(text, found), problem=problem)


def is_pattern(text: str) -> bool:
    """Return whether a text is a shell pattern."""
    return re.search(r"[*?\[]", text) is not None


def _problem(text: str) -> str:
    """Return the error of a bad shell pattern, or an empty text."""
    try:
        clean_glob(text) if is_pattern(text) else ""
    except InvalidInputError as exc:
        return str(exc)
    return ""


# Files


def _files(text: str, most: int, *, is_logged_in: bool) -> HitGroup:
    rows = File.objects.only(*_COLUMNS).exclude(name__endswith=".pmap")
    if not is_logged_in:
        rows = rows.exclude(state=FileState.UPLOADED)
    wanted = {"filename": text} if is_pattern(text) else {"search": text}
    more = "" if is_sum(text) else f"{reverse('web:browse_db')}?{urlencode({**wanted, 'extension': '*'})}"
    hits = (_file_hit(row, text) for row in _found(rows, text, most + 1))
    return group("Files", hits, most, more)


def _found(rows: QuerySet[File], text: str, most: int) -> list[File]:
    """Return files by name, by sha1sum, or by words of their name, type and description; the best first.

    The first query finds names that begin with the text, by an index. A second one runs only if there is
    room for more hits.
    """
    if is_pattern(text):
        return list(rows.filter(matching("name", text)).order_by("-name")[:most])
    if is_sum(text):
        return list(rows.filter(_sums(text)).order_by("-name")[:most])
    begins = Q(name__begins=text) | Q(name__begins=text.lower())
    found = list(rows.filter(begins).order_by("-delivered_at", "-name")[:most])
    if len(found) < most:
        others = _with_words(rows, text.split()[:MOST_WORDS]).exclude(pk__in=[row.pk for row in found])
        newest = others.order_by("-delivered_at", "-pk").values_list("pk", flat=True)
        keys = list(newest[: most - len(found)])
        found += sorted(rows.filter(pk__in=keys), key=lambda row: keys.index(row.pk))
    # Files in use come before orphans.
    return sorted(found, key=lambda row: (_rank(row.name, text), row.state != FileState.LATEST))


def _with_words(rows: QuerySet[File], words: Sequence[str]) -> QuerySet[File]:
    """Return the files that have each of the words in some column."""
    for word in words:
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(uploaded_as__icontains=word)
            | Q(instrument__icontains=word)
            | Q(filekind__icontains=word)
            | Q(description__icontains=word)
        )
    return FILES.narrowed(rows, words)


def _sums(text: str) -> Q:
    """Return the condition that a sha1sum begins with `text`: such sums lie between two others."""
    digits = text.lower()
    return Q(sha1sum__gte=digits.ljust(SUM, "0"), sha1sum__lte=digits.ljust(SUM, "f"))


def _rank(name: str, text: str) -> int:
    """Return 0 for a name that equals the text, 1 if it begins with it, 2 if it contains it, else 3."""
    if name == text:
        return 0
    at = name.lower().find(text.lower())
    return 3 if at < 0 else min(at, 1) + 1


def is_sum(text: str) -> bool:
    """Return whether a text may be the beginning of a sha1sum.

    Examples
    --------
    >>> is_sum("da39a3"), is_sum("beef"), is_sum("facade.fits")
    (True, False, False)
    """
    return re.fullmatch(rf"[0-9a-fA-F]{{{SHORTEST_SUM},{SUM}}}", text) is not None and any(
        map(str.isdigit, text)
    )


def _file_hit(row: File, text: str) -> Hit:
    upload = f"uploaded as {row.uploaded_as}" if row.uploaded_as not in ("", row.name) else ""
    named = f"{row.name} {row.uploaded_as}".lower()
    # The description is the reason for the hit if the names are not.
    why = "" if text.lower() in named or is_pattern(text) or is_sum(text) else _first_line(row.description)
    what = " ".join(filter(None, (row.instrument, row.filekind)))
    detail = ", ".join(filter(None, (what, upload, why)))
    return Hit("file", row.name, detail, row.get_absolute_url(), _badge(row))


def _badge(row: File) -> str:
    if row.is_bad:
        return "bad"
    return "not confirmed" if row.state == FileState.UPLOADED else ""


def _exact(text: str, groups: Iterable[HitGroup]) -> Hit | None:
    """Return the file whose complete name or sha1sum is `text`, if there is exactly one."""
    files = [hit for group in groups for hit in group.hits if hit.kind in ("file", "context")]
    named = [hit for hit in files if hit.title == text]
    if not named and is_sum(text) and len(text) == SUM:
        named = [hit for hit in files if hit.kind == "file"]
    return named[0] if len(named) == 1 else None


# Contexts


def _contexts(text: str, most: int) -> HitGroup:
    hits = [*_meant(text), *_pmaps(text, most)]
    unlike = {hit.title: hit for hit in reversed(hits)}
    return group(
        "Contexts",
        [hit for hit in hits if unlike.pop(hit.title, None)],
        most,
        f"{reverse('web:all_contexts')}?{urlencode({'search': text})}",
    )


def _meant(text: str) -> list[Hit]:
    """Return the context that a specifier, or a version of the calibration software, means."""
    if is_mapping(text):
        return []  # The searches for files and contexts find names.
    ways: tuple[Callable[[], str], ...] = (
        lambda: contexts.resolve(text.lower()),
        lambda: contexts.resolve(f"{settings.OBSERVATORY}-{text.lower()}"),
        lambda: contexts.build_context(text),
    )
    for way in ways:
        try:
            name = way()
        except CrdsError:
            continue
        if is_mapping(name):
            return [Hit(_BELOW[name[-5:]], name, f"now meant by {text}", _context_address(name))]
    return []


def _pmaps(text: str, most: int) -> list[Hit]:
    rows = official_contexts()
    if is_pattern(text):
        if _problem(text):
            return []
        rows = rows.filter(matching("name", text))
    else:
        rows = rows.filter(name__icontains=text)
    rows = rows.only("name", "description", "state", "rejected", "blacklisted").order_by("-name")
    return [
        Hit("context", row.name, _first_line(row.description), _context_address(row.name), _badge(row))
        for row in rows[: most + 1]
    ]


def _context_address(name: str) -> str:
    return reverse("web:context_table", args=[name]) if name.endswith(".pmap") else file_page(name)


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 80 else f"{line[:79]}…"


# Instruments and types


def _instruments(text: str, most: int, place: Place) -> HitGroup:
    known = get_observatory(settings.OBSERVATORY)
    wanted = text.lower()
    hits = (
        Hit("instrument", name, f"{len(known.types[name])} types", place(name, ""))
        for name in known.instruments
        if wanted in name
    )
    return group("Instruments", hits, most)


def _types(text: str, most: int, place: Place) -> HitGroup:
    words = text.lower().split()[:MOST_WORDS]
    hits = []
    for instrument, reftypes in get_observatory(settings.OBSERVATORY).reftypes.items():
        for reftype, description in reftypes.items():
            own = f"{reftype} {description}".lower()
            whole = f"{instrument} {own}"
            # Without the second condition, the name of an instrument would find all of its types.
            if all(word in whole for word in words) and any(word in own for word in words):
                title = f"{instrument} {reftype}"
                hits.append(Hit("type", title, _first_line(description), place(instrument, reftype)))
    hits.sort(key=lambda hit: hit.title.split()[1] != words[-1])
    return group("Types", hits, most)


def _place() -> Place:
    """Return a function for the address of an instrument or type: its rules in use, or else its files."""
    has_rules = contexts.find_pointed(Pointer.LATEST) is not None

    def place(instrument: str, reftype: str) -> str:
        if has_rules:
            view = "web:reftype_table" if reftype else "web:instrument_table"
            return reverse(view, args=["latest", *filter(None, (instrument, reftype))])
        query = {"instrument": instrument, "reference_type": reftype or "*", "extension": "*"}
        return f"{reverse('web:browse_db')}?{urlencode(query)}"

    return place


# Submissions


def _submissions(text: str, most: int) -> HitGroup:
    files = SubmittedFile.objects.filter(Q(name__icontains=text) | Q(official_name__icontains=text))
    wanted = Q(description__icontains=text) | Q(user__iexact=text)
    wanted |= SUBMITTED.owned(files, [text], owner="submission")
    if len(text) == 36 or re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]*)?", text.lower()):
        wanted |= _key(text.lower())
    rows = Submission.objects.filter(wanted).order_by("-pk")[: most + 1]
    return group("Submissions", map(_submission_hit, rows), most, reverse("submissions:history"))


def _key(text: str) -> Q:
    """Return the condition that a key begins with `text`: such keys lie between two others."""
    digits = text.replace("-", "")[:32]
    if not re.fullmatch(r"[0-9a-f]+", digits):
        return Q()
    return Q(key__gte=digits.ljust(32, "0"), key__lte=digits.ljust(32, "f"))


def _submission_hit(row: Submission) -> Hit:
    detail = f"{row.started_at:%Y-%m-%d}, {row.get_status_display()}, {_first_line(row.description)}"
    return Hit(
        "submission",
        f"{row.title} {row.key}",
        detail.rstrip(", "),
        reverse("submissions:history_detail", args=[row.key]),
    )

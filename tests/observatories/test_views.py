"""The pages of the definition: everybody reads, operators change it once, and files in use are heard."""

import io

import pytest
from astropy.io import fits
from django.urls import reverse

from apps.catalog.models import Action, AuditRecord
from apps.catalog.operations import add_file
from apps.contexts import queries as contexts
from apps.jobs import tasks
from apps.jobs.models import Job
from apps.jobs.pipeline import execute
from apps.observatories import documents
from apps.observatories.models import DefinitionDraft, DefinitionVersion
from apps.observatories.operations import drafts, start
from apps.rules.observatories import find_definition
from apps.rules.observatories.definition_constraints import constraint_files
from apps.rules.observatories.overlay import find_overlay, forget_overlay
from tests.factories.accounts import logged_in, make_token, make_user, post
from tests.rules.test_definition_reader import SMALL

pytestmark = pytest.mark.django_db

TYPE = {
    "instrument": "hispec",
    "type": "flat",
    "text": "Flat field",
    "match": "DETECTOR",
    "select": "UseAfter",
    "extension": ".fits",
}
CONSTRAINT = {
    "keyword": "exptime",
    "where": "hispec dark",
    "required": "yes",
    "check": "(float(EXPTIME) > 0)",
    "type": "real",
}
BOMB = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"


@pytest.fixture
def served(keckao, settings):
    """Return the file of a definition that has been started."""
    settings.OBSERVATORY_FILE.write_text(SMALL.replace("keywords:\n", "# What files may say.\nkeywords:\n"))
    start(user="homer")
    return settings.OBSERVATORY_FILE


@pytest.fixture
def operator(served):
    return logged_in(make_user("marge", role="operator"))


def address(name, *args):
    return reverse(f"observatories:{name}", args=args)


def propose(browser, what, **fields):
    """Send a form, and return the answer: a redirect to the draft, or the form with its errors."""
    base = documents.sha1sum(documents.text())
    return post(browser, address("edit", what), base=base, **fields)


def confirm(browser, answer, reason="The flats are here", **fields):
    return post(browser, answer.url, reason=reason, form=address("edit", "text"), **fields)


def make_darks(*headers):
    """Put darks with these keywords into the store, and return their names."""
    names = []
    for number, keywords in enumerate(headers, 1):
        facts = {"INSTRUME": "HISPEC", "REFTYPE": "DARK", "DETECTOR": "H4RG_B", "READMODE": "CDS"} | keywords
        fits.PrimaryHDU(header=fits.Header(facts)).writeto(stream := io.BytesIO())
        names.append(f"keckao_hispec_dark_{number:04d}.fits")
        add_file(io.BytesIO(stream.getvalue()), name=names[-1], user="homer")
    return frozenset(names)


def test_everybody_reads_the_definition_and_its_text(served, client):
    text = client.get(address("observatory")).content.decode()
    assert "Wavelength solution" in text
    assert "Change it" not in text


def test_a_new_type_is_shown_confirmed_once_and_served(operator, served, client):
    answer = propose(operator, "type", **TYPE)
    assert "hispec flat" in operator.get(answer.url).content.decode()
    assert not DefinitionVersion.objects.filter(number=2).exists()
    made = confirm(operator, answer)
    assert confirm(operator, answer).url == made.url
    assert contexts.resolve("keckao-edit") == "keckao_0002.pmap"
    assert "# What files may say." in served.read_text()
    version = DefinitionVersion.objects.get(number=2)
    assert (version.user, version.why, version.context) == ("marge", "The flats are here", "keckao_0002.pmap")
    record = AuditRecord.objects.get(action=Action.CHANGE_DEFINITION)
    assert (record.user, record.why) == ("marge", "The flats are here")
    file = client.get(reverse("distribution:config", args=["keckao", version.name]))
    assert b"".join(file.streaming_content).decode() == served.read_text()
    assert "immutable" in file["Cache-Control"]
    page = client.get(made.url).content.decode()
    assert "hispec.flat is new" in page
    assert "+version: 1.1" in page


def test_the_change_is_served_after_it_is_committed(operator, django_capture_on_commit_callbacks):
    answer = propose(operator, "type", **TYPE)
    with django_capture_on_commit_callbacks(execute=True):
        confirm(operator, answer)
    assert "flat" in find_definition("keckao").instruments["hispec"].types


def test_a_new_instrument_comes_with_its_rules_and_is_an_allowed_value(operator, served):
    fields = {**TYPE, "instrument": "osiris", "letter": "", "provisional": "on"}
    confirm(operator, propose(operator, "instrument", **fields))
    found = documents.read(served.read_text())
    assert found.instruments["osiris"].types["flat"].is_provisional
    assert "OSIRIS" in found.every_reference[0].values
    names = contexts.mapping_names(contexts.resolve("keckao-edit"))
    assert {"keckao_osiris_0001.imap", "keckao_osiris_flat_0001.rmap"} <= set(names)


@pytest.mark.parametrize(
    ("condition", "vocabulary"),
    [
        ("{required: true, values: [HISPEC, LIGER]}", ""),
        ("[HISPEC, LIGER]", ""),
        ("\n    - HISPEC\n    - LIGER  # The newest.", ""),
        ("{required: true}", "  INSTRUME: [HISPEC, LIGER]\n"),
        ("[HISPEC, LIGER]", "  INSTRUME:\n    values: [HISPEC, LIGER]\n"),
    ],
    ids=["mapping", "list", "lines", "vocabulary", "both"],
)
def test_a_new_instrument_is_allowed_wherever_instruments_are_listed(keckao, settings, condition, vocabulary):
    text = SMALL.replace("{required: true, values: [HISPEC, LIGER]}", condition)
    settings.OBSERVATORY_FILE.write_text(text.replace("keywords:\n", f"keywords:\n{vocabulary}"))
    start(user="homer")
    operator = logged_in(make_user("marge", role="operator"))
    confirm(operator, propose(operator, "instrument", **{**TYPE, "instrument": "osiris", "letter": ""}))
    files = constraint_files(documents.read(documents.text()))
    lines = "\n".join((files["all_all.tpn"], files["osiris_flat.tpn"])).splitlines()
    listed = [line for line in lines if line.startswith("INSTRUME") and "HISPEC" in line]
    assert listed
    assert all("HISPEC,LIGER,OSIRIS" in line for line in listed)


def test_a_value_for_one_type_begins_with_the_values_of_all(operator, served):
    confirm(operator, propose(operator, "value", keyword="filter", values="Z", where="liger distort"))
    found = documents.read(served.read_text())
    assert found.vocabulary("liger", "distort", "FILTER").values == ("J", "H", "K", "Z")
    assert found.keywords["FILTER"].values == ("J", "H", "K")
    again = propose(operator, "value", keyword="FILTER", values="K", where="")
    assert "FILTER may be K already" in again.content.decode()


def test_files_that_would_fail_are_named_and_need_consent(operator, monkeypatch):
    used = make_darks({"EXPTIME": 10.0}, {"EXPTIME": -1.0}, {})
    monkeypatch.setattr("apps.observatories.queries._used", lambda: used)
    answer = propose(operator, "constraint", **CONSTRAINT)
    page = operator.get(answer.url).content.decode()
    assert "2 of 3 files would fail" in page
    assert "EXPTIME is missing." in page
    assert "keckao_hispec_dark_0001.fits" not in page
    refused = confirm(operator, answer)
    assert "Say that you accept it" in refused.content.decode()
    assert confirm(operator, answer, is_accepted="on").status_code == 302


def test_many_files_are_read_by_a_job(operator, monkeypatch):
    monkeypatch.setattr(tasks.execute, "apply_async", lambda *_, **__: None)
    used = make_darks({"EXPTIME": 10.0}, {})
    monkeypatch.setattr("apps.observatories.queries._used", lambda: used)
    monkeypatch.setattr(drafts, "AT_ONCE", 1)
    answer = propose(operator, "constraint", **CONSTRAINT)
    assert "A worker reads the headers" in operator.get(answer.url).content.decode()
    job = Job.objects.get(kind="definition_check")
    execute(job.pk)
    assert DefinitionDraft.objects.get().findings is not None
    assert "1 of 2 files would fail" in operator.get(answer.url).content.decode()


def test_a_check_that_fails_says_so(operator, monkeypatch):
    monkeypatch.setattr(tasks.execute, "apply_async", lambda *_, **__: None)
    used = make_darks({"EXPTIME": 10.0}, {})
    monkeypatch.setattr("apps.observatories.queries._used", lambda: used)
    monkeypatch.setattr(drafts, "AT_ONCE", 1)
    answer = propose(operator, "constraint", **CONSTRAINT)
    monkeypatch.setattr("apps.observatories.pipeline.affected_files", lambda _text: 1 / 0)
    execute(Job.objects.get(kind="definition_check").pk)
    page = operator.get(answer.url).content.decode()
    assert "The check ended without a result" in page
    assert 'http-equiv="refresh"' not in page


def test_a_form_that_was_opened_before_a_change_is_refused(operator):
    answer = post(operator, address("edit", "type"), base="", **TYPE)
    assert "Somebody has changed it" in answer.content.decode()
    assert not DefinitionDraft.objects.exists()


def test_a_file_broken_by_hand_is_repaired_on_the_page(operator):
    sound = documents.text()
    documents.path().write_text(sound.replace("instruments:", "instrumets:"))
    answer = propose(operator, "type", **TYPE)
    assert answer.status_code == 200
    assert "instrumets" in answer.content.decode()
    repaired = propose(operator, "text", text=sound.replace("Dark current", "Dark currents"))
    assert confirm(operator, repaired).status_code == 302
    assert "Dark currents" in documents.text()


def test_an_old_draft_does_not_undo_the_change_of_somebody_else(operator):
    first, second = propose(operator, "type", **TYPE), propose(operator, "type", **(TYPE | {"type": "sky"}))
    confirm(operator, first)
    assert "Somebody has changed it" in operator.get(second.url).content.decode()
    assert "Somebody has changed it" in confirm(operator, second).content.decode()
    assert DefinitionVersion.objects.count() == 2


def test_a_reason_is_needed(operator):
    assert "Give a reason" in confirm(operator, propose(operator, "type", **TYPE), " ").content.decode()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "is an anchor"),
        (SMALL.replace("[J, H, K]", "[J, J]"), "line|Line 22"),
        (SMALL.replace("  hispec:", "  ../hispec:"), "instruments"),
        (
            SMALL.replace("text: Dark current", "text: '<script>alert(1)</script>', mtach: [A]"),
            "&lt;script&gt;",
        ),
        (SMALL.replace("Keck AO", "!!python/object:os.system x"), "is not allowed"),
        ("[" * 5000, "YAML|nested"),
    ],
    ids=["bomb", "twice", "path", "markup", "tag", "deep"],
)
def test_mistakes_of_the_whole_text_are_said_with_their_lines(operator, served, text, says):
    before = served.read_text()
    page = propose(operator, "text", text=text).content.decode()
    assert any(word in page for word in says.split("|"))
    assert "Nothing was changed" in page
    assert "<script>alert" not in page
    assert served.read_text() == before
    assert not DefinitionDraft.objects.exists()


def test_markup_in_a_value_is_text_on_every_page(operator, client):
    made = confirm(operator, propose(operator, "value", keyword="FILTER", values="<b>Z</b>", where=""))
    for page in (client.get(made.url), client.get(address("observatory"))):
        assert "<b>Z</b>".upper() not in page.content.decode()
        assert "&lt;B&gt;Z&lt;/B&gt;" in page.content.decode()


@pytest.mark.parametrize("name", ["../flat", "Flat", "fl at", "flat/../../x", "'flat'"])
def test_names_with_parts_of_paths_are_refused(operator, name):
    page = propose(operator, "type", **(TYPE | {"type": name}))
    assert page.status_code == 200
    assert "lower case" in page.content.decode()


def test_a_file_that_was_changed_by_hand_can_be_recorded(operator, served):
    served.write_text(served.read_text().replace("Keck AO", "Keck"))
    assert "changed the file by hand" in operator.get(address("observatory")).content.decode()
    made = confirm(operator, propose(operator, "text", text=served.read_text()))
    assert made.url == address("version", 2)
    assert "by hand" not in operator.get(address("observatory")).content.decode()


@pytest.mark.parametrize("name", ["edit", "draft"])
def test_only_operators_with_a_password_change_it(operator, client, name):
    draft = propose(operator, "type", **TYPE).url
    path = address("edit", "type") if name == "edit" else draft
    assert "login" in client.get(path).url
    assert logged_in(make_user("bart")).get(path).status_code == 403
    assert operator.post(path, {"reason": "x"}).status_code == 403  # Without the token of the form.
    _token, text = make_token(make_user("lisa", role="operator"), scopes=["operator"])
    assert client.post(path, {"reason": "x"}, headers={"Authorization": f"Bearer {text}"}).status_code == 403
    assert DefinitionVersion.objects.count() == 1


@pytest.fixture
def overlaid(settings):
    yield logged_in(make_user("marge", role="operator"))
    forget_overlay(settings.OBSERVATORY)


PATH = "ROMAN.META.INSTRUMENT.OPTICAL_ELEMENT"


@pytest.mark.parametrize(
    ("observatory", "keyword", "instrument", "kind", "other"),
    [
        ("jwst", "FILTER", "miri", "flat", "dark"),
        ("hst", "FILTER1", "acs", "pfltfile", "darkfile"),
        ("roman", PATH, "wfi", "flat", "dark"),
    ],
)
def test_a_value_of_an_observatory_of_the_client_is_overlaid(
    overlaid,
    client,
    settings,
    django_capture_on_commit_callbacks,
    observatory,
    keyword,
    instrument,
    kind,
    other,
):
    settings.OBSERVATORY = observatory
    assert "adds values and" in client.get(address("observatory")).content.decode()
    where = f"{instrument} {kind}"
    answer = propose(overlaid, "value", keyword=keyword, values="F999W", where=where)
    with django_capture_on_commit_callbacks(execute=True):
        confirm(overlaid, answer, "The new filter wheel")
    assert find_overlay(observatory).values_beyond(instrument, kind) == {keyword: ("F999W",)}
    assert find_overlay(observatory).values_beyond(instrument, other) == {}
    assert DefinitionVersion.objects.get().name == f"{observatory}_overlay_0001.yaml"
    record = AuditRecord.objects.get(action=Action.CHANGE_DEFINITION)
    assert (record.user, record.why) == ("marge", "The new filter wheel")
    assert "F999W" in record.details


@pytest.mark.parametrize(
    ("observatory", "header", "constraint"),
    [
        (
            "hst",
            {"INSTRUME": "COS", "DETECTOR": "FUV"},
            {"keyword": "SEGMENT", "where": "cos deadtab", "required": "yes"},
        ),
        (
            "jwst",
            {"INSTRUME": "MIRI", "DETECTOR": "MIRIMAGE"},
            {"keyword": "SUBSIZE", "where": "miri ipc", "required": "yes"},
        ),
    ],
)
def test_a_condition_of_an_overlay_names_the_files_that_would_fail(
    overlaid, settings, monkeypatch, observatory, header, constraint
):
    settings.OBSERVATORY = observatory
    instrument, kind = constraint["where"].split()
    names = [f"{observatory}_{instrument}_{kind}_000{number}.fits" for number in (1, 2)]
    for name, more in zip(names, ({}, {constraint["keyword"]: "X"}), strict=True):
        fits.PrimaryHDU(header=fits.Header(header | more)).writeto(stream := io.BytesIO())
        add_file(io.BytesIO(stream.getvalue()), name=name, user="homer", instrument=instrument, filekind=kind)
    monkeypatch.setattr("apps.observatories.queries._used", lambda: frozenset(names))
    answer = propose(overlaid, "constraint", **constraint)
    page = overlaid.get(answer.url).content.decode()
    assert "1 of 2 files would fail" in page
    assert names[0] in page


def test_a_value_is_withdrawn_only_with_consent(overlaid, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        confirm(overlaid, propose(overlaid, "value", keyword="FILTER", values="F999W", where="miri flat"))
    answer = propose(overlaid, "text", text="observatory: jwst\nversion: 2\n")
    assert "FILTER may no longer be F999W for miri flat." in overlaid.get(answer.url).content.decode()
    assert "Say that you accept it" in confirm(overlaid, answer).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert confirm(overlaid, answer, is_accepted="on").status_code == 302


def test_an_overlay_adds_no_types(overlaid):
    assert overlaid.get(address("edit", "type")).status_code == 404
    text = "observatory: jwst\nversion: 1\ninstruments: {miri: {flta: {provisional: yes}}}\n"
    page = propose(overlaid, "text", text=text).content.decode()
    assert "Line 3: The client has no type flta of miri" in page
    assert "Did you mean flat?" in page

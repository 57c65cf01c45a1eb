"""Damaged and hostile rules and headers: an answer or a refusal, promptly, and nothing is ever run."""

import random
import signal
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.rules.errors import ArtifactError, CrdsError, MappingError
from apps.rules.lookup.compiled_bytes import dump, load
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.lookup.context import assemble
from apps.rules.observatories import get_observatory
from apps.rules.text.parser import parse_mapping
from tests.rules.factories import CASES, make_context, make_header, make_rmap, make_rmap_text
from tests.rules.oracle import ask_client, differences, load_context, mapping_text, our_answer

NAME = "hst_stis_darkfile_0001.rmap"

# Pieces of rules and of attacks, put anywhere into texts and headers.
PIECES = (
    *(
        "'",
        '"',
        '"""',
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "=",
        "#",
        "\\",
        "\n",
        "|",
        "*",
        "-",
        "\0",
        "\u2028",
    ),
    *(
        "N/A",
        "NOT ",
        "ANY",
        "BETWEEN 1 2",
        "UseAfter({",
        "Match({",
        "})",
        "header",
        "selector = ",
        "True",
        "None",
    ),
    *("__import__('os')", "lambda: 0", "1e9", "'2000-01-01 00:00:00'", "(A+)+", "é", "0x10", "f'{1}'", "*[]"),
    "1 if 2 else 3",
)


@contextmanager
def promptly(seconds: int = 20) -> Iterator[None]:
    """Stop what hangs. The limit is far beyond what anything here takes."""

    def stop(_number: int, _frame: Any) -> None:
        raise AssertionError(f"not done after {seconds} s")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def attempt(text: str) -> Any:
    """Return the compiled text, or None if it is refused."""
    try:
        with promptly():
            return compile_mapping(text, name=NAME, observatory=get_observatory("hst"), verify_checksum=False)
    except MappingError as exc:
        if NAME not in str(exc):
            raise
        return None


def damage(text: str, random_: random.Random) -> str:
    """Return `text` with one to three small defects."""
    for _ in range(random_.choice((1, 1, 2, 3))):
        place = random_.randrange(len(text) + 1)
        end = min(len(text), place + random_.choice((0, 1, 1, 2, 5, 40)))
        text = text[:place] + random_.choice(("", *PIECES)) + text[end:]
    return text


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(random_=st.randoms(use_true_random=False))
def test_damaged_rules_are_answered_or_refused(random_: random.Random) -> None:
    mapping = attempt(damage(make_rmap_text(), random_))
    if mapping is None or not mapping.name.endswith(".rmap"):
        return
    context = assemble(mapping.name, {mapping.name: mapping})
    with promptly():
        answers = our_answer(context, make_header())
    assert all(isinstance(answer, str) for answer in answers.get("bestrefs", {}).values())


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    header=st.dictionaries(
        st.sampled_from(
            ["INSTRUME", "instrume", "DETECTOR", "detector", "FILTER", "DATE-OBS", "TIME-OBS", "X"]
        )
        | st.text(max_size=8),
        st.text(max_size=30)
        | st.sampled_from(PIECES)
        | st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.lists(st.integers(), max_size=3),
        max_size=8,
    )
)
def test_odd_headers_are_answered_or_refused(header: dict[str, Any]) -> None:
    context = make_context()
    for each in (header, make_header() | header):
        with promptly():
            answers = our_answer(context, each)
        assert ("error" in answers) != ("bestrefs" in answers)


def test_damaged_rules_never_lead_to_another_file_than_in_the_client() -> None:
    """The client accepts every damaged text that we accept, and gives the same answers."""
    random_ = random.Random(20)
    texts = [damage(make_rmap_text(), random_) for _ in range(3000)]
    taken = [text for text in texts if attempt(text) is not None]
    assert len(taken) > 300
    headers = [make_header(), make_header(FILTER="B", DETECTOR="MAMA"), make_header(FILTER="X")]
    jobs = [{"name": NAME, "text": text, "headers": headers} for text in taken]
    for text, outcome in zip(taken, ask_client(jobs, "hst"), strict=True):
        mapping = attempt(text)
        ours = assemble(mapping.name, {mapping.name: mapping})
        for header, theirs in zip(headers, outcome.get("answers", []), strict=False):
            assert differences(theirs, our_answer(ours, header)) == [], text
        # The client has a module for each instrument and loads no rules of others; we know hooks by name.
        assert "answers" in outcome or "crds.hst" in outcome["refused"][1], (text, outcome)


@pytest.mark.parametrize("name", ["hst_0729.pmap", "jwst_0541.pmap"])
def test_damaged_headers_are_answered_as_by_the_client(name: str) -> None:
    random_ = random.Random(21)
    context = load_context(name)
    required = context.required_parkeys()
    assert isinstance(required, dict)
    headers = []
    for _ in range(400):
        instrument = random_.choice(sorted(required))
        header: dict[str, Any] = {
            parkey: random_.choice(
                (*PIECES, "UNDEFINED", "2010-01-01", "12:00:00", "CCD", "FULL", 1, True, 2.5, None)
            )
            for parkey in required[instrument]
            if random_.random() < 0.8
        }
        header[required[instrument][0]] = random_.choice((instrument, instrument.upper(), *PIECES))
        if random_.random() < 0.3:
            header = {key.lower(): value for key, value in header.items()}
        headers.append(header)
    (outcome,) = ask_client([{"name": name, "headers": headers}], name.split("_")[0])
    for header, theirs in zip(headers, outcome["answers"], strict=True):
        assert differences(theirs, our_answer(context, header)) == [], header


DEEP = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "header = __import__('os')",
        "header = {}\nselector = eval('1')",
        "header = {'a': (lambda: 1)()}",
        "header = {'a': [x for x in (1,)]}",
        "header = {'a': f'{1}'}",
        "header = {'a': b'x'}",
        "header = {**{}}",
        "import os",
        "header = {'a': 1}.keys()",
        "header = " + "(" * DEEP,
        "header = " + "{'a':" * DEEP,
        "header = " + "[" * 150 + "]" * 150,
        "header = " + "-" * DEEP + "1",
        "header = {'a': " + "9" * DEEP + "}",
        "header = {'a': 1e99999}",
        "header = {'a': '" + "x" * 1_000_000 + "'}",
        "header = {'a': " + "'x' " * DEEP + "}",
        "comment = '''" + "x" * 10_000_000,
        "x" * 20_000_000,
        "header = {'a': 1" + "+1" * DEEP + "}",
        "header = {'a': 1" + " if 1 else 1" * DEEP + "}",
        "header = {'a': not 1}",
        "header = {}\nselector = Match(" + "Match(" * DEEP,
        "header = {}\nselector = Match({})({})",
        "header = {}\nselector = Match(*({},))",
        "header = header = {}",
        "header : {} = {}",
        "print = {}",
        "",
        "\0",
        "header = 1\nselector = 2",
    ],
    ids=range(32),
)  # fmt: skip
def test_hostile_text_is_refused(text: str) -> None:
    assert attempt(text) is None


@pytest.mark.parametrize(
    "condition",
    [
        "(__import__('os'))",
        "(().__class__)",
        "(A[0])",
        "(A if 1 else open)()",
        "([x for x in A])",
        "(lambda: 1)",
        "('a' * 99999999)",
        "(9 ** 9 ** 9)",
        "(" * 300 + "A" + ")" * 300,
        "(" + "not " * 5000 + "A)",
        "(" + " or ".join(["A"] * 5000) + ")",
        "(A := 1)",
        "(f'{A}')",
        "(await A)",
    ],
)
def test_hostile_conditions_are_refused(condition: str) -> None:
    for fields in (
        {"rmap_relevance": condition},
        {"rmap_omit": condition},
        {"parkey_relevance": {"FILTER": condition}},
    ):
        assert attempt(make_rmap_text(**fields)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "pattern", ["(A+)+", "(A|A)*", "(A*)*B", "(.*)(.*)(.*)(.*)X", "(A{1,99}){1,99}", "(A)\\1", "(?=A)", "A" *
    500, "((A|B)C)+", "(?P<n>A)"],
)  # fmt: skip
def test_slow_regular_expressions_are_refused(pattern: str) -> None:
    assert attempt(make_rmap_text(CASES.replace("'A'", repr(f"({pattern})")))) is None


def test_wide_globs_and_long_values_are_quick() -> None:
    element = "*A" * 2_000 + "|" + "|".join(f"*{number}*" for number in range(2_000))
    rmap = make_rmap(CASES.replace("'A'", repr(element)))
    context = make_context(rmap)
    with promptly():
        context.best_references(make_header(FILTER="A" * 1_999))
        context.best_references(make_header(FILTER="NOT" * 600))
    with pytest.raises(CrdsError, match="1000000 characters"):
        context.best_references(make_header(FILTER="9" * 1_000_000))


def test_conditions_cannot_name_what_is_no_parkey() -> None:
    rmap = make_rmap(rmap_relevance="(open == 1)")
    context = make_context(rmap)
    # As in the client, a condition that cannot be evaluated is ignored.
    assert context.best_references(make_header()) == {"darkfile": "a1.fits"}


def test_damaged_artifacts_are_refused() -> None:
    data = dump(make_rmap())
    random_ = random.Random(22)
    for _ in range(300):
        place = random_.randrange(len(data))
        with pytest.raises(ArtifactError):
            load(data[:place] + bytes([data[place] ^ 1 << random_.randrange(8)]) + data[place + 1 :])
    for damaged in (b"", data[:-1], data + b"x", data[:40], b"CRDS rules 0" + data[12:], mapping_bytes()):
        with pytest.raises(ArtifactError):
            load(damaged)


def mapping_bytes() -> bytes:
    return make_rmap_text().encode()


def test_real_rules_survive_damage_or_are_refused() -> None:
    random_ = random.Random(23)
    text = mapping_text("jwst_miri_flat_0001.rmap")
    for _ in range(100):
        attempt(damage(text, random_).replace("JWST", "HST"))


@pytest.mark.parametrize(
    "piece", ["[],", "{},", "(),", "[[]],", "'a':{'b':1},", "'a',", "-1,", "Match({1:2}),"]
)
def test_a_mapping_of_very_many_nodes_is_refused_before_it_is_parsed(piece: str) -> None:
    many = piece * (2_000_000 // len(piece))
    text = f"header = {{}}\nselector = {{'x': [{many}]}}\n"
    tracemalloc.start()
    try:
        with pytest.raises(MappingError, match="brackets, commas and colons; a mapping has at most 100000"):
            parse_mapping(text, NAME)
        assert tracemalloc.get_traced_memory()[1] < 15 * len(text)
    finally:
        tracemalloc.stop()


def test_punctuation_in_texts_and_comments_is_not_counted() -> None:
    comment = "#" + "[{(,:" * 30_000
    text = (
        f"header = {{'a': '{'[,:' * 6000}'}}  {comment}\nselector = {{}}\ncomment = '''{',:[' * 40_000}'''\n"
    )
    assert parse_mapping(text, NAME).selector == {}

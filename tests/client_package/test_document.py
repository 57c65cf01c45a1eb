"""The document says of a definition what the client needs, and what it may evaluate."""

import json
from typing import Any

import pytest

from apps.client_package import document
from apps.client_package.template.constraints import constraints_of, levels
from apps.client_package.template.definition import UnusableDefinitionError
from tests.factories.definitions import KECKAO, TINYLAB, constraints_in, make_content, make_definition


def read(content: bytes) -> Any:
    return json.loads(content)


def test_it_holds_what_the_definition_says() -> None:
    made = document.make_document(make_definition())
    assert made["telescopes"] == ["keck i", "keck ii"]
    assert made["recorded_as"]["distort"] == "R_DISTOR"
    assert made["types"]["hispec"]["wave"]["selectors"] == ["Match", "ClosestTime"]
    assert made["types"]["liger"]["pars-rectify"]["extension"] == ".json"
    assert made["patterns"] == {"P_READ": ["READMODE"]}


def test_the_address_of_the_server_is_the_one_of_the_definition_or_else_the_own_one() -> None:
    own = document.make_document(make_definition(), server="http://localhost:8000")
    told = make_definition(KECKAO + "server: https://keckao.example.org/\n")
    assert own["server"] == "http://localhost:8000"
    assert (
        document.make_document(told, server="http://localhost:8000")["server"] == "https://keckao.example.org"
    )


def test_the_same_definition_gives_the_same_file_name() -> None:
    first, second = make_content(), make_content(make_definition(KECKAO + "\n# a comment\n"))
    assert document.sha1sum_of(first) == document.sha1sum_of(second)


def test_vocabularies_allow_what_stands_for_all_values() -> None:
    found = constraints_in(make_content(), "hispec_dark")
    assert found["READMODE"] == ["H", "C", "O", ["CDS", "MCDS4", "UTR", "ANY", "N/A"]]
    assert constraints_in(make_content(), "all_all")["PEDIGREE"] == ["H", "C", "R", ["&JWSTPEDIGREE"]]


def test_keywords_that_a_condition_looks_up_are_constraints_too() -> None:
    text = KECKAO.replace("every_reference:", "every_reference:\n  LAMP: {when: \"(FILTER == 'J')\"}")
    found = constraints_in(make_content(make_definition(text)), "all_all")
    assert found["LAMP"] == ["H", "C", "(FILTER == 'J')", []]
    assert found["FILTER"] == ["H", "C", "O", []]


def test_a_check_is_an_expression_besides_the_values() -> None:
    text = KECKAO.replace(
        "every_reference:", 'every_reference:\n  LAMP: {check: "(len(LAMP) > 2)", required: yes}'
    )
    rows = [
        row for row in read(make_content(make_definition(text)))["constraints"]["all_all"] if row[0] == "LAMP"
    ]
    assert rows == [["LAMP", "H", "C", "R", []], ["LAMP", "X", "X", "O", ["(len(LAMP) > 2)"]]]


def test_a_definition_with_few_words_has_a_document_as_well() -> None:
    made = document.make_document(make_definition(TINYLAB))
    assert made["types"]["benchcam"]["bias"]["match"] == []
    groups = ("all_all", "benchcam_all", "benchcam_bias", "liger_all", "liger_bias")
    assert made["constraints"] == {key: [] for key in groups}


def test_special_constraints_come_before_general_ones() -> None:
    assert list(levels("liger", "pars-rectify")) == [
        "liger_pars-rectify",
        "liger_all",
        "all_pars-rectify",
        "all_pars",
        "all_all",
    ]


def test_constraints_of_a_type_are_those_of_all_its_levels() -> None:
    names = {row.name for row in constraints_of(read(make_content()), "hispec", "flat")}
    assert {"LAMP", "DETECTOR", "AUTHOR"} <= names


@pytest.mark.parametrize(
    "row",
    [
        ["LAMP", "H", "C", "(__import__('os').system('x'))", []],
        ["LAMP", "X", "X", "O", ["(open('/etc/passwd').read())"]],
        ["LAMP", "X", "X", "O", ["().__class__"]],
        ["LAMP", "H", "C", "O", ["(exit())"]],
        ["LAMP", "H", "C", "(lambda: 1)()", []],
        ["LAMP", "Z", "C", "O", []],
        ["LAMP", "H", "Q", "O", []],
        ["LAMP", "H", "C", "REQUIRED", []],
    ],
)
def test_what_could_run_anything_is_refused_whoever_made_the_document(row: list[Any]) -> None:
    """A newer definition comes from the net, and the client evaluates conditions as Python."""
    hostile = read(make_content(constraints={"all_all": [row]}))
    with pytest.raises(UnusableDefinitionError, match="LAMP"):
        constraints_of(hostile, "hispec", "dark")

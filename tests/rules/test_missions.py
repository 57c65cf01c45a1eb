"""The definitions that come with us are read by the reader of all definitions."""

import pytest

from apps.rules.observatories import get_definition, taken_names
from apps.rules.observatories.definition_reader import DefinitionError, read_definition
from apps.rules.observatories.hooks import load_hooks
from apps.rules.observatories.missions import COMPILED, FOLDER, NAMES
from apps.rules.observatories.missions.generate import compiled
from tests.rules.test_definition_reader import SMALL


@pytest.mark.parametrize("name", NAMES)
def test_the_compiled_form_is_that_of_the_yaml(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    remake = "`python -m apps.rules.observatories.missions.generate --compile` renews it"
    assert (COMPILED / f"{name}.json").read_text(encoding="utf-8") == compiled(text), remake


def test_types_have_their_match_keys_and_selectors() -> None:
    acs = get_definition("hst").instruments["acs"].types
    assert acs["atodtab"].match == ("DETECTOR",)
    assert acs["atodtab"].relevance == "((DETECTOR != 'SBC') and (ATODCORR != 'OMIT'))"
    assert get_definition("jwst").instruments["system"].types["datalvl"].select == "VersionAfter"


@pytest.mark.parametrize("line", ["mission: {hooks: {hispec: acs_biases}}", "expansions: {}"])
def test_a_private_definition_cannot_have_what_only_missions_have(line: str) -> None:
    with pytest.raises(DefinitionError, match="Unknown key"):
        read_definition(f"{SMALL}{line}\n", taken=taken_names())


def test_only_listed_hooks_are_loaded() -> None:
    with pytest.raises(ValueError, match="known are acs_biases"):
        load_hooks("os")

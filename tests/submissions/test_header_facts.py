import json
from pathlib import Path
from typing import Any

import pytest

from apps.submissions.pipeline.header_facts import facts

META = {
    "useafter": "2015-01-25T12:00:00",
    "pedigree": "GROUND",
    "author": "A. Uthor",
    "description": "Parameters of a step",
    "reftype": "pars-step",
    "history": "Made by hand",
}
EXPECTED = {
    "useafter_at": "2015-01-25T12:00:00+00:00",
    "pedigree": "GROUND",
    "creator": "A. Uthor",
    "comment": "Parameters of a step",
    "reference_file_type": "pars-step",
    "history": "Made by hand",
}
LINES = "".join(f"  {key}: {value}\n" for key, value in META.items())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pars.json", json.dumps({"meta": META})),
        ("pars.yaml", f"meta:\n{LINES}"),
        ("windows.yaml", f"meta:\n{LINES}".replace("\n", "\r\n")),
        ("pars.asdf", f"#ASDF 1.0.0\n%YAML 1.1\n--- !core/asdf-1.1.0\nmeta:\n{LINES}...\n"),
        ("roman.asdf", f"#ASDF 1.0.0\n%YAML 1.1\n--- \nroman:\n  meta:\n{LINES.replace('  ', '    ')}...\n"),
    ],
)
def test_a_tree_tells_what_the_catalogue_shows(
    name: str, content: str, tmp_path: Path, settings: Any
) -> None:
    # The prefix of the paths in a file belongs to its observatory.
    settings.OBSERVATORY = "roman" if name == "roman.asdf" else settings.OBSERVATORY
    (tmp_path / "0007").write_bytes(content.encode())
    assert facts(tmp_path / "0007", name) == EXPECTED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", "useafter: 2015-01-25"),
        ("yaml.json", f"meta:\n{LINES}"),
        ("json.asdf", json.dumps({"meta": META})),
        ("empty.json", ""),
        ("late.json", '{"useafter": "whenever"}'),
    ],
)
def test_a_file_that_tells_nothing_has_no_facts(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content.encode())
    assert facts(tmp_path / name, name) == {}

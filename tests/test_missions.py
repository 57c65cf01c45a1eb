"""Nothing outside the definitions names a mission: another observatory is served by the same code."""

import re
import subprocess
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# An underscore ends a word here, so that names of files count as well.
MISSION = re.compile(r"(?<![a-z])(?:hst|jwst|roman)(?![a-z])", re.IGNORECASE)
DEFINITIONS = ("apps/rules/observatories/missions/", "apps/rules/observatories/hooks/", "apps/demo/")

# Words that the wire has fixed, with the files that may say them.
WIRE = {
    # The key of an answer in the form of deliveries: scripts fill it in, and the YAML of the form names it.
    'key="jwst_etc"': {"apps/submissions/forms/questions.py"},
    # The title and the key of a column of the history, in the order that scripts read.
    '("JWST ETC", "jwst_etc")': {"apps/submissions/pages/history.py"},
}


def test_nothing_outside_the_definitions_names_a_mission() -> None:
    naming = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in _sources()
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if MISSION.search(_without_wire_words(line, path))
    ]
    assert naming == []


def test_every_word_of_the_wire_is_still_said() -> None:
    assert [
        (word, path)
        for word, paths in WIRE.items()
        for path in paths
        if word not in (ROOT / path).read_text()
    ] == []


def _sources() -> list[str]:
    where = ("apps", "crds_server", "templates", "static", "manage.py")
    listed = subprocess.run(
        ["git", "ls-files", "--", *where], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    texts = (".py", ".html", ".txt", ".js", ".css", ".yaml", ".json", ".dat", ".xml", ".svg", ".md")
    return [
        path
        for path in listed
        if path.endswith(texts) and "/vendor/" not in path and not path.startswith(DEFINITIONS)
    ]


def _without_wire_words(line: str, path: str) -> str:
    for word, paths in WIRE.items():
        if path in paths:
            line = line.replace(word, "")
    return line

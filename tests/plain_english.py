"""Find turns that a reader stumbles over: `python -m tests.plain_english [FILE ...]`.

It reads what people read: Python, templates, scripts, documents. The list is small on purpose. It holds turns
that were common here and that no sentence needs; it does not judge style.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READ = {".py", ".html", ".txt", ".js", ".css", ".md", ".yml", ".toml", ".sh"}
# Migrations are history, and these two files quote the turns.
UNREAD = re.compile(
    r"/migrations/|^static/vendor/|^requirements|^tests/(plain_english|test_plain_english)\.py$"
)
# Code, where `say` may be the name of a function.
IMPORT = re.compile(r"\s*(from [\w.]+ )?import [\w.]+")
# A docstring begins with an imperative verb or with the noun that it describes.
FIRST_WORDS = re.compile(r"(What(ever)?|How|Lets?|Whether|Which|Who[ms]?|Whose|Why|Where|When)\b")
TURNS = {
    r"\banew\b": "write again, or new",
    r"\bis so\b": "name the condition",
    r", say[.,;:)]": "write such as, or for example",
    r"(?<!there )(?<!where )\b(is|are) no (?!(longer|more|later|earlier|older|newer|use|matter)\b)[a-z]+": (
        "write is not a"
    ),
    r"\b(has|have|had) not (the|a|an|any)\b": "write does not have",
    r"\bknows? not\b": "write does not know",
    r"\bit was just told\b": "name who said it",
    r"\bshall\b": "write must, will or should",
    r"\bupon\b": "write on",
    r"\b(whence|hither|thither|thereof|therein|whereof|wherein|whereupon)\b": "use the usual word",
    r"\b(is|are|was|were) (to be )?told\b": "write who says it to whom",
    r"\btells? of\b": "write describes, names or lists",
    r"\bfor ever\b": "write forever or permanently",
    r"\bany more(?=[.,;:)\"]|$)": "write no longer",
    r"\bare the most\b": "write at most",
    r"\b(that|what) there is not\b": "name what is missing",
    r"\bis to become of\b": "write what to do with",
    r"\bthe [a-z]+ of no [a-z]+": "write no and the noun first",
    r"\b(is|are|was|were) looked into\b": "write who reads or examines it",
    r"\bmust be a text\b": "write must be text",
}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.found!r}: {self.remedy}"


def tracked_files() -> list[str]:
    """Return the paths of the files that people read, relative to the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for path in listed.stdout.splitlines() if is_read(path) and (ROOT / path).is_file()]


def is_read(path: str) -> bool:
    return Path(path).suffix in READ and not UNREAD.search(path)


def findings(path: str, text: str) -> Iterator[Finding]:
    """Yield what the list objects to in one file, in the order of lines for each rule."""
    if path.endswith(".py"):
        yield from first_words(path, text)
    yield from turns(path, text)


def first_words(path: str, text: str) -> Iterator[Finding]:
    """Yield the docstrings whose first word starts a question or a wish."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        docstring = ast.get_docstring(node)
        if docstring and FIRST_WORDS.match(docstring):
            first = docstring.splitlines()[0]
            yield Finding(path, node.body[0].lineno, first, "begin with a verb or a noun")


def turns(path: str, text: str) -> Iterator[Finding]:
    """Yield the places where a line holds one of the turns."""
    for number, line in enumerate(text.splitlines(), start=1):
        if IMPORT.match(line):
            continue
        for turn, remedy in TURNS.items():
            if match := re.search(turn, line, re.IGNORECASE):
                yield Finding(path, number, match.group(), remedy)


def main(paths: list[str]) -> int:
    found = [
        finding
        for path in (filter(is_read, paths) if paths else tracked_files())
        for finding in findings(path, (ROOT / path).read_text(encoding="utf-8"))
    ]
    for finding in found:
        print(finding)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

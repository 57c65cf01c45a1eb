"""The tutorial of an own observatory, run command by command as a reader does it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.live import free_port, running
from tests.needs import client_python
from tests.roots import PROJECT

PAGE = PROJECT / "docs" / "guide" / "own_observatory.md"
BLOCK = re.compile(r"```(sh|text)\n(.*?)```", re.DOTALL)
STOCK = "~/alpine/client/bin/pip install --quiet 'crds[submission]==14.0.3'\n"
UP = ".venv/bin/python manage.py up &\n"


def steps() -> Iterator[tuple[str, str]]:
    """Yield each block of commands with the output that the page shows for it."""
    found = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    for place, (kind, text) in enumerate(found):
        if kind == "sh":
            after = found[place + 1] if place + 1 < len(found) else ("", "")
            yield text, after[1] if after[0] == "text" else ""


def is_like(shown: str, real: str) -> bool:
    pattern = "".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", shown))
    return re.fullmatch(pattern, real) is not None


class Reader:
    """Somebody who types the commands into one shell, in a home of their own."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port, self.state = home, port, home / "state"
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        index = f"http://localhost:{port}/client/simple/"
        facts = {"HOME": str(home), "PUBLIC_URL": f"http://localhost:{port}", "SERVER_STRING": "tutorial"}
        self.environment = kept | facts | {"PIP_INDEX_URL": index, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        self.state.touch()

    def run(self, text: str) -> str:
        text = text.replace("localhost:8000", f"localhost:{self.port}")
        if STOCK in text:
            before, after = text.split(STOCK)
            self._shell(before)
            self._take_stock_client()
            text = after
        return self._shell(text)

    def _shell(self, text: str) -> str:
        script = f". {self.state}\nset -e\n{text}\nexport -p > {self.state}\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}"
        return done.stdout

    def _take_stock_client(self) -> None:
        """Use the client that the suite has already, in place of one from the network."""
        folder = self.home / "alpine" / "client"
        (packages,) = folder.glob("lib/python*/site-packages")
        program = "import sysconfig; print(sysconfig.get_path('purelib'))"
        stock = subprocess.check_output([client_python(), "-c", program], text=True)
        (packages / "stock.pth").write_text(stock)
        command = folder / "bin" / "crds"
        shutil.copy(client_python().parent / "crds", command)
        lines = command.read_text().replace(str(client_python()), str(folder / "bin" / "python"))
        command.write_text(re.sub(r"\A#!.*", f"#!{folder}/bin/python", lines))

    def exported(self) -> dict[str, str]:
        """Return the environment of the shell now."""
        text = self._shell("env -0 | tr '\\0' '\\1'")
        return dict(part.split("=", 1) for part in text.strip("\1\n").split("\1") if "=" in part)


@pytest.mark.xdist_group("tutorial")
@pytest.mark.development_server("the page starts `manage.py up`")
def test_every_command_of_the_tutorial_does_what_the_page_shows(tmp_path: Path) -> None:
    reader = Reader(tmp_path, free_port())
    with ExitStack() as stack:
        for text, shown in steps():
            if text == UP:
                stack.enter_context(running(reader.exported() | {"WARM_UP": "0"}, reader.port))
                continue
            real = [line for line in reader.run(text).splitlines() if line.strip()]
            for line in shown.splitlines():
                assert any(is_like(line, found) for found in real), f"{line!r} is not in:\n" + "\n".join(real)

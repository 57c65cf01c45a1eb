"""Environments with the stock client and client packages, in which nothing else differs from a user's."""

import subprocess
import zipfile
from pathlib import Path

from apps.client_package.wheel import Wheel
from tests.live import LiveServer
from tests.needs import client_python
from tests.patience import HANG


def make_environment(folder: Path, *wheels: Wheel, client: Path | None = None) -> Path:
    """Return the Python of a new environment with a client and packages.

    Parameters
    ----------
    client
        The Python of the environment whose client it has; by default that of the contract tests.
    """
    client = client or client_python()
    subprocess.run([client, "-m", "venv", "--without-pip", folder], check=True, timeout=HANG)
    places = _packages_of(folder / "bin" / "python")
    (places / "client.pth").write_text(f"{_packages_of(client)}\n")
    for wheel in wheels:
        install(folder / "bin" / "python", wheel)
    return folder / "bin" / "python"


def install(python: Path, wheel: Wheel) -> None:
    """Put the files of a wheel where pip would."""
    place = _packages_of(python) / wheel.name
    place.write_bytes(wheel.content)
    with zipfile.ZipFile(place) as archive:
        archive.extractall(place.parent)
    place.unlink()


def pip_install(python: Path, name: str, server: LiveServer) -> None:
    """Install a package from a server alone: what it needs is there, and no other index is asked."""
    pip = [client_python(), "-m", "pip", "--python", python, "install", "--quiet"]
    index = ("--index-url", f"{server.url}/client/simple/", "--disable-pip-version-check", "--no-deps")
    run = subprocess.run([*pip, *index, name], capture_output=True, text=True, check=False, timeout=HANG)
    assert run.returncode == 0, run.stderr


def _packages_of(python: Path) -> Path:
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    run = subprocess.run([python, "-c", program], check=True, capture_output=True, text=True, timeout=HANG)
    return Path(run.stdout.strip())

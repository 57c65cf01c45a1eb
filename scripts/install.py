"""Make a Python environment, install locked requirements into it, and show each step.

usage: install.py ENVIRONMENT REQUIREMENTS.txt

It runs on the Python of the machine, which may be too old for the server, so it uses the syntax of 3.7.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
AS_ROOT = "Run as root: apt-get install python3-venv"
PIP = ["-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "-r"]


def main(environment: str, requirements: str) -> None:
    """Make the environment unless it exists, and install the requirements."""
    require_python()
    python = os.path.join(environment, "bin", "python")
    if not os.path.exists(python):
        require_venv_module()
        say(f"Making the environment {environment}.")
        subprocess.check_call([sys.executable, "-m", "venv", environment])
    say(f"Installing {requirements} into {environment}; each dot is a package.")
    install(python, requirements)


def require_python() -> None:
    """End if this Python is too old."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        sys.exit(
            f"Python {found} is too old: 3.11 is needed. Install one and run `make run PYTHON=python3.11`."
        )


def require_venv_module() -> None:
    """Install Debian's package of the module that makes environments, if this Python lacks it."""
    try:
        __import__("ensurepip")
        return
    except ImportError:
        pass
    if not sys.executable.startswith("/usr/bin/") or not shutil.which("apt-get"):
        sys.exit("This Python lacks the modules venv and ensurepip. Install them, then run `make run` again.")
    as_root = [] if os.getuid() == 0 else ["sudo"]
    if as_root and not shutil.which("sudo"):
        sys.exit(f"python3-venv is missing, and so is sudo. {AS_ROOT}")
    say("Installing Debian's python3-venv, which this Python lacks.")
    with open(os.devnull, "w") as nowhere:
        for words in (["update", "-qq"], ["install", "-y", "-qq", "python3-venv"]):
            status = subprocess.call([*as_root, "apt-get", *words], stdout=nowhere)
            if status:
                sys.exit(f"apt-get ended with status {status}. {AS_ROOT}")


def install(python: str, requirements: str) -> None:
    """Run pip and print a dot for each package. If pip fails, print the end of its output."""
    process = subprocess.Popen(
        [python, *PIP, requirements],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    output = []
    for line in process.stdout:
        output.append(line)
        if line.startswith(("Collecting ", "Requirement already satisfied")):
            say(".", end="")
        elif line.startswith("Installing collected packages"):
            say(" all downloaded, now unpacking")
    if process.wait():
        say("")
        sys.exit("".join(output[-30:]) + f"pip could not install {requirements}; the reason is above.")


def say(text: str, end: str = "\n") -> None:
    """Print at once, even into a pipe."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])

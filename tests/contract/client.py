"""The unmodified CRDS client, in its own environment, with a cache of its own."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from tests.live import LiveServer
from tests.needs import client_python
from tests.warm_python import warm_client

# Where a user names the certificates that programs trust. Java reads a file of its own kind.
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
TRUST_OF_JAVA = "CRDS_TESTS_TRUST_OF_JAVA"
PASSWORD_OF_JAVA = "changeit"


def java_trust() -> list[str]:
    """Return the options by which Java trusts the server of the tests; none if it has no TLS."""
    if not (path := os.environ.get(TRUST_OF_JAVA)):
        return []
    return [
        f"-Djavax.net.ssl.trustStore={path}",
        f"-Djavax.net.ssl.trustStorePassword={PASSWORD_OF_JAVA}",
    ]


@dataclass(frozen=True)
class Done:
    """The end of a client's command and its output; its log goes to `errors`."""

    status: int
    output: str
    errors: str

    @property
    def text(self) -> str:
        return self.output + self.errors


@dataclass
class Client:
    """Runs commands of the client against one server, in the environment of a Python."""

    server: LiveServer
    cache: Path
    interpreter: Path = field(default_factory=client_python)

    def environment(self, **extra: str) -> dict[str, str]:
        """Return the variables a user of this server sets, without any of ours."""
        return {
            "PATH": f"{self.interpreter.parent}:{os.environ['PATH']}",
            "HOME": str(self.cache),
            "CRDS_SERVER_URL": self.server.url,
            "CRDS_OBSERVATORY": self.server.observatory,
            "CRDS_PATH": str(self.cache),
            **{name: os.environ[name] for name in TRUST if name in os.environ},
            **extra,
        }

    def crds(self, *arguments: str, **extra: str) -> Done:
        """Run ``crds ...`` as a user types it."""
        return self._run(str(client_python().parent / "crds"), *arguments, **extra)

    def python(self, program: str, **extra: str) -> Done:
        """Run a few lines that import the client."""
        return self._run("-c", program, **extra)

    def _run(self, *command: str, **extra: str) -> Done:
        python = warm_client(self.interpreter)
        done = python.run(command, cwd=self.cache, env=self.environment(**extra))
        return Done(done.returncode, done.stdout, done.stderr)

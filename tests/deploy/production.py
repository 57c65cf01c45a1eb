"""The processes of deploy/ as plain processes: commands of units, the site of nginx, the file of settings.

Only host names, ports and folders are replaced by those of the test.
"""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http.client import HTTPConnection, HTTPSConnection
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from obstore.store import S3Store

from tests.contract.client import PASSWORD_OF_JAVA, TRUST, TRUST_OF_JAVA, Client
from tests.factories.catalog import sha1
from tests.factories.own_bucket import s3_server
from tests.live import LiveServer, Served, free_port
from tests.needs import find_nginx
from tests.patience import HANG
from tests.roots import PROJECT, environment_for
from tests.scratch import scratch

DEPLOY = PROJECT / "deploy"
JWST = Served("jwst")
UNITS = ("crds-web.service", "crds-worker@.service", "crds-beat.service")
STARTED = ("crds-web.service", "crds-worker@1.service", "crds-worker@2.service", "crds-beat.service")
MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{site}
}}
"""


@dataclass
class ProductionServer(LiveServer):
    """The server behind nginx with TLS; `port` is that of nginx."""

    web_port: int = 0
    plain_port: int = 0
    certificate: Path = Path()
    folder: Path = Path()
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    killed: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}{self.base}"

    def kill(self, name: str) -> None:
        """Kill the process of a unit, which is not started again."""
        self.killed.add(name)
        self.processes[name].kill()
        self.processes[name].wait(HANG)

    def connection(self) -> HTTPConnection:
        return HTTPSConnection("localhost", self.port, timeout=HANG, context=self.trusted)

    def socket(self) -> socket.socket:
        return self.trusted.wrap_socket(super().socket(), server_hostname="localhost")

    @property
    def trusted(self) -> ssl.SSLContext:
        """Settings of TLS that trust the certificate of the test."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def open(self, path: str, *, host: str = "localhost", **headers: str) -> urllib.request.addinfourl:
        """Ask for a page and trust the certificate of the test."""
        asked = urllib.request.Request(f"https://{host}:{self.port}{path}", headers=headers)
        return urllib.request.urlopen(asked, timeout=HANG, context=self.trusted)  # type: ignore[no-any-return]


@dataclass
class SecureClient(Client):
    """The client of a user who trusts the certificate."""

    def environment(self, **extra: str) -> dict[str, str]:
        assert isinstance(self.server, ProductionServer)
        trusted = str(self.server.certificate)
        return super().environment(SSL_CERT_FILE=trusted, REQUESTS_CA_BUNDLE=trusted, **extra)


def unit(name: str) -> dict[str, str]:
    """Return the entries of a unit of systemd by their names."""
    lines = (DEPLOY / "systemd" / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@contextlib.contextmanager
def like_production(
    root: Path, database_url: str, served: Served, store: str, *, base: str, extra: dict[str, str]
) -> Iterator[ProductionServer]:
    """Run the processes of deploy/ for a test that asked for a live server, until the block ends.

    With the store in a bucket each worker has a data root of its own, which begins empty.
    """
    folder = root.with_name(f"{root.name}-production")
    with contextlib.ExitStack() as running:
        if store == "bucket":
            bucket = running.enter_context(s3_server(root.with_name(f"{root.name}-bucket")))
            extra = extra | bucket.settings()
            fill_bucket(root, extra)
        server = running.enter_context(
            production(
                root,
                folder,
                database_url=database_url,
                base=base,
                extra=extra,
                served=served,
                has_own_roots=store == "bucket",
            )
        )
        # This process and the clients that it starts trust the certificate, which all servers share.
        os.environ |= dict.fromkeys(TRUST, str(server.certificate))
        os.environ[TRUST_OF_JAVA] = str(server.certificate.with_name("trust.p12"))
        yield server


def fill_bucket(root: Path, settings: dict[str, str]) -> None:
    """Put the store of a filled data root into a bucket, as a server that always had one would have."""
    store = S3Store(
        settings["BUCKET"],
        endpoint=settings["BUCKET_ENDPOINT"],
        region=settings["BUCKET_REGION"],
        access_key_id=settings["BUCKET_KEY_ID"],
        secret_access_key=settings["BUCKET_SECRET"],
        client_options={"allow_http": True},
    )
    for path in sorted(path for path in (root / "store").rglob("[!.]*") if path.is_file()):
        key = path.relative_to(root / "store").as_posix()
        content = path.read_bytes()
        store.put(key, content)
        if key.startswith(("mappings/", "references/")):
            store.put(f"names/{path.name}", sha1(content).encode())


@contextlib.contextmanager
def production(
    root: Path,
    folder: Path,
    *,
    database_url: str,
    base: str = "",
    extra: dict[str, str] | None = None,
    served: Served = JWST,
    has_own_roots: bool = False,
) -> Iterator[ProductionServer]:
    """Run what the units and the site of nginx run, until the block ends, and insist that all end well.

    Parameters
    ----------
    has_own_roots
        Each worker has a data root of its own, as on a machine of its own.
    """
    folder.mkdir()
    name, definition = served.observatory, served.definition
    beside = environment_for(name, root, database_url, definition=definition)
    server = ProductionServer(name, root, free_port(), beside, base, free_port(), free_port())
    server.folder, server.certificate = folder, _certificate()
    settings = _settings(server, database_url) | (extra or {})
    if definition:
        settings["OBSERVATORY_FILE"] = str(definition)
    if has_own_roots:
        settings["SECRET_KEY"] = "the-key-that-all-machines-share"
    text = (DEPLOY / "env.example").read_text()
    given = {line.split("=")[0] for line in text.splitlines() if line[:1].isupper()}
    kept = [line for line in text.splitlines() if line.split("=")[0] not in settings]
    assert given  # Each line with a value is kept or replaced.
    lines = [*kept, *(f"{name}={value}" for name, value in settings.items())]
    (folder / "env").write_text("\n".join(lines) + "\n")
    (folder / "env").chmod(0o640)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CRDS_ENV_FILE": str(folder / "env")}
    # Commands of operators read the same file. The tests start them from a Python that has loaded Django.
    server.environment = environment | {"DJANGO_SETTINGS_MODULE": "crds_server.settings"}
    subprocess.run(_command("crds-prepare.service", server), cwd=PROJECT, env=environment, check=True)
    with contextlib.ExitStack() as running:
        for name in STARTED:
            own = environment | {"DATA_ROOT": str(_root_of(name, server, has_own_roots=has_own_roots))}
            running.enter_context(_running(name, _command(name, server), own, server))
        running.enter_context(_running("nginx", _nginx(server), {"PATH": os.environ["PATH"]}, server))
        running.callback(server.close)
        _wait(server)
        yield server


def _root_of(name: str, server: ProductionServer, *, has_own_roots: bool) -> Path:
    """Return the data root of a unit; beat stays on the machine of the web processes."""
    if not has_own_roots or "worker" not in name:
        return server.root
    root = server.folder / name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    return root


def _settings(server: ProductionServer, database_url: str) -> dict[str, str]:
    """Return the settings that belong to this test instead of an observatory."""
    secret = server.folder / "database_url"
    secret.write_text(database_url)
    given = os.environ.get("CELERY_BROKER_URL", "")
    return {
        "OBSERVATORY": server.observatory,
        "SERVER_STRING": server.environment["SERVER_STRING"],
        "PUBLIC_URL": server.url,
        "DATA_ROOT": str(server.root),
        "DATABASE_URL_FILE": str(secret),
        "CELERY_BROKER_URL": given or "filesystem://",
        "ALLOWED_HOSTS": "localhost,[::1]",
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "HEARTBEAT_SECONDS": "5",  # A busy machine misses shorter ones, and jobs then begin again.
        "WARM_UP": "off",
        "X_ACCEL_PREFIX": f"{server.base}/crds-store",
    }


def _command(name: str, server: ProductionServer) -> list[str]:
    base, _, rest = name.partition("@")
    number = rest.removesuffix(".service")
    text = unit(f"{base}@.service" if number else name)["ExecStart"]
    for theirs, ours in (
        ("/opt/crds/.venv/bin", str(Path(sys.executable).parent)),
        ("/srv/crds", str(server.root)),
        ("--port 8000", f"--port {server.web_port}"),
        ("--processes 4", "--processes 2"),
        ("%i", number),
        ("%%", "%"),
    ):
        text = text.replace(theirs, ours)
    return shlex.split(text)


def _nginx(server: ProductionServer) -> list[str]:
    """Return the command of nginx with the site of deploy/, below a path if there is one."""
    site = (DEPLOY / "nginx" / "crds.conf").read_text()
    if server.base:
        begin, rest = site.split("    location / {\n        include", 1)
        end = rest[rest.index("\n}\n") :]
        below = (DEPLOY / "nginx" / "crds-below-a-path.conf").read_text()
        site = begin + below.replace("/cal", server.base) + end
    for theirs, ours in (
        ("/etc/nginx/snippets", str(DEPLOY / "nginx")),
        ("127.0.0.1:8000", f"127.0.0.1:{server.web_port}"),
        ("listen 443", f"listen 127.0.0.1:{server.port}"),
        ("listen [::]:443", f"listen [::1]:{server.port}"),
        ("listen 80;", f"listen 127.0.0.1:{server.plain_port};"),
        ("listen [::]:80;", f"listen [::1]:{server.plain_port};"),
        ("/etc/letsencrypt/live/crds.example.org/fullchain.pem", str(server.certificate)),
        ("/etc/letsencrypt/live/crds.example.org/privkey.pem", str(server.certificate.with_name("key.pem"))),
        ("/var/log/nginx", str(server.folder)),
        ("/srv/crds", str(server.root)),
        ("crds.example.org", "localhost"),
    ):
        assert theirs in site, theirs
        site = site.replace(theirs, ours)
    # Started by root it would read the store as somebody who may not enter this folder.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = server.folder / "nginx.conf"
    configuration.write_text(MAIN.format(folder=server.folder, user=user, site=site))
    program = find_nginx()
    assert program
    return [program, "-p", str(server.folder), "-c", str(configuration)]


@contextlib.contextmanager
def _running(
    name: str, command: list[str], environment: dict[str, str], server: ProductionServer
) -> Iterator[None]:
    log = server.folder / f"{name}.log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=stream, stderr=subprocess.STDOUT
        )
    server.processes[name] = process
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(HANG)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert status == 0 or name in server.killed, f"{name} ended with {status}:\n{log.read_text()}"


def _wait(server: ProductionServer) -> None:
    until = time.monotonic() + HANG
    while time.monotonic() < until:
        ended = [name for name, process in server.processes.items() if process.poll() is not None]
        assert not ended, (server.folder / f"{ended[0]}.log").read_text()
        with contextlib.suppress(OSError), server.open(f"{server.base}/readyz"):
            return
        time.sleep(0.2)
    raise AssertionError("the server did not become ready")


@lru_cache
def _certificate() -> Path:
    """Write the key and a certificate of this machine that signs itself, and return its path."""
    folder = Path(tempfile.mkdtemp(prefix="tls-", dir=scratch()))
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("::1"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, plain))
    trusted = [pkcs12.PKCS12Certificate(certificate, b"localhost")]
    locked = serialization.BestAvailableEncryption(PASSWORD_OF_JAVA.encode())
    (folder / "trust.p12").write_bytes(pkcs12.serialize_java_truststore(trusted, locked))
    return folder / "certificate.pem"

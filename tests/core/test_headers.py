"""Headers that protect people, the texts for programs, and the log of a wrong Host header."""

import logging
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

from tests.roots import PROJECT

HTTPS = {
    "PUBLIC_URL": "https://crds.example.org",
    "ALLOWED_HOSTS": "crds.example.org",
    "SERVER_STRING": "ops",
}
ASK = """
from django.test import Client
answer = Client().get("/robots.txt", headers={"Host": "crds.example.org", "X-Forwarded-Proto": "https"})
print("HSTS", answer.headers.get("Strict-Transport-Security"))
"""


def manage(tmp_path: Path, *arguments: str, **variables: str) -> str:
    """Run a command with settings of its own, and return what it prints."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    found = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=kept | {"DATA_ROOT": str(tmp_path)} | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return found.stdout + found.stderr


def test_the_check_for_deployment_has_no_complaint_under_https(tmp_path: Path) -> None:
    said = manage(tmp_path, "check", "--deploy", "--tag", "security", "--fail-level", "INFO", **HTTPS)
    assert "System check identified no issues" in said, said


@pytest.mark.parametrize(
    ("seconds", "header"), [("31536000", "max-age=31536000; includeSubDomains; preload"), ("0", "None")]
)
def test_browsers_are_told_to_stay_with_https(tmp_path: Path, seconds: str, header: str) -> None:
    said = manage(tmp_path, "shell", "--verbosity", "0", "--command", ASK, **HTTPS, HSTS_SECONDS=seconds)
    assert f"HSTS {header}\n" in said, said


def test_forms_and_relative_addresses_stay_on_this_site(client: Client) -> None:
    policy = client.get("/robots.txt").headers["Content-Security-Policy"]
    for directive in (
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ):
        assert directive in re.split("; ?", policy)


def test_the_login_form_may_go_to_the_single_sign_on(tmp_path: Path) -> None:
    command = "from django.conf import settings; print(settings.CONTENT_SECURITY_POLICY)"
    variables = {**HTTPS, "OIDC_ISSUER": "https://login.example.org/realms/crds"}
    said = manage(tmp_path, "shell", "--verbosity", "0", "--command", command, **variables)
    assert "\"'self'\", 'https://login.example.org'" in said, said


def test_robots_ask_for_no_page_of_which_there_are_many(client: Client) -> None:
    text = client.get("/robots.txt").text
    assert text.splitlines() == [
        "User-agent: *",
        "Allow: /$",
        "Allow: /static/",
        "Allow: /docs/",
        "Disallow: /",
    ]


@pytest.mark.parametrize("path", ["/.well-known/security.txt", "/security.txt"])
def test_people_learn_whom_to_tell_of_a_security_problem(client: Client, settings: object, path: str) -> None:
    settings.SECURITY_CONTACT = "mailto:security@example.org"  # type: ignore[attr-defined]
    fields = dict(line.split(": ", 1) for line in client.get(path).text.splitlines())
    assert fields["Contact"] == "mailto:security@example.org"
    expires = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=300) < expires < timedelta(days=366)
    assert fields["Canonical"] == f"http://localhost:8000{path}"


def test_a_wrong_host_is_one_line_of_the_log_and_a_bad_request(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = client.get("/", headers={"Host": "evil.example.org"})
    assert answer.status_code == 400
    told = [record for record in caplog.records if "evil.example.org" in record.getMessage()]
    assert [record.levelname for record in told] == ["WARNING"]
    assert not [record for record in caplog.records if record.exc_info or record.exc_text]

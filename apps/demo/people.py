"""The people of the demo observatory, with passwords made up on this machine."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.operations import change_password, create_account
from apps.core.access import Role
from apps.core.addresses import absolute
from apps.core.files import write_once
from apps.demo import USER

_ROLES = {"demo_submitter": Role.SUBMITTER, "demo_operator": Role.OPERATOR}


@dataclass(frozen=True)
class DemoAccount:
    """The account of a person who may log in."""

    name: str
    role: str
    password: str

    def __str__(self) -> str:
        where = absolute(reverse("accounts:login"))
        return f"Log in at {where} as {self.name} ({self.role}) with password {self.password}"


def ensure_demo_accounts() -> list[DemoAccount]:
    """Make the demo's submitter and operator unless they exist, and return their accounts.

    The passwords are random, made once, and kept in a file below the data root that only we can read.
    """
    passwords = _passwords(settings.DATA_ROOT / "demo_accounts.json")
    for name, role in _ROLES.items():
        user = User.objects.filter(username=name).first()
        if user is None:
            # With an address there are mails to look at; nobody can have one of this domain.
            email = f"{name}@example.org"
            create_account(name, role=role, password=passwords[name], email=email, by=USER)
        elif not user.check_password(passwords[name]):
            # The file was lost, or the database copied: what we print must be true.
            change_password(user, passwords[name], by=USER)
    return [DemoAccount(name, str(role), passwords[name]) for name, role in _ROLES.items()]


def _passwords(path: Path) -> dict[str, str]:
    write_once(path, json.dumps({name: secrets.token_urlsafe(12) for name in _ROLES}).encode())
    kept: dict[str, str] = json.loads(path.read_text())
    return kept

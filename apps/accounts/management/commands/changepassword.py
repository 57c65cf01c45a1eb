import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from apps.accounts.operations import change_password
from apps.accounts.queries import find_user


def _typed(prompt: str) -> str:
    password = getpass.getpass(prompt=prompt)
    if not password:
        raise CommandError("No password was typed. Nothing was changed.")
    return password


class Command(changepassword.Command):
    """The command of Django, with an audit record."""

    help = "Change the local password of an account. The password is typed twice."

    def handle(self, *args: Any, **options: Any) -> str:
        name = options["username"]
        user = find_user(name)
        if user is None:
            raise CommandError(f"There is no account {name!r}.")
        password = _typed("Password: ")
        if password != _typed("Password (again): "):
            raise CommandError("The two passwords differ. Nothing was changed.")
        try:
            validate_password(password, user)
        except ValidationError as exc:
            raise CommandError(f"Nothing was changed. {' '.join(exc.messages)}") from exc
        change_password(user, password, by="changepassword")
        return f"The password of {user} was changed."

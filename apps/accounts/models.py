"""Accounts, their roles, the tokens of their programs, and failed logins."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from apps.core.access import Role
from apps.core.rows import rows_of

NAME = r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,149}"


# The role on the left includes those on the right. An operator may do everything that a submitter may do
# without a lock. Only a submitter or admin may take a lock and therefore deliver (`User.may_lock`).
IMPLIED: dict[str, set[str]] = {
    Role.SUBMITTER: {Role.SUBMITTER},
    Role.OPERATOR: {Role.OPERATOR, Role.SUBMITTER},
    Role.ADMIN: {Role.ADMIN, Role.OPERATOR, Role.SUBMITTER},
}

_LOCKING = {Role.SUBMITTER, Role.ADMIN}


class User(AbstractBaseUser):
    """An account. A password is optional, because people may log in by single sign-on or with a token."""

    username = models.CharField(max_length=150, unique=True, validators=[RegexValidator(rf"^{NAME}\Z")])
    email = models.EmailField(blank=True)
    # The provider never uses the subject again. An e-mail address may pass to another person.
    issuer = models.CharField(max_length=255, blank=True, help_text="Provider of the identity.")
    subject = models.CharField(
        max_length=255, blank=True, help_text="Its name for the person; empty if none."
    )
    is_active = models.BooleanField(default=True, help_text="Whether it may log in.")
    joined_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    # Scopes of the token of a request or its session, which limit what the account may do; see `middleware`.
    scopes: frozenset[str] | None = None

    class Meta:
        constraints = (
            models.UniqueConstraint(Lower("username"), name="user_name_is_unique_in_any_case"),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="user_email_is_unique"),
            models.UniqueConstraint(
                fields=["issuer", "subject"], condition=~Q(subject=""), name="identity_is_unique"
            ),
            models.CheckConstraint(condition=Q(subject="") | ~Q(issuer=""), name="subject_has_issuer"),
        )

    def __str__(self) -> str:
        return self.username

    def has_role(self, role: str, instrument: str = "") -> bool:
        """Return whether it may act as `role` for an instrument, or for any instrument if none is given."""
        return self._is_granted(lambda granted: role in IMPLIED[granted], role, instrument)

    def may_lock(self, instrument: str) -> bool:
        """Return whether it may take the lock of an instrument, as a submitter or admin for it."""
        if self.scopes is not None and not self.scopes & _LOCKING:
            return False
        return self._is_granted(lambda granted: granted in _LOCKING, Role.SUBMITTER, instrument)

    def _is_granted(self, counts: Callable[[str], bool], role: str, instrument: str) -> bool:
        if not self.is_active or (self.scopes is not None and role not in _reach(self.scopes)):
            return False
        return any(
            counts(grant.role) and (not instrument or grant.instrument in {"", instrument})
            for grant in self._grants()
        )

    def _grants(self) -> list["Grant"]:
        # One query for a request, however often a page checks a role.
        if "grants_read" not in self.__dict__:
            self.__dict__["grants_read"] = rows_of(Grant, user=self.pk)
        grants: list[Grant] = self.__dict__["grants_read"]
        return grants


def _reach(scopes: Iterable[str]) -> set[str]:
    """Return the roles that the scopes allow, including implied ones."""
    return {role for scope in scopes for role in IMPLIED.get(scope, set())}


class Grant(models.Model):
    """One role of one account, for one instrument or for all."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=9, choices=Role)
    instrument = models.CharField(max_length=32, blank=True, help_text="Lower case; empty: every instrument.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "role", "instrument"], name="grant_is_unique"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="grant_has_a_known_role"),
        )

    def __str__(self) -> str:
        return f"{self.role} of {self.instrument or 'all instruments'}"


class Token(models.Model):
    """An API token, with which a program acts as its owner. Only its digest is stored.

    A fast digest is enough, because nobody can guess 256 random bits.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=64, help_text="What it is for, in the owner's words.")
    prefix = models.CharField(max_length=12, help_text="Its first characters, to tell tokens apart.")
    sha256 = models.CharField(max_length=64, unique=True, help_text="Of the whole token, lower-case hex.")
    scopes = models.JSONField(default=list, help_text="Roles it may use; the owner must have them, too.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(help_text="From this moment on it is refused.")
    last_used_at = models.DateTimeField(null=True, help_text="To the minute; empty if never.")
    revoked_at = models.DateTimeField(null=True, help_text="When it was revoked; empty if it was not.")

    class Meta:
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.user_id}"

    @property
    def is_usable(self) -> bool:
        """True if its owner can log in with it now."""
        return self.revoked_at is None and self.expires_at > timezone.now() and self.user.is_active

    @property
    def status(self) -> str:
        """Its state in one word."""
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if self.is_usable else "expired"


class Attempt(models.Model):
    """A login with a local password that has not succeeded; counted by `throttle.py`."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    name = models.CharField(max_length=150, help_text="The posted user name, lower case.")
    address = models.CharField(max_length=64, help_text="Where it came from.")

    class Meta:
        indexes = (models.Index(fields=["name", "at"]), models.Index(fields=["address", "at"]))

    def __str__(self) -> str:
        return f"{self.name} from {self.address}"

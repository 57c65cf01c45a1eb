"""The acts of operators: what each will do, in words, before it is done, and what it did afterwards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.urls import reverse

from apps.accounts import operations as accounts
from apps.accounts.models import Token, User
from apps.accounts.queries import is_admin_of_everything
from apps.console import operations
from apps.core.access import Role
from apps.core.errors import ConflictError, DeniedError, InvalidInputError
from apps.core.free_text import clean_reason
from apps.jobs.models import Job
from apps.jobs.queries import find_job
from apps.locks import operations as locks
from apps.locks.models import Lock
from apps.mails.models import Mail
from apps.mails.operations import JOB_KIND as MAIL

Sent = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OperatorAct:
    """One act.

    Attributes
    ----------
    title
        Its heading as a question; ``{0}`` stands for what it acts on.
    find
        Returns what it acts on by the key in the address, or raises `Http404`.
    preview
        Returns sentences that say what it will do.
    perform
        Does it and returns a sentence that says what it did.
    back
        The view of the page that it belongs to.
    fields
        Names of values that its form passes on.
    is_for_admins
        Whether only an admin of every instrument may do it. Otherwise the operation checks the role.
    needs_reason
        Whether the form asks for a reason.
    shown, done
        Templates that show, besides the sentences, what it will do to the ``lock``, and what it did.
    seen
        Returns the state that the preview shows. The form sends it back, and the act is refused if the
        state has changed meanwhile. A program that sends no state acts on the present one.
    """

    title: str
    button: str
    find: Callable[[str], Any]
    preview: Callable[[Any, Sent], Sequence[str]]
    perform: Callable[[Any, Sent, User], str]
    back: str
    fields: tuple[str, ...] = ()
    is_for_admins: bool = False
    needs_reason: bool = False
    shown: str = ""
    done: str = ""
    seen: Callable[[Any], str] = lambda _row: ""

    def require_unchanged(self, row: Any, sent: Sent) -> None:
        """Refuse to act on something that changed after its preview was shown.

        Raises
        ------
        ConflictError
            Raised if the form was sent with another state than the present one.
        """
        if sent.get("seen") and sent["seen"] != self.seen(row):
            raise ConflictError("This has changed since you opened the page. Look again, then decide.")

    def require_permission(self, actor: User) -> None:
        """Refuse somebody who may not do this.

        Raises
        ------
        DeniedError
            Raised with the role that is needed.
        """
        if actor.scopes is not None:
            raise DeniedError("Log in with your password or by single sign-on: a token cannot do this.")
        if self.is_for_admins and not is_admin_of_everything(actor):
            raise DeniedError("This needs the role admin for all instruments.")

    @property
    def back_address(self) -> str:
        """The address of the page that it belongs to."""
        return reverse(self.back)


def _user(key: str) -> User:
    found = User.objects.filter(username=key).first()
    if found is None:
        raise Http404("There is no such account.")
    return found


def _row(model: Any) -> Callable[[str], Any]:
    def find(key: str) -> Any:
        # `int` refuses some digits of other scripts.
        is_number = key.isascii() and key.isdigit() and len(key) < 19
        row = model.objects.filter(pk=int(key)).first() if is_number else None
        if row is None:
            raise Http404(f"There is no such {model._meta.verbose_name}.")
        return row

    return find


def _lock(key: str) -> Lock:
    found = Lock.objects.filter(instrument=key).first()
    if found is None:
        raise Http404("Nobody holds this lock.")
    return found


def _grant(sent: Sent) -> tuple[str, list[str]]:
    """Return the role and the instruments of a form; no instrument stands for all."""
    role = str(sent.get("role", ""))
    if role not in Role.values:
        raise InvalidInputError(f"Choose a role: {', '.join(Role.values)}.")
    return role, str(sent.get("instruments", "")).replace(",", " ").split()


def _scope(sent: Sent) -> str:
    role, instruments = _grant(sent)
    return f"the role {role} for {', '.join(instruments) or 'all instruments'}"


def _preview_invitation(_key: str, sent: Sent) -> list[str]:
    return [
        f"The account {sent.get('name', '')} is made, with {_scope(sent)}.",
        f"A mail to {sent.get('email', '')} has a link by which they set their password within three days.",
    ]


def _invite(_key: str, sent: Sent, actor: User) -> str:
    role, instruments = _grant(sent)
    name, email = str(sent.get("name", "")), str(sent.get("email", ""))
    accounts.invite(name, email=email, role=role, instruments=instruments, by=actor.username)
    return f"The account {name} was made, and a mail to {email} is on its way."


def _preview_grant(user: User, sent: Sent) -> list[str]:
    return [f"{user} gets {_scope(sent)}. Other roles stay."]


def _do_grant(user: User, sent: Sent, actor: User) -> str:
    role, instruments = _grant(sent)
    accounts.grant(user, role=role, instruments=instruments, by=actor.username)
    return f"{user} has {_scope(sent)}."


def _preview_withdraw(user: User, sent: Sent) -> list[str]:
    role, _ = _grant(sent)
    return [f"{user} loses the role {role} for every instrument. A lock that they hold stays until its end."]


def _do_withdraw(user: User, sent: Sent, actor: User) -> str:
    role, _ = _grant(sent)
    _require_another(user, actor)
    accounts.withdraw(user, role=role, by=actor.username)
    return f"{user} no longer has the role {role}."


def _require_another(user: User, actor: User) -> None:
    """Refuse what would lock out the person who does it."""
    if user.pk == actor.pk:
        raise InvalidInputError("You cannot do this to your own account. Ask another admin.")


def _close(user: User, _sent: Sent, actor: User) -> str:
    _require_another(user, actor)
    accounts.close_account(user, by=actor.username)
    return f"The account {user} is closed."


def _reopen(user: User, _sent: Sent, actor: User) -> str:
    accounts.reopen_account(user, by=actor.username)
    return f"The account {user} is open again."


def _send_link(user: User, _sent: Sent, actor: User) -> str:
    accounts.send_password_link(user, by=actor.username)
    return f"A mail to {user.email} is on its way."


def _revoke(token: Token, _sent: Sent, actor: User) -> str:
    accounts.revoke_token(token, by=actor)
    return f"The token {token.prefix}… of {token.user} is revoked."


def _break(lock: Lock, sent: Sent, actor: User) -> str:
    reason = clean_reason(str(sent.get("reason", ""))[:300])
    if not reason:
        raise InvalidInputError("Give a reason.")
    locks.break_lock(lock, by=actor, why=reason)
    return f"The lock of {lock.instrument} is free."


def _abort(job: Job, _sent: Sent, actor: User) -> str:
    operations.abort_job(job, by=actor)
    return f"{str(job).capitalize()} ends."


def _again(job: Job, _sent: Sent, actor: User) -> str:
    operations.run_job_again(job, by=actor)
    return f"{str(job).capitalize()} is queued."


def _mail_job(key: str) -> Job:
    mail = _row(Mail)(key)
    job = find_job(kind=MAIL, subject_id=mail.pk)
    if job is None:
        raise Http404("This mail has no job.")
    return job


ACTS: dict[str, OperatorAct] = {
    "invite": OperatorAct(
        "Invite this person?",
        "Invite",
        lambda key: key,
        _preview_invitation,
        _invite,
        "console:people",
        fields=("name", "email", "role", "instruments"),
        is_for_admins=True,
    ),
    "grant": OperatorAct(
        "Grant {0} a role?",
        "Grant the role",
        _user,
        _preview_grant,
        _do_grant,
        "console:people",
        fields=("role", "instruments"),
        is_for_admins=True,
    ),
    "withdraw": OperatorAct(
        "Withdraw a role of {0}?",
        "Withdraw the role",
        _user,
        _preview_withdraw,
        _do_withdraw,
        "console:people",
        fields=("role",),
        is_for_admins=True,
    ),
    "close": OperatorAct(
        "Close the account {0}?",
        "Close the account",
        _user,
        lambda user, _: [
            f"{user} can no longer log in. Their sessions and tokens end, and their lock is released.",
            "What they delivered stays as it is.",
        ],
        _close,
        "console:people",
        is_for_admins=True,
    ),
    "reopen": OperatorAct(
        "Open the account {0} again?",
        "Open the account",
        _user,
        lambda user, _: [
            f"{user} can log in again, with the roles of before. Tokens that are not over work."
        ],
        _reopen,
        "console:people",
        is_for_admins=True,
    ),
    "send-link": OperatorAct(
        "Send {0} a link to set a password?",
        "Send the link",
        _user,
        lambda user, _: [f"A mail to {user.email or '(no address)'} has a link, good for three days."],
        _send_link,
        "console:people",
        is_for_admins=True,
    ),
    "revoke-token": OperatorAct(
        "Revoke the token {0}?",
        "Revoke the token",
        _row(Token),
        lambda token, _: [
            f"Programs with the token {token.prefix}… of {token.user} are refused, and its sessions end."
        ],
        _revoke,
        "console:people",
        is_for_admins=True,
    ),
    "break-lock": OperatorAct(
        "Break the lock of {0.instrument}?",
        "Break the lock",
        _lock,
        lambda lock, _: [f"{lock.user} loses the lock of {lock.instrument}, and anybody can take it."],
        _break,
        "console:locks",
        needs_reason=True,
        shown="locks/_preview.html",
        done="locks/_done.html",
        seen=lambda lock: str(lock.key),
    ),
    "abort-job": OperatorAct(
        "Abort {0}?",
        "Abort the job",
        _row(Job),
        lambda job, _: [
            f"{str(job).capitalize()} of {job.user or 'the server'} ends; it is {job.status} now."
        ],
        _abort,
        "console:jobs",
    ),
    "retry-job": OperatorAct(
        "Run {0} again?",
        "Run it again",
        _row(Job),
        lambda job, _: [f"{str(job).capitalize()} is queued and runs as soon as a worker is free."],
        _again,
        "console:jobs",
    ),
    "retry-mail": OperatorAct(
        "Send this mail again?",
        "Send it",
        _mail_job,
        lambda job, _: ["The mail is sent to the recipients who do not have it yet."],
        _again,
        "console:mails",
    ),
}

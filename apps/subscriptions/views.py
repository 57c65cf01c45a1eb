"""A person's own subscriptions and web hooks, and the page that a link in a mail opens."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.core.access import Role, with_account
from apps.core.forms import messages_of
from apps.rules.errors import CrdsError
from apps.subscriptions import operations
from apps.subscriptions.forms import SubscriptionForm, WebHookForm
from apps.subscriptions.models import Subscription, WebHook
from apps.subscriptions.signature import secret_of
from apps.subscriptions.unsubscribe_links import read_link

SHOWN = 10  # newest messages of a web hook


@require_safe
@never_cache
@ensure_csrf_cookie
@with_account
def own(request: HttpRequest, *, actor: User) -> HttpResponse:
    subject = "/".join((request.GET.get("instrument", ""), request.GET.get("type", "")))
    return _page(request, actor, subscription_form=SubscriptionForm(initial={"subject": subject}))


def _page(
    request: HttpRequest,
    actor: User,
    *,
    subscription_form: SubscriptionForm | None = None,
    hook_form: WebHookForm | None = None,
    error: str = "",
) -> HttpResponse:
    hooks = [
        {"row": hook, "secret": secret_of(hook.nonce), "messages": hook.messages.all()[:SHOWN]}
        for hook in actor.web_hooks.all()
    ]
    page = {
        "error": error,
        "refused": subscription_form or hook_form,
        "email": actor.email,
        "subscriptions": actor.subscriptions.all(),
        "subscription_form": subscription_form or SubscriptionForm(),
        "may_have_hooks": actor.scopes is None and actor.has_role(Role.SUBMITTER),
        "hooks": hooks if actor.scopes is None else [],
        "hook_form": hook_form or WebHookForm(),
    }
    return render(request, "subscriptions/own.html", {"page": page})


@require_POST
@never_cache
@with_account
def subscribe(request: HttpRequest, *, actor: User) -> HttpResponse:
    form = SubscriptionForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, subscription_form=form, error="; ".join(messages_of(form)))
    try:
        instrument, filekind = form.references
        period = form.cleaned_data["period"]
        operations.subscribe(actor, instrument=instrument, filekind=filekind, period=period)
    except CrdsError as exc:
        form.add_error("subject", str(exc))
        return _page(request, actor, subscription_form=form, error=str(exc))
    return redirect("subscriptions:own")


@require_POST
@never_cache
@with_account
def remove(request: HttpRequest, pk: int, *, actor: User) -> HttpResponse:
    operations.remove_subscription(actor, pk=pk)
    return redirect("subscriptions:own")


@require_POST
@never_cache
@with_account
def add_hook(request: HttpRequest, *, actor: User) -> HttpResponse:
    form = WebHookForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, hook_form=form, error="; ".join(messages_of(form)))
    try:
        operations.add_hook(actor, **form.cleaned_data)
    except CrdsError as exc:
        form.add_error("address", str(exc))
        return _page(request, actor, hook_form=form, error=str(exc))
    return redirect("subscriptions:own")


@require_POST
@never_cache
@with_account
def remove_hook(request: HttpRequest, pk: int, *, actor: User) -> HttpResponse:
    operations.remove_hook(_own_hook(actor, pk), by=actor)
    return redirect("subscriptions:own")


@require_POST
@never_cache
@with_account
def test_hook(request: HttpRequest, pk: int, *, actor: User) -> HttpResponse:
    operations.send_test(_own_hook(actor, pk), by=actor)
    return redirect("subscriptions:own")


def _own_hook(actor: User, pk: int) -> WebHook:
    hook: WebHook | None = actor.web_hooks.filter(pk=pk).first()
    if hook is None:
        raise Http404("You have no such web hook.")
    return hook


# Mail programs post here without a cookie (RFC 8058). The signed text in the address is the permission. A GET
# only asks, because programs that check mails open every link.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def unsubscribe(request: HttpRequest, text: str) -> HttpResponse:
    link = read_link(text)
    if link is None:
        raise Http404("This link is not complete. Copy the whole address from the mail.")
    rows = list(Subscription.objects.filter(pk__in=link.pks))
    if request.method == "POST":
        operations.unsubscribe(link)
    page = {"is_done": request.method == "POST" or not rows, "subscriptions": rows}
    return render(request, "subscriptions/unsubscribe.html", {"page": page})

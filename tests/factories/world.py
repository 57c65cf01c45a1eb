"""A small site in use: somebody is logged in, and everything exists that an address can name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.test import Client
from django.utils import timezone

from apps.catalog.models import File
from apps.jobs.models import Channel
from apps.locks.models import Lock
from apps.submissions.uploads import ingest_area
from apps.subscriptions.models import Period
from apps.subscriptions.operations import subscribe
from apps.subscriptions.unsubscribe_links import UnsubscribeLink
from tests.factories import sites
from tests.factories.accounts import logged_in, make_token, make_user
from tests.factories.datasets import make_dataset
from tests.factories.definitions import make_draft
from tests.factories.deliveries import make_delivery
from tests.factories.submissions import make_submission
from tests.factories.vo import make_query_job
from tests.factories.web_hooks import make_hook

UPLOADED = "uploaded.fits"
DATASET = "JW00001001001_02101_00001.MIRIMAGE:JW00001001001_02101_00001.MIRIMAGE"


@dataclass
class World:
    """The browser of an admin who holds the lock of miri, and the values of the addresses' parameters."""

    browser: Client
    values: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)


def make_world() -> World:
    """Return a site with files, a ready submission, a channel, a delivery, an upload and a token."""
    context = sites.make_site()
    user = make_user("homer", role="admin", email="homer@example.org")
    browser = logged_in(user, instrument="miri")
    del browser.defaults["HTTP_REFERER"]  # Tests say themselves where a request comes from.
    lock = Lock.objects.get()
    submission = make_submission(status="ready", ready_at=timezone.now(), lock_tenure=lock.tenure)
    delivery = make_delivery()
    sites.upload(user, {UPLOADED: b"x"})
    token, _ = make_token(user)
    make_dataset(DATASET, instrument="miri", header={"META.INSTRUMENT.NAME": "MIRI"}, observed_at=None)
    hook = make_hook(user)
    subscribe(user, instrument="miri", filekind="", period=Period.DAILY)
    reference = File.objects.filter(kind="reference", name__startswith="jwst_miri_flat").latest("pk")
    values = {
        "subscriptions/pk": str(hook.pk),
        # The signed text is the permission, whoever posts it; so this one names no subscription.
        "text": UnsubscribeLink([0]).address.split("/")[-2],
        "browse/name": reference.name,
        "certify_file/name": reference.name,
        "check_again/key": str(submission.key),
        "client/project": f"crds-{settings.OBSERVATORY}",
        "client/wheel": f"crds_{settings.OBSERVATORY}-1.0-py3-none-any.whl",
        "context": context,
        "dataset_id": DATASET,
        "datasets_with/name": reference.name,
        "pointer": "latest",
        "delivery/name": delivery.name,
        "delivery/what": "failed",
        "delivery_status/name": delivery.name,
        "display_result/key": str(submission.key),
        "folder": "references",
        "form": "atom",
        "get/name": reference.name,
        "impact/key": str(submission.key),
        "instrument": "miri",
        "jpoll/key": Channel.objects.create(user="homer").key,
        "looks/name": reference.name,
        "tables/name": reference.name,
        "submissions/key": str(submission.key),
        "looks/sha1sum": reference.sha1sum,
        "new": context,
        "number": "11111",
        "observatory": settings.OBSERVATORY,
        "observatory/key": str(make_draft().key),
        "observatory/number": "1",
        "observatory/what": "value",
        "old": context,
        "operate/act": "revoke-token",
        "operate/key": str(token.pk),
        "operate/username": "homer",
        "accounts/name": "MQ",
        "files/name": reference.name,
        "mappings/name": context,
        "jobs/key": Channel.objects.create(user="homer").key,
        "accounts/token": "none",
        "pk": str(token.pk),
        "reftype": "flat",
        "specifier": context,
        "submission_history/key": str(submission.key),
        "unchecked_get/name": reference.name,
        "dataportal/identifier": reference.name,
        "tap/key": make_query_job(owner="homer").key,
        "tap/leaf": "phase",
        "tap/table": "crds.files",
        "upload/name": UPLOADED,
        "upload/token": ingest_area.delete_token(user.pk, UPLOADED),
        "username": "homer",
    }
    form = {
        "button": "cancel",
        "instrument": "none",
        "move": "failed",
        "name": UPLOADED,
        "results_id": str(submission.key),
        "theme": "dark",
    }
    return World(browser, values, form)


def everything() -> dict[str, Any]:
    """Return all rows and all files of the server, to compare with what they are later."""
    rows = {
        f"{model.__name__} {row.pk}": {name: value for name, value in vars(row).items() if name != "_state"}
        for model in apps.get_models()
        for row in model._default_manager.all()
    }
    files = {
        str(path.relative_to(settings.DATA_ROOT)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in settings.DATA_ROOT.rglob("*")
        if path.is_file()
    }
    return rows | files


def changed(before: Mapping[str, Any]) -> list[str]:
    """Return which rows and files are new, other than before or gone."""
    now = everything()
    return sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))

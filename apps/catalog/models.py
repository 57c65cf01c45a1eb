"""The ledger: every file, how it goes to the archive, and who did what to it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.catalog.addresses import file_page
from apps.catalog.states import DELIVERY_ENTERED_FROM, ChangeLevel, DeliveryStatus, FileKind, FileState
from apps.core.models import StatusModel
from apps.core.text_beginnings import Beginning


class File(models.Model):
    """A mapping or a reference. Its name means the same bytes forever.

    A row may describe a file whose bytes we do not hold. Then `held_at` is empty and the file cannot be
    downloaded, although its name, size and sha1sum are known.
    """

    name = models.CharField(max_length=128, unique=True, help_text="Official name, without directory.")
    kind = models.CharField(max_length=9, choices=FileKind)
    observatory = models.CharField(max_length=16)
    instrument = models.CharField(max_length=32, blank=True, help_text="Empty for a pmap.")
    filekind = models.CharField(max_length=64, blank=True, help_text="Reftype; empty for pmap and imap.")
    size = models.BigIntegerField(null=True, help_text="Bytes; empty if unknown.")
    sha1sum = models.CharField(max_length=40, blank=True, help_text="Lower-case hex; empty if unknown.")
    state = models.CharField(max_length=16, choices=FileState, default=FileState.DELIVERED)
    held_at = models.DateTimeField(null=True, help_text="When bytes that agree with the row were stored.")
    rejected = models.BooleanField(default=False, help_text="This very file is bad.")
    blacklisted = models.BooleanField(default=False, help_text="This file, or a mapping it names, is bad.")
    provisional = models.BooleanField(
        default=False, help_text="Confirmed by policy: a program delivered it, and nobody looked at it."
    )

    uploaded_as = models.CharField(max_length=128, blank=True, help_text="The name it arrived with.")
    derived_from = models.CharField(max_length=128, blank=True)
    replaced_by = models.CharField(max_length=128, blank=True, help_text="Name of the file that replaces it.")
    delivered_at = models.DateTimeField(default=timezone.now)
    registered_at = models.DateTimeField(
        default=timezone.now, help_text="When this catalog got the row; an import has older deliveries."
    )
    activated_at = models.DateTimeField(null=True, help_text="When a latest context first contained it.")
    useafter_at = models.DateTimeField(null=True, help_text="UTC; first moment a reference applies.")
    change_level = models.CharField(max_length=8, choices=ChangeLevel, default=ChangeLevel.SEVERE)
    deliverer = models.CharField(max_length=150, blank=True, help_text="Account that delivered it.")
    deliverer_email = models.EmailField(blank=True)
    creator = models.CharField(max_length=255, blank=True, help_text="Author of the file.")
    description = models.TextField(blank=True, help_text="Why it was delivered.")
    pedigree = models.CharField(max_length=80, blank=True)
    reference_file_type = models.CharField(max_length=80, blank=True)
    aperture = models.CharField(max_length=80, blank=True)
    comment = models.TextField(blank=True)
    history = models.TextField(blank=True)
    catalog_link = models.CharField(max_length=255, blank=True)
    changed_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        # Rows are wide. The first three indexes hold all that lists filter and count by, so that a list of
        # half a million files reads a tenth of the table.
        indexes = (
            models.Index(
                fields=[
                    *("delivered_at", "id", "state", "kind", "instrument", "filekind", "name", "uploaded_as"),
                    *("rejected", "blacklisted", "deliverer"),
                ],
                name="file_by_delivery",
            ),
            models.Index(
                fields=["kind", "instrument", "filekind", "name", "state", "held_at"], name="file_by_type"
            ),
            models.Index(
                fields=[
                    *("state", "delivered_at", "id", "held_at", "kind", "instrument", "filekind", "name"),
                    *("rejected", "blacklisted", "deliverer"),
                ],
                name="file_by_state",
            ),
            models.Index(fields=["deliverer"], name="file_by_deliverer"),
            models.Index(fields=["useafter_at", "id"], name="file_by_useafter"),
            models.Index(fields=["activated_at", "id"], name="file_by_activation"),
            models.Index(fields=["registered_at", "id"], name="file_by_registration"),
            # Lists are sorted by these columns, and only the rows of a page are read then.
            models.Index(Beginning("description"), "id", name="file_by_description"),
            models.Index(fields=["aperture", "id"], name="file_by_aperture"),
            models.Index(fields=["pedigree", "id"], name="file_by_pedigree"),
            models.Index(fields=["change_level", "id"], name="file_by_change_level"),
            models.Index(fields=["size", "id"], name="file_by_size"),
            models.Index(fields=["name"], condition=Q(rejected=True), name="rejected_file"),
            models.Index(fields=["name"], condition=Q(blacklisted=True), name="blacklisted_file"),
            models.Index(fields=["sha1sum"], condition=Q(size__isnull=True), name="file_without_size"),
            models.Index(fields=["sha1sum"]),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(sha1sum="") | Q(sha1sum__regex=r"^[0-9a-f]{40}$"), name="sha1sum_is_hex"
            ),
            models.CheckConstraint(condition=~Q(name__contains="/"), name="file_name_has_no_directory"),
            models.CheckConstraint(
                condition=Q(size__isnull=True) | Q(size__gte=0), name="size_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(held_at__isnull=True) | (~Q(sha1sum="") & Q(size__isnull=False)),
                name="held_file_has_checksum",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return file_page(self.name)

    @property
    def is_held(self) -> bool:
        """The fact that our store has the bytes."""
        return self.held_at is not None

    @property
    def is_bad(self) -> bool:
        """The fact that clients must refuse it."""
        return self.rejected or self.blacklisted


class MappingContents(models.Model):
    """A held mapping whose text has been read; what it names is in the two tables below.

    A new rmap names nearly the same references as an older rmap of its type. It has rows only for the
    differences, so that a million names become some ten thousand rows.
    """

    file = models.OneToOneField(File, on_delete=models.CASCADE, primary_key=True, related_name="contents")
    base = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="followers",
        help_text="Rmap whose references it names too but for its differences; empty: it names no others.",
    )

    def __str__(self) -> str:
        return f"contents of {self.file_id}"


class NamedMapping(models.Model):
    """A mapping that a pmap or imap names; it need not be catalogued."""

    parent = models.ForeignKey(MappingContents, on_delete=models.CASCADE, related_name="children")
    child = models.CharField(max_length=128, db_index=True, help_text="Name, without directory.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["parent", "child"], name="child_is_once_in_parent"),)

    def __str__(self) -> str:
        return f"{self.parent_id} names {self.child}"


class ReferenceDifference(models.Model):
    """A reference that either an rmap or its base names, but not both."""

    rmap = models.ForeignKey(MappingContents, on_delete=models.CASCADE, related_name="differences")
    reference = models.CharField(max_length=128, help_text="Name, without directory.")
    is_added = models.BooleanField(help_text="Whether the rmap names it; else only its base does.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["reference", "rmap"], name="reference_differs_once_in_rmap"),
        )

    def __str__(self) -> str:
        return f"{self.rmap_id} {'adds' if self.is_added else 'drops'} {self.reference}"


class Delivery(StatusModel):
    """Files that became official together, and the progress of the archive with them.

    While it is open and `written_at` is set, its catalogue is in the delivery folder, unless the archive has
    just picked it up.
    """

    entered_from = DELIVERY_ENTERED_FROM

    number = models.PositiveBigIntegerField(unique=True, help_text="Rises from delivery to delivery.")
    name = models.CharField(max_length=40, unique=True, help_text="Of the catalogue: <obs>_<number>.cat.")
    submission = models.CharField(max_length=36, blank=True, help_text="Key of the submission; empty: none.")
    user = models.CharField(max_length=150, help_text="Account that made its files official.")
    why = models.TextField(blank=True, help_text="The reason that was given.")
    made_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=9, choices=DeliveryStatus, default=DeliveryStatus.OPEN)
    written_at = models.DateTimeField(null=True, help_text="When the folder was complete; empty until then.")
    changed_at = models.DateTimeField(default=timezone.now, help_text="When it entered its status.")
    changed_by = models.CharField(max_length=150, help_text="Account, or the task that noticed.")
    reason = models.TextField(blank=True, help_text="Why it failed, or is delivered again.")
    files = models.ManyToManyField(File, through="DeliveredFile", related_name="deliveries")

    class Meta:
        ordering = ("-number",)
        indexes = (models.Index(fields=["status"]),)
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="delivery_status_is_known"
            ),
            models.UniqueConstraint(
                fields=["submission"], condition=~Q(submission=""), name="submission_is_delivered_once"
            ),
        )

    def __str__(self) -> str:
        return self.name


class DeliveredFile(models.Model):
    """One file of a delivery, and what the archive last answered about it."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="rows")
    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="delivered_in")
    checked_at = models.DateTimeField(null=True, help_text="When the archive was last asked for it.")
    available_at = models.DateTimeField(null=True, help_text="When the archive had it, with its length.")
    problem = models.TextField(blank=True, help_text="What the archive last said instead.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["delivery", "file"], name="file_is_once_in_delivery"),)

    def __str__(self) -> str:
        return f"{self.file_id} in {self.delivery_id}"


class Action(models.TextChoices):
    """The acts that are recorded; pages and snapshots show those on files and pointers (website, 6.4)."""

    ADD_FILE = "add file"
    SUBMIT_FILE = "submit file"
    COMPLETE_FILE = "complete file"
    RENAME = "rename"
    GENERATE_MAPPING = "generate mapping"
    ADD_REFERENCE = "add reference"
    DELETE_REFERENCE = "delete reference"
    FORCE_SUBMIT = "force submit"
    CANCEL_SUBMIT = "cancel submit"
    ARCHIVE_STATE = "archive state"
    MARK_BAD = "mark bad"
    MARK_OK = "mark ok"
    TAINT = "taint"
    SET_CONTEXT = "set default context"
    CREATE_PIPELINE = "create pipeline"
    IMPORT_CACHE = "import cache"
    IMPORT_HISTORY = "import history"
    TAKE_UNKNOWN = "take unknown"
    ADOPT_BYTES = "adopt bytes"
    ADOPT_DATA = "adopt data"
    CHANGE_DEFINITION = "change definition"
    FIND_AFFECTED_DATASETS = "find affected datasets"
    ADD_DATASETS = "add datasets"
    BREAK_LOCK = "break lock"
    CREATE_ACCOUNT = "create account"
    CLOSE_ACCOUNT = "close account"
    REOPEN_ACCOUNT = "reopen account"
    SEND_PASSWORD_LINK = "send password link"  # noqa: S105 (it is not a password)
    ABORT_JOB = "abort job"
    RETRY_JOB = "retry job"
    CHANGE_PASSWORD = "change password"  # noqa: S105 (it is not a password)
    BIND_IDENTITY = "bind identity"
    GRANT_ROLE = "grant role"
    WITHDRAW_ROLE = "withdraw role"
    CREATE_TOKEN = "create token"  # noqa: S105 (it is not a token)
    REVOKE_TOKEN = "revoke token"  # noqa: S105 (it is not a token)
    ADD_WEB_HOOK = "add web hook"
    REMOVE_WEB_HOOK = "remove web hook"


# Acts that change neither files nor pointers. The public does not see them.
ACCOUNT_ACTIONS = (
    Action.CREATE_ACCOUNT,
    Action.CLOSE_ACCOUNT,
    Action.REOPEN_ACCOUNT,
    Action.SEND_PASSWORD_LINK,
    Action.CHANGE_PASSWORD,
    Action.BIND_IDENTITY,
    Action.GRANT_ROLE,
    Action.WITHDRAW_ROLE,
    Action.CREATE_TOKEN,
    Action.REVOKE_TOKEN,
    Action.ADD_WEB_HOOK,
    Action.REMOVE_WEB_HOOK,
    Action.ABORT_JOB,
    Action.RETRY_JOB,
)


class AuditRecord(models.Model):
    """A record of who did what to which file, when and why. Append only; written by `audit.py`."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    action = models.CharField(max_length=32, choices=Action)
    user = models.CharField(max_length=150, help_text="Account, or the command that acted.")
    filename = models.CharField(max_length=128, blank=True, help_text="Empty if it concerns no single file.")
    instrument = models.CharField(max_length=32, blank=True)
    filekind = models.CharField(max_length=64, blank=True)
    why = models.TextField(blank=True, help_text="The reason that was given.")
    details = models.TextField(blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (
            models.Index(fields=["filename"]),
            # All that the list of activities filters and counts by.
            models.Index(
                fields=["at", "id", "action", "filename", "instrument", "filekind"], name="record_by_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.user} {self.action} {self.filename}"


class Revision(models.Model):
    """One row that counts the changes of files and pointers, so that derived data can be found to be stale.

    Each change updates this counter in its own transaction. The number of the newest audit record would not
    do: numbers are handed out before the commit, so a lower number may still appear after a higher one.
    """

    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)


class FixityRun(models.Model):
    """One comparison of all stored bytes with the catalog."""

    began_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, help_text="Empty while it runs, or if it was killed.")
    files = models.PositiveIntegerField(default=0, help_text="Files that were read.")
    missing = models.PositiveIntegerField(default=0, help_text="Files that are gone.")
    changed = models.PositiveIntegerField(default=0, help_text="Files with other bytes than before.")
    unknown = models.PositiveIntegerField(default=0, help_text="Files that no row says we hold.")
    findings = models.JSONField(default=list, help_text="The first of them, as sentences.")

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"comparison of {self.began_at:%Y-%m-%d %H:%M}: {self.faults} faults"

    @property
    def faults(self) -> int:
        """The number of files that are wrong."""
        return self.missing + self.changed + self.unknown

    @property
    def is_clean(self) -> bool:
        """True if every file is as the catalog says."""
        return self.faults == 0


class Installation(models.Model):
    """The one row that says which server the database belongs to; a file in the store says the same."""

    observatory = models.CharField(max_length=16)
    server_string = models.CharField(max_length=64)
    key = models.CharField(max_length=32, help_text="Random; the store that belongs to it has the same.")
    written_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(pk=1), name="installation_is_one_row"),)

    def __str__(self) -> str:
        return f"{self.observatory} ({self.server_string})"

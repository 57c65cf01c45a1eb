"""Settings, in an order to read from top to bottom. Every value may come from the environment.

The defaults use SQLite and a folder of messages, and need nothing else installed.
"""

from pathlib import Path
from typing import Any

from celery.schedules import crontab

from crds_server import __version__, env, env_file, served_observatory

BASE_DIR = Path(__file__).resolve().parent.parent
env_file.load(BASE_DIR / "var")

# Identity. One server serves one observatory. A second server on the same machine differs only in these
# variables and its port.

SERVER_VERSION = __version__
DATA_ROOT = Path(env.text("DATA_ROOT", str(BASE_DIR / "var"))).resolve()
DATA_ROOT.mkdir(parents=True, exist_ok=True)
OBSERVATORY_FILE = served_observatory.definition_path(DATA_ROOT)  # Not there for one that comes with us.
OBSERVATORY = served_observatory.served_name(OBSERVATORY_FILE)
SERVER_STRING = env.word("SERVER_STRING", "dev", r"[a-z][a-z0-9-]{0,63}")
PUBLIC_URL = env.url("PUBLIC_URL", "http://localhost:8000", schemes=("http", "https"))
PUBLIC_ORIGIN, PUBLIC_PATH = env.split_url(
    PUBLIC_URL
)  # https://host and /cal, or nothing, of https://host/cal.

STORE_ROOT = DATA_ROOT / "store"  # Laid out as a CRDS cache: mappings/, references/, config/.
# An S3-compatible bucket that holds the files. The store of each machine is then a cache of it.
BUCKET = env.word("BUCKET", "", r"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?")
BUCKET_ENDPOINT = env.word("BUCKET_ENDPOINT", "", r"(https?://\S+[^/\s])?")  # Empty: that of Amazon.
BUCKET_PUBLIC_ENDPOINT = env.word("BUCKET_PUBLIC_ENDPOINT", BUCKET_ENDPOINT, r"(https?://\S+[^/\s])?")
BUCKET_REGION = env.word("BUCKET_REGION", "us-east-1", r"[a-z0-9-]+")
BUCKET_PREFIX = env.word("BUCKET_PREFIX", "", r"([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?")
BUCKET_KEY_ID = env.text("BUCKET_KEY_ID", "")  # Empty: what the machine of a cloud gives its programs.
BUCKET_SECRET = env.text("BUCKET_SECRET", "")
BUCKET_DOWNLOADS = env.choice("BUCKET_DOWNLOADS", "redirect", ("redirect", "pass"))
BUCKET_LINK_SECONDS = env.number("BUCKET_LINK_SECONDS", 3600, minimum=60)  # The life of a redirect's address.
STORE_CACHE_BYTES = env.number("STORE_CACHE_BYTES", 100 * 10**9, minimum=1 << 20)  # of references
ARTIFACT_ROOT = DATA_ROOT / "artifacts"  # Compiled mappings; may be deleted at any time.
BROKER_ROOT = DATA_ROOT / "broker"

# Contexts.

# Mappings in the memory of one process, by the size of their compiled form; those least used are forgotten.
CONTEXT_MEMORY_BYTES = env.number("CONTEXT_MEMORY_BYTES", 128 << 20, minimum=1 << 20)

# Web.

SECRET_KEY = env.secret("SECRET_KEY", DATA_ROOT / "secret_key")
DEBUG = env.flag("DEBUG", False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,.localhost,127.0.0.1,[::1]")
ROOT_URLCONF = "crds_server.urls"
WSGI_APPLICATION = "crds_server.wsgi.application"
WEB_APPLICATION = "crds_server.web.make_application"  # Our web server serves what this function returns.
FORCE_SCRIPT_NAME = PUBLIC_PATH or None  # Links begin with it, also outside requests.
APPEND_SLASH = False  # A redirected POST loses its body; both spellings are routed instead.
X_ACCEL_PREFIX = env.text("X_ACCEL_PREFIX", "")  # nginx's address of the store; empty: we send the bytes.
WEB_CONNECTIONS = env.number("WEB_CONNECTIONS", 1000, minimum=10)  # At once; further ones get 503.
RPC_BODY_LIMIT = env.number("RPC_BODY_LIMIT", 8 << 20, minimum=1024)  # bytes
RPC_NODE_LIMIT = env.number("RPC_NODE_LIMIT", 300_000, minimum=1000)  # values and keys in one request
RPC_BATCH_UNITS = env.number("RPC_BATCH_UNITS", 2000, minimum=1)  # of the calls of one batch together
RPC_BATCH_BYTES = env.number("RPC_BATCH_BYTES", 32 << 20, minimum=1024)  # Then a batch gets no more answers.
RPC_BATCH_SECONDS = env.number("RPC_BATCH_SECONDS", 30, minimum=1)  # Then a batch gets no more answers.
MAX_HEADERS_PER_RPC = env.number("MAX_HEADERS_PER_RPC", 1000, minimum=1)
MAX_BESTREFS_PER_RPC = env.number("MAX_BESTREFS_PER_RPC", 1000, minimum=1)

INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.contenttypes",
    "apps.accounts",  # Before Django's accounts: its command changepassword replaces theirs.
    "django.contrib.auth",
    "django.contrib.sessions",
    "apps.core",
    "apps.jobs",
    "apps.mails",
    "apps.catalog",
    "apps.contexts",
    "apps.locks",
    "apps.datasets",
    "apps.observatories",
    "apps.bestrefs",
    "apps.distribution",
    "apps.submissions",
    "apps.reprocessing",
    "apps.subscriptions",
    "apps.console",
    "apps.api",
    "apps.demo",
    "apps.rpc",
    "apps.vo",
    "apps.web",
]

MIDDLEWARE = [
    "apps.core.middleware.normalise_path",
    "apps.core.middleware.request_id",
    "apps.core.middleware.answer_probes",
    "apps.core.request_log.record_requests",
    "apps.core.bodies.ReadBodies",
    "apps.core.middleware.no_body_for_head",
    "apps.core.refusals.answer_programs",
    "apps.core.compression.CompressPages",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.recognise_token",
    "apps.locks.middleware.ResetCountdown",
    "apps.core.maintenance.RefuseChanges",
    "apps.core.outages.AnswerOutages",
    "apps.accounts.middleware.AnswerRefusals",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "apps.core.middleware.content_security_policy",
]

# The directives of the header that tells browsers what a page may load, and where its forms may go.
CONTENT_SECURITY_POLICY = {
    "default-src": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],  # And the single sign-on, to which the login form is redirected; see below.
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "apps.core.context_processors.site",
                "apps.accounts.context_processors.account",
                "apps.web.navigation.frame",
            ]
        },
    }
]

# Tools for people who write pages or programs.
STYLEGUIDE = env.flag("STYLEGUIDE", SERVER_STRING == "dev")  # /styleguide/ shows the parts of the pages.
JSON_CONSOLE = env.flag("JSON_CONSOLE", SERVER_STRING != "ops")  # /json/browse/ lets people try methods.
# During maintenance, a text for everybody such as "Moving to a new disk until 14:00 UTC."; otherwise empty.
MAINTENANCE = env.text("MAINTENANCE", "")
STATIC_URL = "static/"
STATIC_ROOT = DATA_ROOT / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# People: accounts, sessions, tokens and locks.

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "apps.accounts.backends.AccountBackend",
    "apps.accounts.single_sign_on.SingleSignOn",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("MinimumLengthValidator", {"min_length": 10}),
        ("UserAttributeSimilarityValidator", {"user_attributes": ("username", "email")}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
PASSWORD_RESET_TIMEOUT = 3 * 86400  # seconds in which a link to set a password works
LOGIN_URL = "accounts:login"
IS_HTTPS = PUBLIC_URL.startswith("https:")
# Cookies ignore the port. With one name, two servers on one host would end each other's sessions.
SESSION_COOKIE_NAME = f"crds-{OBSERVATORY}-{SERVER_STRING}"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = PUBLIC_PATH or "/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = env.number("SESSION_HOURS", 24, minimum=1) * 3600  # seconds after the login
# The client reads this cookie, by this name, from the answer to every form.
CSRF_COOKIE_NAME = "csrftoken"
CSRF_COOKIE_HTTPONLY = False
CSRF_USE_SESSIONS = False
CSRF_TRUSTED_ORIGINS = [PUBLIC_ORIGIN]
CSRF_FAILURE_VIEW = "apps.accounts.views.csrf_failure"
HSTS_SECONDS = env.number("HSTS_SECONDS", 365 * 24 * 3600)  # Browsers then refuse plain http for this host.
if IS_HTTPS:  # A proxy in front of us ends TLS. It must set this header and remove the header of callers.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = HSTS_SECONDS
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HSTS_SECONDS > 0
# The proxy also redirects http to https: it alone sees which of the two a browser used.
SILENCED_SYSTEM_CHECKS = ["security.W008"]
SECURITY_CONTACT = env.text("SECURITY_CONTACT", "")  # https: or mailto:, for /.well-known/security.txt.
ACCOUNT_CONTACT = env.text(
    "ACCOUNT_CONTACT", "the operators of this server"
)  # The people who create accounts.
TOKEN_DAYS = env.number("TOKEN_DAYS", 365, minimum=1)  # The longest life of an API token.
LOGIN_ATTEMPTS = env.number("LOGIN_ATTEMPTS", 10, minimum=1)  # Wrong passwords of one name from one address.
LOGIN_WINDOW_SECONDS = env.number("LOGIN_WINDOW_SECONDS", 900, minimum=1)  # The time in which they count.
CLIENT_ADDRESS_HEADER = env.text("CLIENT_ADDRESS_HEADER", "")  # Set by a proxy, such as X-Forwarded-For.
LOCK_SECONDS = env.number("LOCK_SECONDS", 4 * 3600, minimum=1)  # The life of a lock after the last action.
# The life of a lock after the checks of a delivery failed that somebody waits for in a browser.
REPAIR_LOCK_SECONDS = env.number("REPAIR_LOCK_SECONDS", 1800, minimum=0)

# Single sign-on by OpenID Connect. It is off unless an issuer is named.

OIDC_ISSUER = env.word("OIDC_ISSUER", "", r"(https?://\S+)?")
if OIDC_ISSUER:
    CONTENT_SECURITY_POLICY["form-action"].append(env.split_url(OIDC_ISSUER)[0])
OIDC_PROVIDER_NAME = env.text("OIDC_PROVIDER_NAME", "single sign-on")
OIDC_RP_CLIENT_ID = env.text("OIDC_CLIENT_ID", "")
OIDC_RP_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET", "")
OIDC_RP_SIGN_ALGO = env.word("OIDC_SIGN_ALGO", "RS256", r"[RPE]S(256|384|512)")
OIDC_RP_SCOPES = "openid email"
OIDC_USE_PKCE = True
OIDC_VERIFY_KID = env.flag("OIDC_VERIFY_KID", True)
OIDC_TIMEOUT = 10  # seconds
OIDC_CREATE_USER = False
OIDC_AUTHENTICATION_CALLBACK_URL = "accounts:callback"

# State.

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{DATA_ROOT}/crds.sqlite3")}
# PostgreSQL: seconds without an answer to a statement after which we ask on another connection whether the database
# lives. If it does not, the statement is given up. Jobs and commands can wait longer than a person.
DATABASE_REQUEST_SILENCE = env.number("DATABASE_REQUEST_SILENCE", 2, minimum=1)
DATABASE_JOB_SILENCE = env.number("DATABASE_JOB_SILENCE", 20, minimum=1)
# A request gives a statement up after so many seconds even if the database lives. PostgreSQL itself ends one that
# waits 28 s for a lock; this is for the case that only the process of one connection is frozen.
DATABASE_REQUEST_SECONDS = env.number("DATABASE_REQUEST_SECONDS", 60, minimum=1)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

# The source of the headers of observed datasets: our own table, a table or view of another database, which is
# only read, or a class of one's own (docs/guide/archive_view.md).

ARCHIVE_DATABASE_URL = env.database_address("ARCHIVE_DATABASE_URL")
ARCHIVE_VIEW = env.word("ARCHIVE_VIEW", "", r"(([A-Za-z_]\w*\.)?[A-Za-z_]\w*)?")
ARCHIVE_VIEW_IDS = (
    env.word("ARCHIVE_VIEW_IDS", "", r"([A-Za-z_]\w*(, *[A-Za-z_]\w*)?)?").replace(" ", "").split(",")
)
# Column to parkey.
ARCHIVE_VIEW_COLUMNS = env.pairs("ARCHIVE_VIEW_COLUMNS", "", r"([A-Za-z_]\w*) *= *([A-Z][A-Z0-9._-]*)")
ARCHIVE_VIEW_SECONDS = env.number("ARCHIVE_VIEW_SECONDS", 20, minimum=1)  # of one question
ARCHIVE_VIEW_ROWS = env.number("ARCHIVE_VIEW_ROWS", 1_000_000, minimum=1)  # of one question
env.require_with(
    "ARCHIVE_DATABASE_URL",
    ARCHIVE_DATABASE_URL,
    ARCHIVE_VIEW=ARCHIVE_VIEW,
    ARCHIVE_VIEW_IDS=ARCHIVE_VIEW_IDS[0],
    ARCHIVE_VIEW_COLUMNS=ARCHIVE_VIEW_COLUMNS,
)
ARCHIVE = env.text(
    "ARCHIVE",
    "apps.datasets.archive_view.archive.ViewArchive"
    if ARCHIVE_DATABASE_URL
    else "apps.datasets.archive.TableArchive",
)

# Mails. Without a mail server they are written to a folder, where operators can read them.

MAIL_SERVER = env.mail_server("EMAIL_URL")
EMAIL_HOST, EMAIL_PORT = MAIL_SERVER.host, MAIL_SERVER.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_SERVER.user, MAIL_SERVER.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL_SERVER.tls == "starttls", MAIL_SERVER.tls == "tls"
EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND", f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
)
EMAIL_FILE_PATH = DATA_ROOT / "mails"
MAIL_TIMEOUT = EMAIL_TIMEOUT = env.number("MAIL_TIMEOUT", 10, minimum=1)  # seconds, for each answer
MAIL_FROM = env.address("MAIL_FROM", "crds@localhost")
MAIL_LISTS = env.addresses("MAIL_LISTS", "")  # Addresses that get every mail.
ALARM_MAILS = env.addresses("ALARM_MAILS", "")  # Operators who read that stored files are wrong.
MAIL_ATTEMPTS = env.number("MAIL_ATTEMPTS", 10, minimum=1)  # Ten attempts take about a day and a half.
WEB_HOOK_HOSTS = set(env.words("WEB_HOOK_HOSTS", ""))  # Receivers inside the network that operators trust.

# Deliveries.

BUNDLE_BYTES = env.number("BUNDLE_BYTES", 1 << 30, minimum=0)  # The largest tar archive of best references.
INGEST_QUOTA_BYTES = env.number("INGEST_QUOTA_BYTES", 200 * 10**9, minimum=1)  # of one person
INGEST_RESERVE_BYTES = env.number(
    "INGEST_RESERVE_BYTES", 1 << 30
)  # Uploads leave this much free on the disk.
INGEST_PART_HOURS = env.number("INGEST_PART_HOURS", 168, minimum=1)  # The life of an unfinished file.
SUBMIT_HOLD_SECONDS = env.number("SUBMIT_HOLD_SECONDS", 10)  # A script waits this long for the checks.
SUBMISSION_SECONDS = env.number("SUBMISSION_SECONDS", 30 * 60, minimum=1)  # One child may take this long.
CHECK_MEMORY_BYTES = env.number("CHECK_MEMORY_BYTES", 2 << 30, minimum=512 << 20)  # of one such child
WARM_UP = env.flag("WARM_UP", True)  # A worker imports the library at its start, not at its first submission.
READY_DAYS = env.number("READY_DAYS", 14, minimum=1)  # A submission waits this long to be confirmed.

# The archive. `self`: this server is the archive, and files are archived when they are official. `pickup`: an
# archive takes catalogues and files from the delivery folder. The files there are links into the store, so the
# account that picks them up must not be able to write them.

ARCHIVE_MODE = env.word("ARCHIVE_MODE", "self", r"self|pickup")
DELIVERY_ROOT = Path(env.text("DELIVERY_ROOT", str(DATA_ROOT / "deliveries"))).resolve()
DELIVERY_FIRST_NUMBER = env.number("DELIVERY_FIRST_NUMBER", 1, minimum=1)  # After those of another server.
# The archive's address of a file is this with the name of the file at its end; empty: the archive is not asked.
ARCHIVE_URL = env.word("ARCHIVE_URL", "", r"(https?://\S+)?")
ARCHIVE_TIMEOUT = env.number("ARCHIVE_TIMEOUT", 10, minimum=1)  # seconds for one file

# Datasets that an archive sends. A call takes 100,000 of them.
DATASETS_BODY_LIMIT = env.number("DATASETS_BODY_LIMIT", 256 << 20, minimum=1024)  # bytes

# Looks into files: headers, first rows, pictures. Workers make them and keep them below the data root.

LOOK_SECONDS = env.number("LOOK_SECONDS", 60, minimum=1)  # One child may take this long.
LOOK_MEMORY_BYTES = env.number("LOOK_MEMORY_BYTES", 512 << 20, minimum=256 << 20)  # of one child
LOOKS_WAITING = env.number("LOOKS_WAITING", 8, minimum=1)  # The most looks that wait or are made at once.
LOOKS_BYTES = env.number("LOOKS_BYTES", 20 * 10**9, minimum=1)  # Above this the least used are removed.

# Services of the Virtual Observatory (docs/guide/vo.md).

IVOA_AUTHORITY = env.word("IVOA_AUTHORITY", "crds.invalid", r"[A-Za-z0-9][A-Za-z0-9._-]{2,62}")
VO_TOKEN_SECONDS = env.number("VO_TOKEN_SECONDS", 8 * 3600, minimum=60)  # The life of a signed token.
VO_TOKEN_BY_GET = env.flag("VO_TOKEN_BY_GET", True)  # Known clients send the password in the query string.
VO_BODY_LIMIT = env.number("VO_BODY_LIMIT", 4 * 1024 * 1024, minimum=1024)  # bytes
VO_REQUESTS_PER_MINUTE = env.number("VO_REQUESTS_PER_MINUTE", 600, minimum=1)  # of one token or address
TAP_SYNC_SECONDS = env.number("TAP_SYNC_SECONDS", 30, minimum=1)  # The longest synchronous query.
TAP_ASYNC_SECONDS = env.number("TAP_ASYNC_SECONDS", 600, minimum=1)  # A job, unless it asks for another time.
TAP_ASYNC_MAX_SECONDS = env.number("TAP_ASYNC_MAX_SECONDS", 3600, minimum=1)  # The most that it can ask for.
TAP_ROWS = env.number("TAP_ROWS", 50_000, minimum=1)  # Rows of an answer, unless MAXREC says otherwise.
TAP_MAX_ROWS = env.number("TAP_MAX_ROWS", 1_000_000, minimum=1)  # The most that MAXREC can ask for.
TAP_QUERIES = env.number("TAP_QUERIES", 4, minimum=1)  # Queries that one process runs at once.
TAP_JOBS_RUNNING = env.number("TAP_JOBS_RUNNING", 2, minimum=1)  # Jobs of one person that run at once.
TAP_JOBS_KEPT = env.number("TAP_JOBS_KEPT", 200, minimum=1)  # Jobs of one person that are kept.
TAP_JOB_DAYS = env.number("TAP_JOB_DAYS", 3, minimum=1)  # A job is kept so long, unless it asks for more.
TAP_JOB_MAX_DAYS = env.number("TAP_JOB_MAX_DAYS", 30, minimum=1)
TAP_RESULTS_ROOT = DATA_ROOT / "tap_results"

# Background work. The database records the work, and the broker only announces it.

HEARTBEAT_SECONDS = env.number("HEARTBEAT_SECONDS", 15, minimum=1)  # The time between two signs of life.
# The function for each kind of job. A job row names a kind, and nothing else is ever run.
JOB_KINDS: dict[str, str] = {
    "submission": "apps.submissions.tasks.run_submission",
    "mail": "apps.mails.pipeline.run",
    "web_hook": "apps.subscriptions.pipeline.run",
    "look": "apps.catalog.quick_looks.pipeline.run",
    "reprocessing": "apps.reprocessing.pipeline.run",
    "reprocessing_help": "apps.reprocessing.pipeline.help_search",
    "bestrefs": "apps.bestrefs.pipeline.run",
    "impact": "apps.web.impact_pages.pipeline.run",
    "query": "apps.vo.uws.pipeline.run",
    "definition_check": "apps.observatories.pipeline.run",
}
JOB_ATTEMPTS = env.number("JOB_ATTEMPTS", 3, minimum=1)  # A job that kills its worker this often fails.
# Kinds with another number of attempts. A query that killed its worker is not tried again.
JOB_KIND_ATTEMPTS: dict[str, int] = {
    "mail": MAIL_ATTEMPTS,
    "web_hook": MAIL_ATTEMPTS,
    "query": 1,
}
REPROCESSING_HELPERS = env.number("REPROCESSING_HELPERS", 7, minimum=0)  # workers that help with one search
# How many jobs of a kind run at once. Together they are fewer than the 24 threads of a worker, so that the
# heartbeat, the sweeps and other housekeeping always find a thread.
JOB_LANES = {
    "submission": env.number("CHECKS_AT_ONCE", 4, minimum=1),
    "look": env.number("LOOKS_AT_ONCE", 2, minimum=1),
    "reprocessing": env.number("REPROCESSING_AT_ONCE", 1, minimum=1),
    "reprocessing_help": REPROCESSING_HELPERS,
    "bestrefs": env.number("BULK_BESTREFS_AT_ONCE", 1, minimum=1),
    "impact": env.number("IMPACTS_AT_ONCE", 1, minimum=1),
    "query": env.number("QUERIES_AT_ONCE", 1, minimum=1),
    "mail": env.number("MAILS_AT_ONCE", 1, minimum=1),
    "web_hook": env.number("WEB_HOOKS_AT_ONCE", 1, minimum=1),
    "definition_check": 1,
}
JOBS_OF_PEOPLE = {"submission", "reprocessing"}  # Kinds of which one person runs only some at once.
JOBS_PER_PERSON = env.number("JOBS_PER_PERSON", 2, minimum=1)
CHANNEL_RETENTION_HOURS = env.number("CHANNEL_RETENTION_HOURS", 168, minimum=1)  # after the last message

CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", "filesystem://")
# Without these two, Celery would read the environment variable itself, as it was written.
CELERY_BROKER_READ_URL = CELERY_BROKER_WRITE_URL = CELERY_BROKER_URL
CELERY_BROKER_TRANSPORT_OPTIONS = (
    env.folder_broker(BROKER_ROOT) if CELERY_BROKER_URL.startswith("filesystem:") else dict(env.REMOTE_BROKER)
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # By default a worker ends after an outage of about an hour.
# Two servers may share one Redis, so each has its own queue.
CELERY_TASK_DEFAULT_QUEUE = f"crds-{OBSERVATORY}-{SERVER_STRING}"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A worker takes one message at a time, because more messages would be lost if it died.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULER = "crds_server.periodic_tasks:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1  # seconds of its sleep, after which it sees that it must end
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "follow-archive": {"task": "apps.contexts.tasks.follow_archive", "schedule": crontab(minute="*/10")},
    "follow-latest": {
        "task": "apps.reprocessing.tasks.follow_latest",
        "schedule": 60,
    },
    "keep-listings": {
        "task": "apps.contexts.tasks.keep_listings",
        "schedule": 60,
    },
    "follow-datasets": {
        "task": "apps.bestrefs.tasks.follow",
        "schedule": 60,
    },
    "notice-events": {"task": "apps.subscriptions.tasks.notice_events", "schedule": 60},
    "send-digests": {"task": "apps.subscriptions.tasks.send_digests", "schedule": crontab(minute="23")},
    "follow-impacts": {
        "task": "apps.web.tasks.follow_submissions",
        "schedule": 60,
    },
    "remove-old-queries": {"task": "apps.vo.tasks.remove_old_jobs", "schedule": crontab(minute="*/10")},
    "sweep-submissions": {"task": "apps.submissions.tasks.sweep", "schedule": HEARTBEAT_SECONDS},
    "remove-abandoned-parts": {
        "task": "apps.submissions.tasks.remove_abandoned_parts",
        "schedule": crontab(minute="37"),
    },
    "sweep-jobs": {"task": "apps.jobs.tasks.sweep", "schedule": HEARTBEAT_SECONDS},
    "clean-channels": {"task": "apps.jobs.tasks.clean_channels", "schedule": crontab(minute="17")},
    "clear-sessions": {
        "task": "apps.accounts.tasks.clear_sessions",
        "schedule": crontab(hour="4", minute="0"),
    },
    "write-open-deliveries": {
        "task": "apps.catalog.tasks.write_open_deliveries",
        "schedule": crontab(),
    },
    "sweep-looks": {"task": "apps.catalog.tasks.sweep_looks", "schedule": crontab(minute="47")},
    "check-archive": {"task": "apps.catalog.tasks.check_archive", "schedule": crontab(minute="*/5")},
    "heartbeat": {"task": "apps.core.tasks.beat", "schedule": HEARTBEAT_SECONDS},
    "verify-store": {"task": "apps.catalog.tasks.verify_store", "schedule": crontab(hour="3", minute="0")},
}
# A message that no worker took in time is dropped, because the next one is on its way: after an outage nobody
# wants the sweeps of hours.
for _entry in CELERY_BEAT_SCHEDULE.values():
    _every = _entry["schedule"]
    _entry["options"] = {"expires": max(60, 2 * _every) if isinstance(_every, int) else 300}

# Metrics for Prometheus: the networks that may read /metrics.

METRICS_FROM = env.networks("METRICS_FROM", "127.0.0.0/8,::1")

# Logs: one JSON object per line, with the id of the request that caused it.

ACCESS_LOG = env.flag("ACCESS_LOG", False)  # One line for each request; nginx also writes one.
LOG_LEVEL = env.word("LOG_LEVEL", "INFO", r"DEBUG|INFO|WARNING|ERROR")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,  # Otherwise the tracebacks of failed requests would be lost.
    "formatters": {"json": {"()": "apps.core.logs.json_formatter"}},
    "filters": {"one_line": {"()": "apps.core.logs.OneLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        # Anybody can send a wrong Host header, as often as they like.
        "django.security.DisallowedHost": {"filters": ["one_line"], "propagate": True},
        "sqlglot": {"level": "ERROR"},  # It warns of every statement that is not a query.
        "kombu.connection": {"level": "ERROR"},  # Its only warning is that a folder has no host name.
    },
}

# Every setting has been read by now: what a file of settings names besides them is misspelt.

env_file.refuse_unknown(env.DEFAULTS)
IN_FORCE = env.in_force()  # For the operators' page, without secrets.

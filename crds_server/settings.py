"""Settings, read from top to bottom; every value may come from the environment.

The defaults run on SQLite and a folder of messages, with nothing else installed.
"""

from pathlib import Path

from celery.schedules import crontab

from apps.rules.observatories import NAMES
from crds_server import __version__, env, env_file

BASE_DIR = Path(__file__).resolve().parent.parent
env_file.load(BASE_DIR / "var")

# What this server is. One server serves one observatory; a second one beside it differs in these
# variables and its port, nothing else.

SERVER_VERSION = __version__
OBSERVATORY = env.choice("OBSERVATORY", "jwst", NAMES)
SERVER_STRING = env.word("SERVER_STRING", "dev", r"[a-z][a-z0-9-]{0,63}")
PUBLIC_URL = env.url("PUBLIC_URL", "http://localhost:8000", schemes=("http", "https"))
PUBLIC_ORIGIN, PUBLIC_PATH = env.split_url(
    PUBLIC_URL
)  # https://host and /cal, or nothing, of https://host/cal.

DATA_ROOT = Path(env.text("DATA_ROOT", str(BASE_DIR / "var"))).resolve()
DATA_ROOT.mkdir(parents=True, exist_ok=True)
STORE_ROOT = DATA_ROOT / "store"  # Laid out as a CRDS cache: mappings/, references/, config/.
ARTIFACT_ROOT = DATA_ROOT / "artifacts"  # Compiled mappings; may be deleted at any time.
BROKER_ROOT = DATA_ROOT / "broker"

# Web.

SECRET_KEY = env.secret("SECRET_KEY", DATA_ROOT / "secret_key")
DEBUG = env.flag("DEBUG", False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,.localhost,127.0.0.1,[::1]")
ROOT_URLCONF = "crds_server.urls"
WSGI_APPLICATION = "crds_server.wsgi.application"
FORCE_SCRIPT_NAME = PUBLIC_PATH or None  # Links begin with it, also where no request says so.
APPEND_SLASH = False  # A redirected POST loses its body; both spellings are routed instead.
X_ACCEL_PREFIX = env.text("X_ACCEL_PREFIX", "")  # Where nginx finds the store; empty: we send the bytes.
RPC_BODY_LIMIT = env.number("RPC_BODY_LIMIT", 64 * 1024 * 1024, minimum=1024)  # bytes
MAX_HEADERS_PER_RPC = env.number("MAX_HEADERS_PER_RPC", 1000, minimum=1)
MAX_BESTREFS_PER_RPC = env.number("MAX_BESTREFS_PER_RPC", 1000, minimum=1)

INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "apps.core",
    "apps.jobs",
    "apps.mails",
    "apps.catalog",
    "apps.contexts",
    "apps.locks",
    "apps.accounts",
    "apps.datasets",
    "apps.bestrefs",
    "apps.distribution",
    "apps.submissions",
    "apps.reprocessing",
    "apps.demo",
    "apps.rpc",
    "apps.web",
]

MIDDLEWARE = [
    "apps.core.middleware.normalise_path",
    "apps.core.middleware.request_id",
    "apps.core.bodies.ReadBodies",
    "apps.core.middleware.no_body_for_head",
    "apps.core.refusals.answer_programs",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.recognise_token",
    "apps.locks.middleware.ResetCountdown",
    "apps.core.maintenance.RefuseChanges",
    "apps.accounts.middleware.AnswerRefusals",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": ["'self'"], "frame-ancestors": ["'none'"]}}

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

# What helps people who make pages or programs, and is nobody's business elsewhere.
STYLEGUIDE = env.flag("STYLEGUIDE", SERVER_STRING == "dev")  # /styleguide/ shows the parts of the pages.
JSON_CONSOLE = env.flag("JSON_CONSOLE", SERVER_STRING != "ops")  # /json/browse/ lets people try methods.
# A text for everybody while nothing may be changed, such as "Moving to a new disk until 14:00 UTC."; empty: as always.
MAINTENANCE = env.text("MAINTENANCE", "")
STATIC_URL = "static/"
STATIC_ROOT = DATA_ROOT / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# People: who they are, how long they stay, and what they reserve.

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "apps.accounts.backends.AccountBackend",
    "apps.accounts.single_sign_on.SingleSignOn",
]
LOGIN_URL = "accounts:login"
IS_HTTPS = PUBLIC_URL.startswith("https:")
# Cookies know no port: without a name of its own, each of two servers on one host would end the other's sessions.
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
if IS_HTTPS:  # A proxy ends TLS in front of us: it must set this header, and drop what callers send.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ACCOUNT_CONTACT = env.text("ACCOUNT_CONTACT", "the operators of this server")  # Who makes accounts.
TOKEN_DAYS = env.number("TOKEN_DAYS", 365, minimum=1)  # How long an API token lasts at most.
LOGIN_ATTEMPTS = env.number("LOGIN_ATTEMPTS", 10, minimum=1)  # Wrong passwords of one name from one address.
LOGIN_WINDOW_SECONDS = env.number("LOGIN_WINDOW_SECONDS", 900, minimum=1)  # The time in which they count.
CLIENT_ADDRESS_HEADER = env.text("CLIENT_ADDRESS_HEADER", "")  # What a proxy sets, X-Forwarded-For say.
LOCK_SECONDS = env.number("LOCK_SECONDS", 4 * 3600, minimum=1)  # How long a lock lasts after the last action.

# Single sign-on by OpenID Connect; off until an issuer is named.

OIDC_ISSUER = env.word("OIDC_ISSUER", "", r"(https?://\S+)?")
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
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

# Where the headers of observed datasets come from: our own table, or a class that asks an archive.

ARCHIVE = env.text("ARCHIVE", "apps.datasets.archive.TableArchive")

# Mails. Unless a mail server is named they are written to a folder, where operators can read them.

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
MAIL_LISTS = env.addresses("MAIL_LISTS", "")  # These get every mail.
MAIL_ATTEMPTS = env.number("MAIL_ATTEMPTS", 10, minimum=1)  # Ten take about a day and a half.

# Deliveries.

INGEST_QUOTA_BYTES = env.number("INGEST_QUOTA_BYTES", 200 * 10**9, minimum=1)  # of one person
INGEST_RESERVE_BYTES = env.number("INGEST_RESERVE_BYTES", 1 << 30)  # What uploads leave free on the disk.
INGEST_PART_HOURS = env.number("INGEST_PART_HOURS", 168, minimum=1)  # How long an unfinished file may wait.
SUBMIT_HOLD_SECONDS = env.number("SUBMIT_HOLD_SECONDS", 10)  # How long a script waits for the checks.
SUBMISSION_SECONDS = env.number("SUBMISSION_SECONDS", 4 * 3600, minimum=1)  # How long one child may take.
WARM_UP = env.flag("WARM_UP", True)  # A worker imports the library at its start, not at its first submission.
READY_DAYS = env.number("READY_DAYS", 14, minimum=1)  # How long a submission waits to be confirmed.

# The way into the archive. `self`: there is none but us, and files are archived when they are official; `pickup`:
# the archive takes catalogues and files from the delivery folder. Its files are links into the store: the account
# that picks up must not be able to write them.

ARCHIVE_MODE = env.word("ARCHIVE_MODE", "self", r"self|pickup")
DELIVERY_ROOT = Path(env.text("DELIVERY_ROOT", str(DATA_ROOT / "deliveries"))).resolve()
DELIVERY_FIRST_NUMBER = env.number("DELIVERY_FIRST_NUMBER", 1, minimum=1)  # Where another server left off.
# Where the archive answers for a file whose name is put behind this; empty: it is not asked.
ARCHIVE_URL = env.word("ARCHIVE_URL", "", r"(https?://\S+)?")
ARCHIVE_TIMEOUT = env.number("ARCHIVE_TIMEOUT", 10, minimum=1)  # seconds for one file

# Looks into files: headers, first rows, pictures. Made by workers, kept below the data root.

LOOK_SECONDS = env.number("LOOK_SECONDS", 60, minimum=1)  # How long one child may take.
LOOK_MEMORY_BYTES = env.number("LOOK_MEMORY_BYTES", 512 << 20, minimum=256 << 20)  # of one child
LOOKS_WAITING = env.number("LOOKS_WAITING", 8, minimum=1)  # How many wait or are made at once at most.
LOOKS_BYTES = env.number("LOOKS_BYTES", 20 * 10**9, minimum=1)  # Beyond that the least used are removed.

# Background work. The broker only announces it: what there is to do stands in the database.

HEARTBEAT_SECONDS = env.number("HEARTBEAT_SECONDS", 15, minimum=1)  # How often a worker says it is alive.
# Which function does which kind of job; a job row names a kind, and nothing else is ever run.
JOB_KINDS: dict[str, str] = {
    "submission": "apps.submissions.pipeline.run",
    "mail": "apps.mails.pipeline.run",
    "look": "apps.catalog.quick_looks.pipeline.run",
    "reprocessing": "apps.reprocessing.pipeline.run",
}
JOB_ATTEMPTS = env.number("JOB_ATTEMPTS", 3, minimum=1)  # A job that kills its worker so often has failed.
JOB_KIND_ATTEMPTS: dict[str, int] = {"mail": MAIL_ATTEMPTS}  # Kinds that have another number of attempts.
CHANNEL_RETENTION_HOURS = env.number("CHANNEL_RETENTION_HOURS", 168, minimum=1)  # after the last message

CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", "filesystem://")
# Celery reads the variable itself, as it was written, unless these two name the broker.
CELERY_BROKER_READ_URL = CELERY_BROKER_WRITE_URL = CELERY_BROKER_URL
CELERY_BROKER_TRANSPORT_OPTIONS = (
    env.folder_broker(BROKER_ROOT) if CELERY_BROKER_URL.startswith("filesystem:") else dict(env.REMOTE_BROKER)
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Two servers may share one Redis: each keeps to a queue of its own.
CELERY_TASK_DEFAULT_QUEUE = f"crds-{OBSERVATORY}-{SERVER_STRING}"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A worker takes one message at a time: what it holds beyond that is lost with it.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULE = {
    "follow-archive": {"task": "apps.contexts.tasks.follow_archive", "schedule": crontab(minute="*/10")},
    "follow-latest": {
        "task": "apps.reprocessing.tasks.follow_latest",
        "schedule": 60,
        "options": {"expires": 60},
    },
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

# Logs: one JSON object a line, with the id of the request that caused it.

LOG_LEVEL = env.word("LOG_LEVEL", "INFO", r"DEBUG|INFO|WARNING|ERROR")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,  # Or the tracebacks of failed requests vanish.
    "formatters": {"json": {"()": "apps.core.logs.json_formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "kombu.connection": {"level": "ERROR"},  # It warns that a folder has no host name.
    },
}

# Every setting has been read by now: what a file of settings names besides them is misspelt.

env_file.refuse_unknown(env.DEFAULTS)

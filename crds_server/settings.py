"""Settings, read from top to bottom; every value may come from the environment.

The defaults run on SQLite and a folder of messages, with nothing else installed.
"""

from pathlib import Path

from celery.schedules import crontab

from crds_server import env

BASE_DIR = Path(__file__).resolve().parent.parent

# What this server is. One server serves one observatory; a second one beside it differs in these
# variables and its port, nothing else.

OBSERVATORY = env.word("OBSERVATORY", "jwst", r"[a-z][a-z]{1,8}")
SERVER_STRING = env.word("SERVER_STRING", "dev")
PUBLIC_URL = env.url("PUBLIC_URL", "http://localhost:8000", schemes=("http", "https"))

DATA_ROOT = Path(env.text("DATA_ROOT", str(BASE_DIR / "var"))).resolve()
DATA_ROOT.mkdir(parents=True, exist_ok=True)
STORE_ROOT = DATA_ROOT / "store"  # Laid out as a CRDS cache: mappings/, references/, config/.
ARTIFACT_ROOT = DATA_ROOT / "artifacts"  # Compiled mappings; may be deleted at any time.
BROKER_ROOT = DATA_ROOT / "broker"
LOG_ROOT = DATA_ROOT / "logs"

# Web.

SECRET_KEY = env.secret("SECRET_KEY", DATA_ROOT / "secret_key")
DEBUG = env.flag("DEBUG", False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,.localhost,127.0.0.1,[::1]")
ROOT_URLCONF = "crds_server.urls"
WSGI_APPLICATION = "crds_server.wsgi.application"
APPEND_SLASH = False  # A redirected POST loses its body; both spellings are routed instead.
X_ACCEL_PREFIX = env.text("X_ACCEL_PREFIX", "")  # Where nginx finds the store; empty: we send the bytes.
RPC_BODY_LIMIT = env.number("RPC_BODY_LIMIT", 64 * 1024 * 1024, minimum=1024)  # bytes
MAX_HEADERS_PER_RPC = env.number("MAX_HEADERS_PER_RPC", 1000, minimum=1)
MAX_BESTREFS_PER_RPC = env.number("MAX_BESTREFS_PER_RPC", 1000, minimum=1)

INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "apps.core",
    "apps.catalog",
    "apps.contexts",
    "apps.datasets",
    "apps.bestrefs",
    "apps.distribution",
    "apps.rpc",
    "apps.web",
]

MIDDLEWARE = [
    "apps.core.middleware.collapse_leading_slashes",
    "apps.core.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": ["'self'"], "frame-ancestors": ["'none'"]}}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"context_processors": ["apps.core.site.site"]},
    }
]

STATIC_URL = "static/"
STATIC_ROOT = DATA_ROOT / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# State.

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{DATA_ROOT}/crds.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

# Where the headers of observed datasets come from: our own table, or a class that asks an archive.

ARCHIVE = env.text("ARCHIVE", "apps.datasets.archive.TableArchive")

# Background work. The broker only rings the bell: what there is to do stands in the database.

HEARTBEAT_SECONDS = env.number("HEARTBEAT_SECONDS", 15, minimum=1)  # How often a worker says it is alive.

CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "filesystem://")
CELERY_BROKER_TRANSPORT_OPTIONS = (
    env.folder_broker(BROKER_ROOT) if CELERY_BROKER_URL.startswith("filesystem:") else {}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Two servers may share one Redis: each keeps to a queue of its own.
CELERY_TASK_DEFAULT_QUEUE = f"crds-{OBSERVATORY}-{SERVER_STRING}"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
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

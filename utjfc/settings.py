"""All settings, in one file; `.env.example` explains each name."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet

from utjfc import look, schedule
from utjfc.wiring import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(env("ENV_FILE", default=str(BASE_DIR / ".env")))

# --- Where we are -----------------------------------------------------------------------------
ENVIRONMENT = env("ENVIRONMENT", default="demo")
DEMO = ENVIRONMENT == "demo"
PRODUCTION = ENVIRONMENT == "production"
TESTING = ENVIRONMENT == "test"
DEBUG = env.bool("DEBUG", default=False)
VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))


def _kept(name: str, make) -> str:
    """A secret of the embedded mode: made once, kept in VAR_DIR, readable by its owner only."""
    file = VAR_DIR / name
    if not file.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make())
        try:
            os.link(draft, file)  # the first of several processes wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text()


def _new_field_key() -> str:
    return Fernet.generate_key().decode()


if PRODUCTION:
    SECRET_KEY = env("SECRET_KEY")
    FIELD_KEYS = env.list("FIELD_KEYS")
else:
    SECRET_KEY = env("SECRET_KEY", default="") or _kept(
        "secret_key", lambda: secrets.token_urlsafe(50)
    )
    FIELD_KEYS = env.list("FIELD_KEYS", default=[]) or [_kept("field_key", _new_field_key)]

PORT = env.int("PORT", default=8000)
SANDBOX_PORT = env.int("SANDBOX_PORT", default=8100)
SANDBOX_FILE = env("SANDBOX_FILE", default=str(VAR_DIR / "sandbox.sqlite3"))
SANDBOX_URL = f"http://127.0.0.1:{SANDBOX_PORT}"
USE_SANDBOX = env.bool("USE_SANDBOX", default=DEMO)
CLOCK_FILE = "" if PRODUCTION else env("CLOCK_FILE", default=str(VAR_DIR / "clock"))


def _service(name: str, live: str, sandbox_path: str = "") -> str:
    """A service's base URL: from the environment, else the sandbox's in the demo, else the real."""
    return env(name, default=f"{SANDBOX_URL}{sandbox_path}" if USE_SANDBOX else live)


def _credential(name: str, sandbox: str, *, old: str = "") -> str:
    given = env(name, default="") or (env(old, default="") if old else "")
    return given or (sandbox if USE_SANDBOX else "")


PUBLIC_URL = (
    env("PUBLIC_URL", default="")
    or env("CLOUDFRONT_URL", default="")
    or env("FRONTEND_URL", default="")
    or ("" if PRODUCTION else f"http://127.0.0.1:{PORT}")
).rstrip("/")
FRONTEND_ORIGINS = env.list("FRONTEND_ORIGINS", default=[])

# --- The club ---------------------------------------------------------------------------------
CLUB_NAME = env("CLUB_NAME", default="Urmston Town Juniors FC")
CLUB_SHORT_NAME = env("CLUB_SHORT_NAME", default="UTJFC")
CLUB_EMAIL = env("CLUB_EMAIL", default="admin@urmstontownjfc.example")
PRIVACY_NOTICE_URL = env("PRIVACY_NOTICE_URL", default=f"{PUBLIC_URL}/privacy")

# --- Outside services -------------------------------------------------------------------------
AIRTABLE_PAT = _credential(
    "AIRTABLE_PAT", "patSandbox0000000.sandboxsandboxsandboxsandbox", old="AIRTABLE_API_KEY"
)
AIRTABLE_BASE_ID = _credential("AIRTABLE_BASE_ID", "appSandboxClub001")
AIRTABLE_TABLE = env("AIRTABLE_TABLE", default="")  # overrides the season's table name
AIRTABLE_PULL_SECONDS = env.int("AIRTABLE_PULL_SECONDS", default=10 if DEMO else 180)
# How many requests a month the club's plan has; 0 where there is no such limit.
AIRTABLE_MONTHLY_REQUESTS = env.int("AIRTABLE_MONTHLY_REQUESTS", default=0)
# Whether the chat of each registration is written into its row.
AIRTABLE_CONVERSATIONS = env.bool("AIRTABLE_CONVERSATIONS", default=False)
AIRTABLE_URL = _service("AIRTABLE_URL", "https://api.airtable.com", "/airtable")

GOCARDLESS_TOKEN = _credential("GOCARDLESS_TOKEN", "sandbox_demoTokenForTheSandboxOnly000000")
GOCARDLESS_ENV = env("GOCARDLESS_ENV", default="sandbox")
GOCARDLESS_WEBHOOK_SECRET = _credential(
    "GOCARDLESS_WEBHOOK_SECRET", "sandbox-webhook-secret-for-the-demo-only"
)
GOCARDLESS_URL = _service(
    "GOCARDLESS_URL",
    "https://api.gocardless.com"
    if GOCARDLESS_ENV == "live"
    else "https://api-sandbox.gocardless.com",
)

TWILIO_ACCOUNT_SID = _credential("TWILIO_ACCOUNT_SID", "AC" + "5a4d" * 8)
TWILIO_AUTH_TOKEN = _credential("TWILIO_AUTH_TOKEN", "5a4d0b0c" * 4)
TWILIO_FROM_NUMBER = _credential("TWILIO_FROM_NUMBER", "+447700900999", old="TWILIO_PHONE_NUMBER")
TWILIO_URL = _service("TWILIO_URL", "https://api.twilio.com", "/twilio")

AWS_ACCESS_KEY_ID = env("AWS_ACCESS_KEY_ID", default="")
AWS_SECRET_ACCESS_KEY = env("AWS_SECRET_ACCESS_KEY", default="")
AWS_S3_BUCKET_NAME = env("AWS_S3_BUCKET_NAME", default="")
AWS_REGION = env("AWS_REGION", default="eu-west-2")
AWS_S3_URL = env("AWS_S3_URL", default="")  # another endpoint than Amazon's

GOOGLE_PLACES_API_KEY = _credential(
    "GOOGLE_PLACES_API_KEY", "AIzaSandboxKeyForTheDemoOnly0000000000"
)
GOOGLE_PLACES_API = env("GOOGLE_PLACES_API", default="new")
GOOGLE_PLACES_URL = _service(
    "GOOGLE_PLACES_URL",
    "https://maps.googleapis.com"
    if GOOGLE_PLACES_API == "legacy"
    else "https://places.googleapis.com",
    "/places",
)

# Reading answers by a language model; without a key, or with AI_READING off, rules alone read.
AI_READING = env.bool("AI_READING", default=True)
AI_PHOTO_CHECK = env.bool("AI_PHOTO_CHECK", default=False)
OPENAI_API_KEY = _credential("OPENAI_API_KEY", "sk-sandboxKeyForTheDemoOnly0000000000")
OPENAI_MODEL = env("OPENAI_MODEL", default="gpt-4.1")
OPENAI_MAX_TOKENS = env.int("OPENAI_MAX_TOKENS", default=600)
_TEMPERATURE = env("OPENAI_TEMPERATURE", default="0.1")
OPENAI_TEMPERATURE = float(_TEMPERATURE) if _TEMPERATURE else None
OPENAI_TIMEOUT = env.float("OPENAI_TIMEOUT", default=8.0)  # seconds, of one try
OPENAI_RETRIES = env.int("OPENAI_RETRIES", default=1)
OPENAI_CALLS_A_DAY = env.int("OPENAI_CALLS_A_DAY", default=2000)
# US dollars for a million tokens, read and written.
OPENAI_INPUT_PRICE = env.float("OPENAI_INPUT_PRICE", default=2.0)
OPENAI_OUTPUT_PRICE = env.float("OPENAI_OUTPUT_PRICE", default=8.0)
OPENAI_URL = _service("OPENAI_URL", "https://api.openai.com/v1", "/openai/v1")

# --- The agents' door: MCP (docs/agents.md) -----------------------------------------------------
MCP_HOST = env("MCP_HOST", default="127.0.0.1")
MCP_PORT = env.int("MCP_PORT", default=8002)
MCP_CALLS_A_MINUTE = env.int("MCP_CALLS_A_MINUTE", default=120)
# The address at which a model's provider reaches the door, and the token that it is given.
MCP_SERVER_URL = env("MCP_SERVER_URL", default="")
MCP_AUTH_TOKEN = env("MCP_AUTH_TOKEN", default="")
USE_MCP = env.bool("USE_MCP", default=False)
MCP_ALLOWED_HOSTS = env.list("MCP_ALLOWED_HOSTS", default=[]) or [
    name for name in [urlsplit(MCP_SERVER_URL).hostname] if name
]

# --- Django -----------------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or (
    [urlsplit(PUBLIC_URL).hostname or "localhost"]
    if PRODUCTION
    else ["localhost", "127.0.0.1", "[::1]", "testserver"]
)
INSTALLED_APPS = [
    "allauth",  # before ours, which take its admin pages away again
    "allauth.account",
    "allauth.mfa",
    "utjfc",
    "payments",
    "registrations",
    "integrations",
    "unfold.apps.BasicAppConfig",  # the admin's theme: its templates stand before Django's
    "unfold.contrib.filters",
    "integrations.apps.OfficeConfig",  # django.contrib.admin with the club's pages
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "phonenumber_field",
    "localflavor",
    "corsheaders",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "integrations.policy.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "integrations.accounts.gate.OfficeGate",
    "integrations.audit.AuditMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "utjfc.urls"
WSGI_APPLICATION = "utjfc.wsgi.application"
ASGI_APPLICATION = "utjfc.asgi.application"
APPEND_SLASH = False  # a redirect would lose a POST's body (domain 3.1)
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "utjfc.context.club",
            ],
        },
    }
]

DATABASES = {
    "default": env.db_url_config(
        env("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR / 'club.sqlite3'}"
    )
    | {"CONN_MAX_AGE": 60}
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_HOST = env("REDIS_HOST", default="")
REDIS_PORT = env.int("REDIS_PORT", default=6379)
REDIS_DB = env.int("REDIS_DB", default=0)
REDIS_URL = f"redis://{REDIS_HOST}:{REDIS_PORT}/{REDIS_DB}" if REDIS_HOST else ""
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(VAR_DIR / "cache"),
        }
    )
}

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = True
FORMAT_MODULE_PATH = ["utjfc.formats"]
USE_TZ = True
PHONENUMBER_DEFAULT_REGION = "GB"
PHONENUMBER_DB_FORMAT = "E164"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
_LOCAL_FILES = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {
        "location": str(VAR_DIR / "photos"),
        "file_permissions_mode": 0o600,
        "allow_overwrite": True,  # putting a photo again must do no harm
    },
}
_S3_FILES = {
    "BACKEND": "integrations.s3.PhotoBucket",
    "OPTIONS": {
        "access_key": AWS_ACCESS_KEY_ID or None,
        "secret_key": AWS_SECRET_ACCESS_KEY or None,
        "bucket_name": AWS_S3_BUCKET_NAME,
        "region_name": AWS_REGION,
        "endpoint_url": AWS_S3_URL or None,
        "default_acl": None,  # private, as the bucket is
        "querystring_auth": True,
        "querystring_expire": 300,
        "file_overwrite": True,
    },
}
STORAGES = {
    "default": _LOCAL_FILES,
    "photos": _S3_FILES if AWS_S3_BUCKET_NAME else _LOCAL_FILES,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# A photo is at most 10 MiB; what is larger than this on the wire is refused while it arrives.
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://" if PRODUCTION else "filemail://")
vars().update(EMAIL_CONFIG)
if not PRODUCTION and "EMAIL_URL" not in os.environ:
    EMAIL_FILE_PATH = str(VAR_DIR / "mail")
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"{CLUB_NAME} <{CLUB_EMAIL}>")
EMAIL_TIMEOUT = 10

# --- Security ---------------------------------------------------------------------------------
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
# --- Accounts: how staff sign in (docs/office.md) -----------------------------------------------
OFFICE_TWO_FACTOR = env.bool("OFFICE_TWO_FACTOR", default=PRODUCTION)
OFFICE_IDLE_MINUTES = env.int("OFFICE_IDLE_MINUTES", default=120)
OFFICE_SESSION_HOURS = env.int("OFFICE_SESSION_HOURS", default=12)
SESSION_COOKIE_AGE = OFFICE_SESSION_HOURS * 60 * 60
PASSWORD_RESET_TIMEOUT = 60 * 60
LOGIN_URL = LOGOUT_REDIRECT_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
ACCOUNT_ADAPTER = "integrations.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # the page says the same, and an unknown address gets none
ACCOUNT_SESSION_REMEMBER = True  # OfficeGate ends sessions
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip,5/5m/key", "reset_password": "10/m/ip,3/m/key"}
MFA_ADAPTER = "integrations.accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {"add_webauthn": "integrations.accounts.forms.AddPasskey"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # administrators write the addresses
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # the demo is not https

SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_SSL_REDIRECT = False  # the proxy redirects: a redirect here would lose webhooks' bodies
# W040: SQLite leaves the extra columns of an index out, which costs it nothing but time.
SILENCED_SYSTEM_CHECKS = ["security.W008", "models.W040"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL.startswith("https://") else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        # Under /admin/ the theme's scripts need 'unsafe-eval' too: integrations.office.pages.
        "script-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}
CORS_ALLOWED_ORIGINS = FRONTEND_ORIGINS or (
    [f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in {3000, PORT}]
    if not PRODUCTION
    else []
)
CORS_URLS_REGEX = r"^/(api/)?(chat|upload|upload-async|upload-status|clear|health)(/.*)?$"
CORS_ALLOW_METHODS = ["GET", "POST", "OPTIONS"]
CORS_ALLOW_HEADERS = ["content-type"]
# Proxies in front of us whose X-Forwarded-For we believe: the address is the one they add.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1 if PRODUCTION else 0)

# What a monitor shows to read /metrics and /service-health; empty: no monitor may.
METRICS_TOKEN = env("METRICS_TOKEN", default="")

# --- The office: how the admin looks (docs/decisions/0008) --------------------------------------
UNFOLD = look.unfold(CLUB_SHORT_NAME)

# --- API --------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{CLUB_SHORT_NAME} registrations",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAdminUser"],
    "PREPROCESSING_HOOKS": ["utjfc.openapi.one_layout"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Celery: the doorbell ---------------------------------------------------------------------
BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default=REDIS_URL)
if TESTING and not CELERY_BROKER_URL:
    CELERY_BROKER_URL = "memory://"
elif not CELERY_BROKER_URL:
    CELERY_BROKER_URL = "folder://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "messages"),
        "data_folder_out": str(BROKER_DIR / "messages"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.1,
    }
    for folder in ("messages", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False


CELERY_BEAT_SCHEDULE = schedule.beat(AIRTABLE_PULL_SECONDS)

# --- Logging: nothing personal; a line per event ------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        # These print bodies and addresses, which hold personal data.
        "twilio": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "gocardless_pro": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "mcp": {"level": "WARNING"},
        "mcp.server.sse": {"level": "CRITICAL"},  # it prints what it could not parse
    },
}
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

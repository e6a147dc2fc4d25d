"""All settings, from the environment. Every variable is listed in .env.example."""

from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from project.caches import PROCESS
from project.env import (
    DATA_FOLDER,
    MEDIA_FOLDER,  # noqa: F401 -- a setting
    PORT,
    ROOT,
    SANDBOX_PORT,
    credential_keys,
    env,
    secret_key,
)
from project.ports import open_ports
from project.stack import postgres

PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{PORT}").rstrip("/")
CALLBACK_BASE_URL = env.str("CALLBACK_BASE_URL", default=PUBLIC_URL).rstrip("/")
_public = urlsplit(PUBLIC_URL)
_is_https = _public.scheme == "https"
EMBEDDED_DATABASE = not env.str("DATABASE_URL", default="")

DEBUG = False
SECRET_KEY = secret_key()
CREDENTIAL_KEYS = credential_keys()
_names = {urlsplit(url).hostname for url in (PUBLIC_URL, CALLBACK_BASE_URL)}
ALLOWED_HOSTS = sorted({"localhost", "127.0.0.1", "[::1]", *filter(None, _names)})
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

SIGNUP = env.str("SIGNUP", default="open")
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
ALLOW_PRIVATE_HOSTS = tuple(env.list("FILMGATE_ALLOW_PRIVATE_HOSTS", default=[]))
ALLOW_PORTS = open_ports(env.list("FILMGATE_ALLOW_PORTS", default=[]))

INSTALLED_APPS = [
    "project",
    "accounts",
    "generations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "heroicons",
    "ninja",
    "template_partials.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "project.proxies.TrustedProxies",
    "project.http.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.middleware.PreferredLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.NoStore",
    "accounts.middleware.LastSeen",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "project.http.WrongMethod",
    "project.http.OneThread",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "template_partials.templatetags.partials",
                "heroicons.templatetags.heroicons",
                "django_htmx.templatetags.django_htmx",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.shell",
                "generations.context.rail",
            ],
        },
    }
]

_POOL = {
    "min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=40), "timeout": 5, "max_idle": 60,
    "reconnect_timeout": 5,  # else its tries grow apart, and after a long outage it comes back minutes late
}  # fmt: skip
_TIMEOUTS = "-c statement_timeout=30s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"
_database = postgres.settings_for(DATA_FOLDER) if EMBEDDED_DATABASE else env.db_url("DATABASE_URL")
DATABASES = {
    "default": {
        **_database,
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**_database.get("OPTIONS", {}), "pool": _POOL, "options": _TIMEOUTS},
    }
}
# The rate limits of sign-in and its kin must hold over all processes, so their counters live in the database.
# As many as a minute can bring: were there room for fewer, trying other accounts would push a counter out.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "project_cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
    PROCESS: {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "process",
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # the others end: accounts.adapter
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before an e-mail address changes: who has it can reset the password
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _public.scheme
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_FORMS = {
    "login": "accounts.forms.sign_in.LoginForm",
    "signup": "accounts.forms.sign_in.SignupForm",
    "add_email": "accounts.forms.sign_in.AddEmailForm",
    "change_password": "accounts.forms.sign_in.ChangePasswordForm",
    "reset_password": "accounts.forms.sign_in.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.sign_in.ResetPasswordKeyForm",
}
ACCOUNT_RATE_LIMITS = {
    "login": "20/m/ip",
    "login_failed": "20/m/ip,5/m/key",  # passwords, and codes of the second step
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "signup": "20/m/ip",
    "change_password": "5/m/user",
    "reauthenticate": "20/m/user",  # counts the page as well; what is tried there counts as login_failed
}
PASSWORD_RESET_TIMEOUT = 3600

MFA_ADAPTER = "accounts.mfa.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Filmgate"
MFA_TOTP_TOLERANCE = 1  # steps of 30 s: https://www.rfc-editor.org/rfc/rfc6238#section-5.2 and -6
MFA_RATE_LIMITS = {"webauthn_login": "20/m/ip", "second_step": "20/m/ip"}
MFA_FORMS = {
    "authenticate": "accounts.forms.two_factor.SecondStepForm",
    "authenticate_webauthn": "accounts.forms.two_factor.SecondStepPasskeyForm",
    "reauthenticate": "accounts.forms.two_factor.ReauthenticateForm",
    "reauthenticate_webauthn": "accounts.forms.two_factor.ReauthenticatePasskeyForm",
    "add_webauthn": "accounts.forms.two_factor.AddPasskeyForm",
    "edit_webauthn": "accounts.forms.two_factor.RenamePasskeyForm",
}

SESSION_ENGINE = "accounts.session_store"
SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_IDLE_SECONDS = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _is_https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = _is_https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _is_https
CSRF_FAILURE_VIEW = "project.http.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [ROOT / "locale"]
FORMAT_MODULE_PATH = "project.formats"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_FOLDER / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 << 20

MAIL_FOLDER = DATA_FOLDER / "mail"
EMAIL_TIMEOUT = 10
if _email_url := env.str("EMAIL_URL", default=""):
    vars().update(env.email_url_config(_email_url))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = MAIL_FOLDER
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("FROM_EMAIL", default=f"Filmgate <filmgate@{_public.hostname}>")
EMAIL_SUBJECT_PREFIX = "[Filmgate] "
# What the installation itself has to tell, such as a provider account that was paused, goes to these.
MANAGERS = [(address, address) for address in env.list("OPERATOR_EMAILS", default=[])]

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://localhost")
if CELERY_BROKER_URL.startswith("filesystem:"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"folder": str(DATA_FOLDER / "broker"), "polling_interval": 0.1}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "filmgate"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 5
# Nudges may be lost, so every name is nudged again and again; one that was not read in time is worth nothing.
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": seconds, "options": {"expires": 2 * seconds}}
    for name, seconds in {
        "submit": 5.0, "ingest": 5.0, "poll": 5.0, "list": 5.0, "probe": 5.0,
        "archive": 5.0, "index": 5.0, "deliver": 1.0, "batch": 5.0, "sweep": 15.0, "links": 60.0, "upkeep": 60.0,
    }.items()
}  # fmt: skip

STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="https://api.stripe.com").rstrip("/")
STRIPE_CHECKOUT_ORIGIN = env.str("STRIPE_CHECKOUT_ORIGIN", default="https://checkout.stripe.com").rstrip("/")

DEFAULT_MODEL = env.str("DEFAULT_MODEL", default="seedance-2.0")
MODEL_CHOICES = "generations.catalog.model_choices"  # what accounts, which knows no models, can keep an API key to
GENERATION_DEADLINE_SECONDS = env.int("GENERATION_DEADLINE_SECONDS", default=3600)
SANDBOX_URL = f"http://127.0.0.1:{SANDBOX_PORT}"
SANDBOX = EMBEDDED_DATABASE and env.bool("FILMGATE_SANDBOX", default=True)

# Everything goes through the one handler that takes secrets out, also what Django and uvicorn would write themselves.
_to_root: dict[str, Any] = {"handlers": [], "propagate": True}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redaction": {"()": "project.redaction.Redaction"}},
    "formatters": {"plain": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["redaction"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # httpx logs whole URLs at INFO, and ours carry tokens.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # Its details of a request hold customers' addresses.
        "stripe": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        **dict.fromkeys(("django", "django.server", "uvicorn", "uvicorn.error", "uvicorn.access"), _to_root),
    },
}
DEFAULT_EXCEPTION_REPORTER = "project.redaction.Report"
DEFAULT_EXCEPTION_REPORTER_FILTER = "project.redaction.ReportFilter"

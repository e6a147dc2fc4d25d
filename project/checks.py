"""System checks: what would go wrong in production, said before it does."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from project.hosts import is_local

LEAST_SECRET_CHARACTERS = 16


@register()
def credential_keys_are_fernet_keys(**kwargs: Any) -> Sequence[CheckMessage]:
    for key in settings.CREDENTIAL_KEYS:
        try:
            Fernet(key)
        except ValueError:
            hint = "A key is 32 random bytes in URL-safe base64: cryptography.fernet.Fernet.generate_key()."
            return [Error("CREDENTIAL_KEYS holds something that is not a Fernet key.", hint=hint, id="filmgate.E001")]
    return []


@register()
def signup_is_a_known_word(**kwargs: Any) -> Sequence[CheckMessage]:
    if settings.SIGNUP not in ("open", "invited"):
        hint = "Set SIGNUP to open or invited."
        return [Error(f"SIGNUP is {settings.SIGNUP!r}.", hint=hint, id="filmgate.E002")]
    return []


@register()
def public_url_is_an_address(**kwargs: Any) -> Sequence[CheckMessage]:
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        hint = "Set PUBLIC_URL to scheme, host and port, such as https://filmgate.example.com."
        return [Error(f"PUBLIC_URL is {settings.PUBLIC_URL!r}.", hint=hint, id="filmgate.E003")]
    return []


@register()
def stripe_has_both_secrets(**kwargs: Any) -> Sequence[CheckMessage]:
    if bool(settings.STRIPE_SECRET_KEY) != bool(settings.STRIPE_WEBHOOK_SECRET):
        hint = "Without the key nothing can be bought; without the webhook's secret nothing that was paid arrives."
        return [Error("Only one of STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET is set.", hint=hint, id="filmgate.E004")]
    if 0 < len(settings.STRIPE_WEBHOOK_SECRET) < LEAST_SECRET_CHARACTERS:
        hint = "Stripe shows it with the webhook's endpoint: whsec_ and some 32 characters."
        return [Error("STRIPE_WEBHOOK_SECRET is too short to be one.", hint=hint, id="filmgate.E005")]
    return []


@register(Tags.security, deploy=True)
def public_url_is_https(**kwargs: Any) -> Sequence[CheckMessage]:
    if not settings.PUBLIC_URL.startswith("https://"):
        hint = "Cookies and HSTS follow the scheme of PUBLIC_URL."
        return [Warning("PUBLIC_URL is not https.", hint=hint, id="filmgate.W001")]
    return []


@register(Tags.security, deploy=True)
def mails_are_sent(**kwargs: Any) -> Sequence[CheckMessage]:
    keeps_them = getattr(settings, "EMAIL_FILE_PATH", None)
    if keeps_them and not is_local(urlsplit(settings.PUBLIC_URL).netloc):
        hint = "Set EMAIL_URL to your mail server: nobody but you reads the files in var/mail/."
        return [Warning("EMAIL_URL is not set, and PUBLIC_URL is for others.", hint=hint, id="filmgate.W002")]
    return []


@register(Tags.security, deploy=True)
def inner_hosts_are_out_of_reach(**kwargs: Any) -> Sequence[CheckMessage]:
    if settings.ALLOW_PRIVATE_HOSTS:
        hint = "Unset it: any customer's callback URL reaches what it names, on any port, past your network's gate."
        named = ", ".join(settings.ALLOW_PRIVATE_HOSTS)
        return [Warning(f"FILMGATE_ALLOW_PRIVATE_HOSTS is set: {named}.", hint=hint, id="filmgate.W003")]
    return []

"""Which adapter speaks for which provider. Adding one is a line here, its module, and its offers in the catalog."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from cryptography.fernet import InvalidToken

from generations.models import ProviderAccount

from .base import AccountRefused, Provider

ADAPTERS = {
    "vibegen": "vibegen.Vibegen",
    "see2ai": "see2ai.See2ai",
    "seedance2api": "seedance2api.Seedance2api",
}


def adapter(account: ProviderAccount) -> Provider:
    """The adapter of a provider account.

    Raises AccountRefused where nobody wrote one, none of CREDENTIAL_KEYS decrypts the account's key, or the adapter
    can't use its options.
    """
    if account.provider not in ADAPTERS:
        raise AccountRefused("UNKNOWN_PROVIDER")
    try:
        return build(account.provider, account.base_url, account.key, account.options)
    except InvalidToken as error:
        raise AccountRefused("UNREADABLE_CREDENTIAL") from error
    except ValueError as error:
        raise AccountRefused("UNUSABLE_OPTION") from error


def build(provider: str, base_url: str, key: str, options: Mapping[str, str]) -> Provider:
    """One of ADAPTERS, imported on first use; raises ValueError for an option that it does not take."""
    adapter_class = _class(provider)
    for option in options:
        if option not in adapter_class.OPTIONS:
            taken = ", ".join(adapter_class.OPTIONS) or "none"
            raise ValueError(f"{provider} does not take the option {option!r}; it takes: {taken}")
    built: Provider = adapter_class(base_url, key, **options)
    return built


def listing_providers() -> list[str]:
    """Those whose tasks can be listed."""
    return [provider for provider in ADAPTERS if _class(provider).lists_tasks]


def signatures_of(provider: str) -> tuple[str, ...]:
    """The schemes that its accounts' callbacks may be signed by; none for a provider that nobody wrote."""
    schemes: tuple[str, ...] = _class(provider).SIGNATURES if provider in ADAPTERS else ()
    return schemes


def _class(provider: str) -> Any:
    module, name = ADAPTERS[provider].split(".")
    return getattr(import_module(f".{module}", __package__), name)

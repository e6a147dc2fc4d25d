"""Which adapter speaks for which provider. Adding one is a line here, its module, and its offers in the catalog.

Those of EMBEDDERS make vectors, and no generations: they have no offers, and no callbacks.
"""

from collections.abc import Container, Mapping
from importlib import import_module
from typing import Any

from cryptography.fernet import InvalidToken

from generations.models import ProviderAccount

from .base import AccountRefused, Provider
from .embedding import ClipReader, TextEmbedder

ADAPTERS = {
    "vibegen": "vibegen.Vibegen",
    "see2ai": "see2ai.See2ai",
    "seedance2api": "seedance2api.Seedance2api",
}
EMBEDDERS = {
    "seeknetic": "seeknetic.Seeknetic",
    "scnet": "scnet.Scnet",
}
CLIP_READERS = ("seeknetic",)
ACCOUNT_PROVIDERS = ADAPTERS | EMBEDDERS


def adapter(account: ProviderAccount) -> Provider:
    """The adapter of a provider account.

    Raises AccountRefused where nobody wrote one, none of CREDENTIAL_KEYS decrypts the account's key, or the adapter
    can't use its options.
    """
    built: Provider = _of(account, ADAPTERS)
    return built


def embedder(account: ProviderAccount) -> TextEmbedder:
    """As adapter(), for an account at one of EMBEDDERS."""
    built: TextEmbedder = _of(account, EMBEDDERS)
    return built


def clip_reader(account: ProviderAccount) -> ClipReader:
    """As adapter(), for an account at one of CLIP_READERS."""
    built: ClipReader = _of(account, CLIP_READERS)
    return built


def build(provider: str, base_url: str, key: str, options: Mapping[str, str]) -> Any:
    """One of ACCOUNT_PROVIDERS, imported on first use; raises ValueError for an option that it does not take."""
    adapter_class = _class(provider)
    for option in options:
        if option not in adapter_class.OPTIONS:
            taken = ", ".join(adapter_class.OPTIONS) or "none"
            raise ValueError(f"{provider} does not take the option {option!r}; it takes: {taken}")
    return adapter_class(base_url, key, **options)


def options_of(provider: str) -> tuple[str, ...]:
    """What its accounts may set besides URL and key; none for a provider that nobody wrote."""
    options: tuple[str, ...] = _class(provider).OPTIONS if provider in ACCOUNT_PROVIDERS else ()
    return options


def listing_providers() -> list[str]:
    """Those whose tasks can be listed."""
    return [provider for provider in ADAPTERS if _class(provider).lists_tasks]


def signatures_of(provider: str) -> tuple[str, ...]:
    """The schemes that its accounts' callbacks may be signed by; none for a provider that nobody wrote."""
    schemes: tuple[str, ...] = _class(provider).SIGNATURES if provider in ADAPTERS else ()
    return schemes


def _of(account: ProviderAccount, providers: Container[str]) -> Any:
    if account.provider not in providers:
        raise AccountRefused("UNKNOWN_PROVIDER")
    try:
        return build(account.provider, account.base_url, account.key, account.options)
    except InvalidToken as error:
        raise AccountRefused("UNREADABLE_CREDENTIAL") from error
    except ValueError as error:
        raise AccountRefused("UNUSABLE_OPTION") from error


def _class(provider: str) -> Any:
    module, name = ACCOUNT_PROVIDERS[provider].split(".")
    return getattr(import_module(f".{module}", __package__), name)

"""Which adapter speaks for which provider. Adding one is a line here, its module, and its offers in the catalog."""

from importlib import import_module

from cryptography.fernet import InvalidToken

from generations.models import ProviderAccount

from .base import AccountRefused, Provider

ADAPTERS = {
    "vibegen": "vibegen.Vibegen",
}


def adapter(account: ProviderAccount) -> Provider:
    """The adapter of a provider account, imported on first use.

    Raises AccountRefused where nobody wrote one, or none of CREDENTIAL_KEYS decrypts the account's key.
    """
    if account.provider not in ADAPTERS:
        raise AccountRefused("UNKNOWN_PROVIDER")
    module, name = ADAPTERS[account.provider].split(".")
    adapter_class = getattr(import_module(f".{module}", __package__), name)
    try:
        provider: Provider = adapter_class(account.base_url, account.key)
    except InvalidToken as error:
        raise AccountRefused("UNREADABLE_CREDENTIAL") from error
    return provider

"""Which adapter speaks for which provider. Adding one is a line here, its module, and its offers in the catalog."""

from importlib import import_module

from generations.models import ProviderAccount

from .base import Provider

ADAPTERS = {
    "vibegen": "vibegen.Vibegen",
}


def adapter(account: ProviderAccount) -> Provider:
    """The adapter of a provider account, imported on first use; raises KeyError for a provider nobody wrote."""
    module, name = ADAPTERS[account.provider].split(".")
    adapter_class = getattr(import_module(f".{module}", __package__), name)
    provider: Provider = adapter_class(account.base_url, account.key)
    return provider

"""Which provider accounts make what an index holds: any that is active and set to the same model and version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now

from generations.models import ProviderAccount, SearchIndex
from generations.providers import registry
from generations.providers.base import AccountRefused
from generations.providers.embedding import ClipReader, TextEmbedder
from generations.submitting import budget, outcomes

# From so many failures in a row on it is taken to be down: see braking.py.
DOWN_AFTER = 3
OF_CLIPS = (SearchIndex.Kind.CLIP, SearchIndex.Kind.TAGS)
OF_PROMPTS = (SearchIndex.Kind.PROMPT,)
KINDS: Mapping[str, tuple[SearchIndex.Kind, ...]] = {
    provider: OF_CLIPS if provider in registry.CLIP_READERS else OF_PROMPTS for provider in registry.EMBEDDERS
}
FREE = Q(busy_until=None) | Q(busy_until__lte=Now())
ANSWERING = Q(failure_count__lt=DOWN_AFTER)

Adapter = TypeVar("Adapter", bound=TextEmbedder)


@dataclass(frozen=True, slots=True)
class Server(Generic[Adapter]):
    """An account that serves an index, by its adapter. One that is not free can't be asked just now."""

    account: ProviderAccount
    adapter: Adapter
    is_free: bool


def embedders(index: SearchIndex) -> list[Server[TextEmbedder]]:
    """The accounts that make vectors of texts for an index of prompts or clips, in the order in which to ask them."""
    return _serving(index, registry.embedder)


def clip_readers(index: SearchIndex) -> list[Server[ClipReader]]:
    return _serving(index, registry.clip_reader)


def first_free(servers: list[Server[Adapter]]) -> Server[Adapter] | None:
    return next((each for each in servers if each.is_free), None)


def built(account: ProviderAccount, build: Callable[[ProviderAccount], Adapter]) -> Adapter | None:
    """The adapter of an active account; None where it can't be used, and then the account is paused."""
    try:
        return build(account)
    except AccountRefused as refusal:
        outcomes.pause(account, refusal.reason)
        return None


def _serving(index: SearchIndex, build: Callable[[ProviderAccount], Adapter]) -> list[Server[Adapter]]:
    is_free = ExpressionWrapper(FREE & ANSWERING & budget.may_read(), output_field=BooleanField())
    servers = []
    for account in ProviderAccount.objects.active().filter(provider=index.provider).annotate(is_free=is_free):
        adapter = built(account, build)
        if adapter and (adapter.model, adapter.version) == (index.model, index.version):
            servers.append(Server(account, adapter, account.is_free))
    return servers

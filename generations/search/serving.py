"""Which provider accounts make what an index holds.

Any that is active and set to the same model, version and size of vectors. Where none is set to them any more, because
an operator has changed the model, those whose API takes the model by name are asked for the one before by its name,
until the new index takes over.
"""

import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.core.cache import caches
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now

from generations.models import ProviderAccount, SearchIndex
from generations.providers import registry
from generations.providers.base import AccountRefused
from generations.providers.embedding import ClipReader, TextEmbedder
from generations.submitting import budget, outcomes
from project.caches import PROCESS

# From so many failures in a row on it is taken to be down: see backoff.py.
DOWN_AFTER = 3
OF_CLIPS = (SearchIndex.Kind.CLIP, SearchIndex.Kind.TAGS)
OF_PROMPTS = (SearchIndex.Kind.PROMPT,)
KINDS: Mapping[str, tuple[SearchIndex.Kind, ...]] = {
    provider: OF_CLIPS if provider in registry.CLIP_READERS else OF_PROMPTS for provider in registry.EMBEDDERS
}
FREE = Q(busy_until=None) | Q(busy_until__lte=Now())
ANSWERING = Q(failure_count__lt=DOWN_AFTER)
# How far what is indexed may run ahead. The rest of budget.AHEAD is left to searches, which somebody waits for.
WORK_AHEAD = timedelta(seconds=2)
# Where reads are counted by the second what is indexed takes those that nobody else has taken, and waits for one for so
# long, with a look each tenth of a second. A thread that waits keeps its crew from going home.
WORK_WAIT = timedelta(seconds=1.5)
LOOK_SECONDS = 0.1
# One that will not have the model before is not asked for it again for so long.
REFUSED_SECONDS = 600
_MAY_WORK = budget.may_read(ahead=WORK_AHEAD, wait=WORK_WAIT)

Adapter = TypeVar("Adapter", bound=TextEmbedder)


@dataclass(frozen=True, slots=True)
class Server(Generic[Adapter]):
    """An account that serves an index, by its adapter. One that is not free can't be asked just now.

    `is_as_before`: the account is set to another model by now, and is asked for the one before.
    """

    account: ProviderAccount
    adapter: Adapter
    is_free: bool
    is_as_before: bool = False


def embedders(index: SearchIndex, *, for_a_search: bool = False) -> list[Server[TextEmbedder]]:
    """The accounts that make vectors of texts for an index of prompts or clips, in the order in which to ask them."""
    return _serving(index, registry.embedder, budget.may_read() if for_a_search else _MAY_WORK)


def clip_readers(index: SearchIndex) -> list[Server[ClipReader]]:
    return _serving(index, registry.clip_reader, _MAY_WORK)


def first_free(servers: list[Server[Adapter]]) -> Server[Adapter] | None:
    return next((each for each in servers if each.is_free), None)


def take(server: Server[Any]) -> bool:
    """Whether something may be indexed by it now. Waits for a moment; what is left to searches is left."""
    ends_at = time.monotonic() + WORK_WAIT.total_seconds()
    while not budget.take(server.account, ahead=WORK_AHEAD, wait=timedelta()):
        if time.monotonic() > ends_at:
            return False
        connection.close()
        time.sleep(LOOK_SECONDS)
    return True


def is_like(index: SearchIndex, adapter: TextEmbedder) -> bool:
    """Whether the adapter's vectors may be compared with the index's. A size that nobody has told yet is any."""
    is_same_size = not (index.dims and adapter.dims) or index.dims == adapter.dims
    return (index.model, index.version) == (adapter.model, adapter.version) and is_same_size


def built(account: ProviderAccount, build: Callable[[ProviderAccount], Adapter]) -> Adapter | None:
    """The adapter of an account; None where it can't be used, and then the account is paused."""
    try:
        return build(account)
    except AccountRefused as refusal:
        outcomes.pause(account, refusal.reason)
        return None


def note_refused(index: SearchIndex, account: ProviderAccount) -> None:
    """It will not have the model before: that says nothing of the account, which is set to another."""
    caches[PROCESS].set(_refused_key(index, account), True, REFUSED_SECONDS)


def _serving(index: SearchIndex, build: Callable[[ProviderAccount], Adapter], may_read: Q) -> list[Server[Adapter]]:
    is_free = ExpressionWrapper(FREE & ANSWERING & may_read, output_field=BooleanField())
    accounts = ProviderAccount.objects.in_order().filter(provider=index.provider).annotate(is_free=is_free)
    made = [(account, adapter) for account in accounts if (adapter := built(account, build))]
    like = [(account, adapter) for account, adapter in made if is_like(index, adapter)]
    if like:  # one that is paused too: then nobody has changed the model
        return [Server(account, adapter, account.is_free) for account, adapter in like if not account.paused_at]
    return [
        Server(account, before, account.is_free, is_as_before=True)
        for account, adapter in made
        if not account.paused_at and (before := _as_before(index, account, adapter, build))
    ]


def _as_before(
    index: SearchIndex, account: ProviderAccount, adapter: Adapter, build: Callable[[ProviderAccount], Adapter]
) -> Adapter | None:
    """The account's adapter, set to the index's model; None where that can't be asked for.

    A version that was raised says that the same name stands for another model now.
    """
    is_asked = adapter.takes_model and adapter.version == index.version
    if not is_asked or caches[PROCESS].get(_refused_key(index, account)):
        return None
    before = copy(account)
    before.options = {**account.options, "model": index.model, "dims": str(index.asked_dims)}
    return build(before)


def _refused_key(index: SearchIndex, account: ProviderAccount) -> str:
    return f"refused:{index.pk}:{account.pk}"

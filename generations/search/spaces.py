"""Which indexes there are, and which one of each kind is searched.

The first active account of a provider says which model and version its kinds are indexed by. Where that changes, an
index is filled beside the current one, which serves until the new one has all. An account that is paused or gone
changes nothing of what is there.
"""

import logging
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import ProviderAccount, SearchEntry, SearchIndex
from generations.providers import registry
from generations.providers.embedding import TextEmbedder
from project.celery import nudge

from . import wanting
from .serving import KINDS, built

log = logging.getLogger(__name__)

Kind = SearchIndex.Kind
ENSURE_LOCK = 0x73706163  # any number, as long as it is this one everywhere


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the generations that an index wants it has, will never have, and wants in all."""

    done: int
    failed: int
    total: int


def current(kind: str) -> SearchIndex | None:
    """The index that searches of this kind read."""
    return SearchIndex.objects.filter(kind=kind, is_current=True).first()


def kept(kind: str) -> QuerySet[SearchIndex]:
    """Those that are filled, the current one first."""
    return SearchIndex.objects.filter(kind=kind, retired_at=None).order_by("-is_current", "id")


def progress(index: SearchIndex) -> Progress:
    counts = SearchEntry.objects.filter(index=index).aggregate(
        done=Count("id", filter=Q(done_at__isnull=False, failure_code="")),
        failed=Count("id", filter=~Q(failure_code="")),
        entered=Count("id"),
    )
    to_come = 0 if index.filled_at or index.retired_at else wanting.count(index, after=index.filled_to)
    return Progress(counts["done"], counts["failed"], counts["entered"] + to_come)


def ensure() -> None:
    """Make the index that each kind should have where there is none, and retire what is no longer to come.

    Accounts are read while no other process does this, so none goes by what they were before.
    """
    with transaction.atomic():
        if _alone():
            for kind in Kind:
                if embedder := _wanted(kind):
                    provider, adapter = embedder
                    _ensure(kind, provider, adapter)


def take_over(index: SearchIndex) -> bool:
    """Make it the current one of its kind, in place of the one before, where it has all that it should have.

    One that could be made of hardly any generation does not replace one that serves, such as by a model that refuses.
    """
    with transaction.atomic():
        rows = list(SearchIndex.objects.select_for_update().filter(kind=index.kind, retired_at=None).order_by("id"))
        filled = next((each for each in rows if each.id == index.id), None)
        if filled is None or filled.is_current or not (is_done(filled) and is_built(filled) and _is_useful(filled)):
            return False
        retire(*(each for each in rows if each.is_current))
        SearchIndex.objects.filter(id=index.id).update(is_current=True)
    log.info("%s is searched from now on", index)
    return True


def is_done(index: SearchIndex) -> bool:
    """Whether all that were there when it was filled are done; those that have come since are in hand anyway."""
    if index.filled_at is None:
        return False
    open_ones = SearchEntry.objects.filter(index=index, next_at__isnull=False)
    return not open_ones.filter(created_at__lte=index.filled_at).exists()


def is_built(index: SearchIndex) -> bool:
    """Whether it needs no index in the database any more: tags need none, nor does what has no vectors at all."""
    return index.kind == Kind.TAGS or index.built_at is not None or not index.dims


def retire(*indexes: SearchIndex) -> None:
    """Searched and filled no more; what it holds goes in the background (tending.py)."""
    rows = SearchIndex.objects.filter(id__in=[each.pk for each in indexes], retired_at=None)
    if rows.update(is_current=False, retired_at=Now(), next_at=Now()):
        transaction.on_commit(partial(nudge, "index"))


def _wanted(kind: Kind) -> tuple[str, TextEmbedder] | None:
    """By whom a kind should be indexed: the provider and the adapter of the first active account."""
    providers = [provider for provider, kinds in KINDS.items() if kind in kinds]
    for account in ProviderAccount.objects.active().filter(provider__in=providers):
        if adapter := built(account, registry.embedder):
            return account.provider, adapter
    return None


def _ensure(kind: Kind, provider: str, adapter: TextEmbedder) -> None:
    there = list(kept(kind))
    like = (provider, adapter.model, adapter.version)
    if like not in [(each.provider, each.model, each.version) for each in there]:
        index = SearchIndex(
            kind=kind,
            provider=provider,
            model=adapter.model,
            version=adapter.version,
            dims=0 if kind == Kind.TAGS else adapter.dims,
            is_current=not any(each.is_current for each in there),
            next_at=timezone.now(),
        )
        index.save(force_insert=True)
        log.info("%s is new", index)
    retire(*(each for each in there if not each.is_current and (each.provider, each.model, each.version) != like))


def _is_useful(index: SearchIndex) -> bool:
    counts = progress(index)
    return counts.failed <= counts.done


def _alone() -> bool:
    """Whether nobody else is at it; until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ENSURE_LOCK])
        return bool(cursor.fetchone()[0])

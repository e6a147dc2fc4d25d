"""Which indexes there are, and which one of each kind is searched.

The first account of a provider says which model, version and size of vectors its kinds are indexed by, paused or not.
Where that changes, an index is filled beside the current one, which serves until the new one has all. A pause, or an
account that is gone where it was the only one, changes nothing of what is there.
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
from .serving import KINDS, built, is_like

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


def in_use(kind: str) -> QuerySet[SearchIndex]:
    """Those that are not retired, the current one first."""
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
        if _take_lock():
            for kind in Kind:
                if wanted := _wanted(kind):
                    provider, adapter = wanted
                    _ensure(kind, provider, adapter)


def take_over(index: SearchIndex) -> bool:
    """Make it the current one of its kind, in place of the one before, where it has all that it should have.

    One that could be made of hardly any generation does not replace one that serves, such as by a model that refuses.
    """
    index.refresh_from_db()
    if index.is_current or not (is_ready(index) and is_useful(index)):
        return False
    with transaction.atomic():
        # no_key: an entry that is written meanwhile refers to its index, and need not wait.
        kept_ones = SearchIndex.objects.select_for_update(no_key=True).filter(kind=index.kind, retired_at=None)
        rows = list(kept_ones.order_by("id"))
        filled = next((each for each in rows if each.id == index.id), None)
        if filled is None or filled.is_current or not is_ready(filled):
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


def is_ready(index: SearchIndex) -> bool:
    return is_done(index) and is_built(index)


def is_useful(index: SearchIndex) -> bool:
    """Whether most of what it should have could be made. Counts all of it."""
    counts = progress(index)
    return counts.failed <= counts.done


def retire(*indexes: SearchIndex) -> None:
    """Searched and filled no more; what it holds goes in the background (tending.py)."""
    rows = SearchIndex.objects.filter(id__in=[each.pk for each in indexes], retired_at=None)
    if rows.update(is_current=False, retired_at=Now(), next_at=Now()):
        transaction.on_commit(partial(nudge, "index"))


def _wanted(kind: Kind) -> tuple[str, TextEmbedder] | None:
    """By whom a kind should be indexed: the provider and the adapter of the first account.

    Paused or not: a pause passes, and should have nothing made anew by another account's model.
    """
    providers = [provider for provider, kinds in KINDS.items() if kind in kinds]
    account = ProviderAccount.objects.in_order().filter(provider__in=providers).first()
    adapter = built(account, registry.embedder) if account else None
    return (account.provider, adapter) if account and adapter else None


def _ensure(kind: Kind, provider: str, adapter: TextEmbedder) -> None:
    there = list(in_use(kind))
    wanted = next((each for each in there if each.provider == provider and is_like(each, adapter)), None)
    dims = 0 if kind == Kind.TAGS else adapter.dims
    if wanted is None:
        wanted = SearchIndex(
            kind=kind,
            provider=provider,
            model=adapter.model,
            version=adapter.version,
            dims=dims,
            asked_dims=dims,
            is_current=not any(each.is_current for each in there),
            next_at=timezone.now(),
        )
        wanted.save(force_insert=True)
        log.info("%s is new", wanted)
    retire(*(each for each in there if not each.is_current and each.pk != wanted.pk))


def _take_lock() -> bool:
    """Whether this process may ensure them, alone until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ENSURE_LOCK])
        return bool(cursor.fetchone()[0])

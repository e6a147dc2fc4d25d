"""Vectors and tags of clips: the provider is told a link to our copy, works on it, and is asked until it has it.

Nothing is lost by beginning again: what the provider does not know any more is begun anew, and what was begun twice,
because a worker died before it noted the first, is only done twice.
"""

from datetime import timedelta
from functools import partial

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generations import links
from generations.models import Asset, SearchEntry, SearchIndex
from generations.providers.base import Progress, ProviderError, Refused, TaskMissing
from generations.providers.embedding import ClipReader, ClipReport
from generations.submitting import budget, circuit
from project.due import Bulkhead, Crew, claim

from . import braking, entries, serving, spaces

THREADS = 6
PER_ACCOUNT = 4
# So many of an index are with their provider at a time: what is looked at must leave reads for what is begun.
IN_HAND = 100
FIRST_LOOK_SECONDS = 1.0
LEAST_SECONDS = 5.0
MOST_SECONDS = 30.0
GROWTH = 0.3
# The provider works on it for ever: it is begun anew.
ENDLESS = timedelta(hours=1)
# What may pass: the provider's own trouble, and a link that it could not read, as our own web servers may be away. It
# is believed the sixth time, three minutes after the first.
MAY_PASS = ("PROVIDER_ERROR", "TIMEOUT", "INPUT_UNREACHABLE", "INVALID_INPUT_MEDIA")
FAILED_TRIES = 6

bulkhead = Bulkhead(PER_ACCOUNT)


def claim_due(kind: SearchIndex.Kind, limit: int) -> list[SearchEntry]:
    """Those that are to be looked at, then those that are to be begun; of the current index first."""
    claimed: list[SearchEntry] = []
    for index in spaces.kept(kind):
        if serving.first_free(serving.clip_readers(index)):
            claimed += _claim(_of(index).exclude(request_id=""), limit - len(claimed))
            room = min(IN_HAND - _in_hand(index), limit - len(claimed))
            claimed += _claim(_of(index).filter(request_id=""), room)
    return claimed


def read(entry: SearchEntry) -> None:
    """Begin a claimed entry, or look how far it is."""
    if not entries.is_wanted(entry):
        return
    if not entry.request_id:
        _begin(entry)
    elif entry.requested_at and timezone.now() - entry.requested_at > ENDLESS:
        _begin_anew(entry)
    else:
        _look(entry)


def _begin(entry: SearchEntry) -> None:
    server = serving.first_free(serving.clip_readers(entry.index))
    clip = entry.generation.assets.filter(kind=Asset.Kind.OUTPUT, deleted_at=None).order_by("position").first()
    if clip is None:
        entries.drop(entry)
    elif server is None:
        entries.later(entry, seconds=1)
    else:
        with bulkhead.slot(server.account.pk) as entered:
            if entered and budget.take(server.account):
                _request(entry, server, links.url_for_provider(clip))
            else:
                entries.later(entry, seconds=1)


def _request(entry: SearchEntry, server: serving.Server[ClipReader], video_url: str) -> None:
    is_tagging = entry.index.kind == SearchIndex.Kind.TAGS
    begin = server.adapter.begin_tagging if is_tagging else server.adapter.begin_embedding
    connection.close()
    try:
        request_id = begin(video_url)
    except ProviderError as error:
        is_down = braking.note(server.account, error)
        if isinstance(error, Refused) and not circuit.is_failure(error):
            _take_failure(entry, error.failure_code)
        else:
            entries.after(entry, error, is_down=is_down)
    else:
        braking.answered(server.account)
        entries.later(entry, seconds=FIRST_LOOK_SECONDS, request_id=request_id, requested_at=Now())


def _look(entry: SearchEntry) -> None:
    """Ask those who may have it, in their order: which account began it is not kept. Busy ones may have it too."""
    servers = serving.clip_readers(entry.index)
    for server in servers:
        if server.is_free:
            with bulkhead.slot(server.account.pk) as entered:
                if not entered or not budget.take(server.account):
                    entries.later(entry, seconds=1)
                    return
                if _fetch(entry, server):
                    return
    if servers and all(each.is_free for each in servers):
        _begin_anew(entry)
    else:
        entries.later(entry, seconds=LEAST_SECONDS)


def _fetch(entry: SearchEntry, server: serving.Server[ClipReader]) -> bool:
    """One question. Returns whether that says when to ask again, or that it is done; False where it is not known."""
    connection.close()
    try:
        report = server.adapter.fetch(entry.request_id)
    except ProviderError as error:
        is_down = braking.note(server.account, error)
        if isinstance(error, TaskMissing):
            return False
        entries.after(entry, error, is_down=is_down)
    else:
        braking.answered(server.account)
        _take(entry, report)
    return True


def _take(entry: SearchEntry, report: ClipReport) -> None:
    if report.progress == Progress.RUNNING:
        entries.later(entry, seconds=_until_next_look(entry))
    elif report.progress == Progress.FAILED:
        _take_failure(entry, report.failure_code or entries.GIVEN_UP)
    elif entry.index.kind == SearchIndex.Kind.TAGS:
        entries.keep_tags(entry, report.tags)
    else:
        entries.keep_vector(entry, report.vector)


def _take_failure(entry: SearchEntry, failure_code: str) -> None:
    if failure_code in MAY_PASS and entry.attempt_count + 1 < FAILED_TRIES:
        _begin_anew(entry)
    else:
        entries.fail(entry, failure_code)


def _begin_anew(entry: SearchEntry) -> None:
    entries.try_again(entry, is_down=False, request_id="", requested_at=None)


def _until_next_look(entry: SearchEntry) -> float:
    """Five seconds growing to thirty, with the time that it has taken so far."""
    since = timezone.now() - entry.requested_at if entry.requested_at else timedelta()
    return min(max(GROWTH * since.total_seconds(), LEAST_SECONDS), MOST_SECONDS)


def _of(index: SearchIndex) -> QuerySet[SearchEntry]:
    return SearchEntry.objects.filter(index=index).select_related("index", "generation")


def _in_hand(index: SearchIndex) -> int:
    """How many the provider has, or is about to get."""
    with_provider = ~Q(request_id="") | Q(lease_until__gt=Now())
    return SearchEntry.objects.filter(with_provider, index=index, next_at__isnull=False).count()


def _claim(rows: QuerySet[SearchEntry], limit: int) -> list[SearchEntry]:
    return claim(rows, limit) if limit > 0 else []


crews = [
    Crew(size=THREADS, claim=partial(claim_due, kind), do=read)
    for kind in (SearchIndex.Kind.CLIP, SearchIndex.Kind.TAGS)
]

"""Vectors and tags of clips: the provider is told a link to our copy, works on it, and is asked until it has it.

Nothing is lost by beginning again: what the provider does not know any more is begun anew, and what was begun twice,
because a worker died before it noted the first, is only done twice.
"""

from datetime import timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generations import links
from generations.models import Asset, SearchEntry, SearchIndex
from generations.providers.base import Progress, ProviderError, Refused, TaskMissing
from generations.providers.embedding import ClipReader, ClipReport
from generations.submitting import circuit
from project.due import Crew, claim

from . import braking, entries, serving, spaces

THREADS = 4
# So many of an index are with their provider at a time: what is looked at must leave reads for what is begun.
IN_HAND = 100
FIRST_LOOK_SECONDS = 1.0
LEAST_SECONDS = 5.0
MOST_SECONDS = 30.0
GROWTH = 0.3
# The provider works on it for ever: it is begun anew, and that counts for some tries.
ENDLESS = timedelta(hours=1)
ENDLESS_TRIES = 4
# What may pass: the provider's own trouble, and a link that it could not read, as our own web servers may be away. It
# is believed the sixth time, three minutes after the first.
MAY_PASS = ("PROVIDER_ERROR", "TIMEOUT", "INPUT_UNREACHABLE", "INVALID_INPUT_MEDIA")
FAILED_TRIES = 6


def claim_due(kind: SearchIndex.Kind, limit: int) -> list[SearchEntry]:
    """Those that are to be looked at, then those that are to be begun; of the current index first."""
    claimed: list[SearchEntry] = []
    for index in spaces.kept(kind):
        if serving.first_free(serving.clip_readers(index)):
            claimed += _claim(_of(index).filter(~Q(request_id="")), limit - len(claimed))
            claimed += _claim_new(index, limit - len(claimed))
    return claimed


def read(entry: SearchEntry) -> None:
    """Begin a claimed entry, or look how far it is."""
    if not entries.is_wanted(entry):
        return
    if not entry.request_id:
        _begin(entry)
    elif entry.requested_at and timezone.now() - entry.requested_at > ENDLESS:
        _begin_anew(entry, tries=ENDLESS_TRIES)
    else:
        _look(entry)


def in_hand(index: SearchIndex) -> tuple[QuerySet[SearchEntry], QuerySet[SearchEntry]]:
    """Those that the provider has, and those that it is about to get; found without a look at all that wait."""
    of_index = SearchEntry.objects.filter(index=index)
    return of_index.filter(~Q(request_id="")), of_index.filter(lease_until__gt=Now(), request_id="")


def _begin(entry: SearchEntry) -> None:
    server = serving.first_free(serving.clip_readers(entry.index))
    clip = entry.generation.assets.filter(kind=Asset.Kind.OUTPUT, deleted_at=None).order_by("position").first()
    if clip is None:
        entries.drop(entry)
    elif server is None:
        entries.later(entry, seconds=1)
    elif serving.take(server):
        _request(entry, server, links.url_for_provider(clip))
    else:
        _wait_for_a_read(entry)


def _request(entry: SearchEntry, server: serving.Server[ClipReader], video_url: str) -> None:
    is_tagging = entry.index.kind == SearchIndex.Kind.TAGS
    begin = server.adapter.begin_tagging if is_tagging else server.adapter.begin_embedding
    connection.close()
    try:
        request_id = begin(video_url)
    except ProviderError as error:
        is_down = _note(entry, server, error)
        if isinstance(error, Refused) and not circuit.is_failure(error):
            _take_failure(entry, error.failure_code)
        else:
            entries.after(entry, error, is_down=is_down)
    else:
        braking.answered(server.account)
        entries.later(
            entry, seconds=FIRST_LOOK_SECONDS, request_id=request_id, account=server.account, requested_at=Now()
        )


def _look(entry: SearchEntry) -> None:
    """Ask the account that has it, and no other: to another it is unknown. Where that one is gone it is begun anew."""
    server = next((each for each in serving.clip_readers(entry.index) if each.account.pk == entry.account_id), None)
    if server is None:
        _begin_anew(entry)
    elif not server.is_free:
        entries.later(entry, seconds=LEAST_SECONDS)
    elif serving.take(server):
        _fetch(entry, server)
    else:
        _wait_for_a_read(entry)


def _fetch(entry: SearchEntry, server: serving.Server[ClipReader]) -> None:
    connection.close()
    try:
        report = server.adapter.fetch(entry.request_id)
    except TaskMissing as error:
        _note(entry, server, error)
        _begin_anew(entry)
    except ProviderError as error:
        entries.after(entry, error, is_down=_note(entry, server, error))
    else:
        braking.answered(server.account)
        _take(entry, report)


def _take(entry: SearchEntry, report: ClipReport) -> None:
    if report.progress == Progress.RUNNING:
        entries.later(entry, seconds=_until_next_look(entry))
    elif report.progress == Progress.FAILED:
        _take_failure(entry, report.failure_code or entries.GIVEN_UP)
    elif entry.index.kind == SearchIndex.Kind.TAGS:
        entries.keep_tags(entry, report.tags)
    elif not report.vector:
        _take_failure(entry, entries.GIVEN_UP)
    else:
        entries.keep_vector(entry, report.vector)


def _take_failure(entry: SearchEntry, failure_code: str) -> None:
    if failure_code in MAY_PASS and entry.attempt_count + 1 < FAILED_TRIES:
        _begin_anew(entry)
    else:
        entries.fail(entry, failure_code)


def _begin_anew(entry: SearchEntry, *, tries: int = 1) -> None:
    entries.try_again(entry, is_down=False, tries=tries, request_id="", account=None, requested_at=None)


def _note(entry: SearchEntry, server: serving.Server[ClipReader], error: ProviderError) -> bool:
    return braking.note(entry.index, server, error, is_repeated=bool(entry.attempt_count))


def _wait_for_a_read(entry: SearchEntry) -> None:
    entries.later(entry, seconds=0)
    serving.rest()


def _until_next_look(entry: SearchEntry) -> float:
    """Five seconds growing to thirty, with the time that it has taken so far."""
    since = timezone.now() - entry.requested_at if entry.requested_at else timedelta()
    return min(max(GROWTH * since.total_seconds(), LEAST_SECONDS), MOST_SECONDS)


def _of(index: SearchIndex) -> QuerySet[SearchEntry]:
    return SearchEntry.objects.filter(index=index).select_related("index", "generation")


def _claim_new(index: SearchIndex, limit: int) -> list[SearchEntry]:
    """Those to begin, counted and claimed by one worker at a time: two at once would begin too many."""
    with transaction.atomic():
        list(SearchIndex.objects.select_for_update(no_key=True).filter(pk=index.pk).values("pk"))
        room = IN_HAND - sum(rows.count() for rows in in_hand(index))
        return _claim(_of(index).filter(request_id=""), min(room, limit))


def _claim(rows: QuerySet[SearchEntry], limit: int) -> list[SearchEntry]:
    return claim(rows, limit) if limit > 0 else []


crews = [Crew(size=THREADS, claim=partial(claim_due, kind), do=read) for kind in serving.OF_CLIPS]

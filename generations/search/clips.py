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
from generations.providers.base import Progress, ProviderError, TaskMissing
from generations.providers.embedding import ClipReader, ClipReport
from generations.submitting import circuit
from project.due import Crew, claim

from . import backoff, entries, serving, spaces

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
# is believed half a day after the first time; a clip that holds up a change of model, after some twenty minutes.
MAY_PASS = ("PROVIDER_ERROR", "TIMEOUT", "INPUT_UNREACHABLE", "INVALID_INPUT_MEDIA")
FAILED_WAITS = (5, 30, 180, 1080, 6480, 38880)  # seconds
FEW_WAITS = 4
NOT_BEGUN = {"request_id": "", "account": None, "requested_at": None}


def claim_due(kind: SearchIndex.Kind, limit: int) -> list[SearchEntry]:
    """Those that are to be looked at, then those that are to be begun; of the current index first."""
    claimed: list[SearchEntry] = []
    for index in spaces.in_use(kind):
        if serving.first_free(serving.clip_readers(index)):
            claimed += claim(entries.of(index).filter(~Q(request_id="")), limit - len(claimed))
            claimed += _claim_new(index, limit - len(claimed))
    return claimed


def read(entry: SearchEntry) -> None:
    """Begin a claimed entry, or look how far it is."""
    if not entries.is_findable(entry):
        return
    if not entry.request_id:
        _begin(entry)
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
        entries.later(entry, seconds=0)


def _request(entry: SearchEntry, server: serving.Server[ClipReader], video_url: str) -> None:
    is_tagging = entry.index.kind == SearchIndex.Kind.TAGS
    begin = server.adapter.begin_tagging if is_tagging else server.adapter.begin_embedding
    connection.close()
    try:
        request_id = begin(video_url)
    except ProviderError as error:
        is_down = _note(entry, server, error)
        if circuit.is_refusal(error):
            _take_failure(entry, error.failure_code)
        else:
            entries.after(entry, error, is_down=is_down)
    else:
        backoff.answered(server.account)
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
        entries.later(entry, seconds=0)


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
        backoff.answered(server.account)
        _take(entry, report)


def _take(entry: SearchEntry, report: ClipReport) -> None:
    if report.progress == Progress.RUNNING and _taken(entry) > ENDLESS:
        _begin_anew(entry, tries=ENDLESS_TRIES)
    elif report.progress == Progress.RUNNING:
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
    waits = FAILED_WAITS if entry.index.is_current else FAILED_WAITS[:FEW_WAITS]
    if failure_code in MAY_PASS and entry.failed_count < len(waits):
        failed_count = entry.failed_count + 1
        entries.later(entry, seconds=waits[entry.failed_count], failed_count=failed_count, **NOT_BEGUN)
    else:
        entries.fail(entry, failure_code)


def _begin_anew(entry: SearchEntry, *, tries: int = 1) -> None:
    entries.try_again(entry, is_down=False, tries=tries, **NOT_BEGUN)


def _note(entry: SearchEntry, server: serving.Server[ClipReader], error: ProviderError) -> bool:
    return backoff.note(entry.index, server, error, is_repeated=bool(entry.attempt_count))


def _until_next_look(entry: SearchEntry) -> float:
    """Five seconds growing to thirty, with the time that it has taken so far."""
    return min(max(GROWTH * _taken(entry).total_seconds(), LEAST_SECONDS), MOST_SECONDS)


def _taken(entry: SearchEntry) -> timedelta:
    """For how long its provider has had it."""
    return timezone.now() - entry.requested_at if entry.requested_at else timedelta()


def _claim_new(index: SearchIndex, limit: int) -> list[SearchEntry]:
    """Those to begin, counted and claimed by one worker at a time: two at once would begin too many."""
    with transaction.atomic():
        list(SearchIndex.objects.select_for_update(no_key=True).filter(pk=index.pk).values("pk"))
        room = IN_HAND - sum(rows.count() for rows in in_hand(index))
        return claim(entries.of(index).filter(request_id=""), min(room, limit))


crews = [Crew(size=THREADS, claim=partial(claim_due, kind), do=read) for kind in serving.OF_CLIPS]

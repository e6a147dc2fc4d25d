"""Vectors of prompts, as many in a call as the provider takes.

What a try with others has failed for is tried alone, so that one text that is refused or not understood takes no other
down with it.
"""

import math
from collections.abc import Sequence

from django.db import connection

from generations.models import SearchEntry, SearchIndex
from generations.providers.base import ProviderError
from generations.providers.embedding import TextEmbedder
from generations.submitting import circuit
from project.due import Crew, claim, due

from . import backoff, entries, serving, spaces

THREADS = 4


def claim_due(limit: int) -> list[SearchEntry]:
    """As many as there are batches to be made, those of the current index first. The others of a batch follow."""
    claimed: list[SearchEntry] = []
    for index in spaces.in_use(SearchIndex.Kind.PROMPT):
        server = serving.first_free(serving.embedders(index))
        if server and len(claimed) < limit:
            most = server.adapter.most_texts
            waiting = due(entries.of(index))[: (limit - len(claimed)) * most].count()
            claimed += claim(entries.of(index), math.ceil(waiting / most)) if waiting else []
    return claimed


def embed(entry: SearchEntry) -> None:
    """Ask for the vectors of a claimed entry and of as many others as fit into the call."""
    server = serving.first_free(serving.embedders(entry.index))
    if server is None:
        entries.later(entry, seconds=1)
        return
    batch = [each for each in _batch(entry, server.adapter) if entries.is_findable(each)]
    if batch:
        _embed(server, batch)


def _batch(entry: SearchEntry, embedder: TextEmbedder) -> list[SearchEntry]:
    others = embedder.most_texts - 1
    if entry.attempt_count or not others:
        return [entry]
    return [entry, *claim(entries.of(entry.index).filter(attempt_count=0), others)]


def _embed(server: serving.Server[TextEmbedder], batch: Sequence[SearchEntry]) -> None:
    if not serving.take(server):
        for entry in batch:
            entries.later(entry, seconds=0)
        return
    connection.close()
    try:
        vectors = server.adapter.embed_texts([each.generation.prompt for each in batch])
    except ProviderError as error:
        first = batch[0]
        is_down = backoff.note(first.index, server, error, is_repeated=bool(first.attempt_count))
        _after(error, batch, is_down=is_down)
    else:
        backoff.answered(server.account)
        for entry, vector in zip(batch, vectors, strict=True):
            entries.keep_vector(entry, vector)


def _after(error: ProviderError, batch: Sequence[SearchEntry], *, is_down: bool) -> None:
    for entry in batch:
        if not circuit.is_refusal(error):
            entries.after(entry, error, is_down=is_down)
        elif len(batch) > 1:
            entries.try_alone(entry)
        else:
            entries.fail(entry, error.failure_code)


crew = Crew(size=THREADS, claim=claim_due, do=embed)

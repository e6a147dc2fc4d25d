"""The vector of what somebody is looking for, at once or not at all."""

import hashlib
import time
import unicodedata
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

from django.core.cache import caches
from django.db import connection

from generations.models import ProviderAccount, SearchIndex
from generations.providers.base import AccountRefused, Busy, ProviderError, Refused
from generations.providers.embedding import TextEmbedder, Vector
from generations.submitting import budget
from project.due import log_failure

from . import braking, serving

# Of this process alone: the shared one has the counters of rate limits, which vectors might push out.
CACHE = "vectors"
KEPT_SECONDS = 24 * 3600
# An account that did not answer in time is not asked again for so long, so that the next key pressed waits for nothing.
REST_SECONDS = 10
LEAST_SECONDS = 0.2
# So many texts of a team's that nobody has asked about yet go to an index's provider in a minute: others search too,
# and each may cost something.
MOST_A_MINUTE = 60


def ask_all(indexes: Sequence[SearchIndex], text: str, *, team_id: UUID) -> list[tuple[SearchIndex, Vector]]:
    """The text's vector for each index whose provider could be asked. All are asked at once."""
    if not indexes:
        return []
    _give_back()  # while the threads, which have connections of their own, wait for providers
    with ThreadPoolExecutor(len(indexes)) as threads:
        vectors = list(threads.map(partial(embed_query, text=text, team_id=team_id), indexes))
    return [(index, vector) for index, vector in zip(indexes, vectors, strict=True) if vector]


def embed_query(index: SearchIndex, text: str, *, team_id: UUID | None = None, seconds: float = 2.0) -> Vector | None:
    """A vector to compare with those of an index, within so many seconds; None where nobody can be asked now.

    With a `team_id` it is one of those that a team may have in a minute. Never raises. May be called from several
    threads at once; the thread's database connection goes back.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if not plain:
        return None
    try:
        kept = _kept(index, plain)
        if kept or not _is_within_rate(index, team_id):
            return kept
        return _asked(index, plain, time.monotonic() + seconds)
    except Exception as error:  # the boundary: who searches gets what words find
        log_failure("a vector for a search", error)
        return None
    finally:
        _give_back()


def _kept(index: SearchIndex, plain: str) -> Vector | None:
    kept = caches[CACHE].get(_key(index, plain))
    return tuple(array("f", kept)) if kept else None


def _is_within_rate(index: SearchIndex, team_id: UUID | None) -> bool:
    """Counts one. Over all processes, and nearly right: of several at once one may count for all."""
    if team_id is None:
        return True
    key = f"asked:{index.pk}:{team_id.hex}:{int(time.time() // 60)}"
    counts = caches["default"]
    return counts.add(key, 1, 120) or counts.incr(key) <= MOST_A_MINUTE


def _asked(index: SearchIndex, plain: str, ends_at: float) -> Vector | None:
    """Those who are free are asked one after the other, as long as there is time."""
    for server in serving.embedders(index, ahead=budget.AHEAD):
        left = ends_at - time.monotonic()
        if left < LEAST_SECONDS:
            break
        if server.is_free and not caches[CACHE].get(_rest_key(server.account)):
            try:
                vector = _ask(index, server, plain, left)
            except Refused:  # the text is: that says nothing of the account, and another would say the same
                return None
            if vector and len(vector) == (index.dims or len(vector)):
                caches[CACHE].set(_key(index, plain), array("f", vector).tobytes(), KEPT_SECONDS)
                return vector
    return None


def _ask(index: SearchIndex, server: serving.Server[TextEmbedder], plain: str, seconds: float) -> Vector | None:
    """Its failures are no word on whether it is down: it had less time than it may take. Raises Refused."""
    if not budget.take(server.account):
        return None
    _give_back()
    try:
        return server.adapter.embed_texts([plain], total_seconds=seconds)[0]
    except Refused:
        raise
    except (AccountRefused, Busy) as error:
        braking.note(index, server, error)
    except ProviderError:
        caches[CACHE].set(_rest_key(server.account), True, REST_SECONDS)
    return None


def _key(index: SearchIndex, plain: str) -> str:
    """What differs in upper and lower case alone has one vector: whoever asked first says which."""
    return f"query:{index.pk}:{hashlib.sha256(plain.casefold().encode()).hexdigest()}"


def _rest_key(account: ProviderAccount) -> str:
    return f"rest:{account.pk}"


def _give_back() -> None:
    """While a provider is waited for nobody holds a connection. Within a transaction it stays."""
    if not connection.in_atomic_block:
        connection.close()

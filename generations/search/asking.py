"""The vector of what somebody is looking for, at once or not at all."""

import hashlib
import time
import unicodedata
from array import array

from django.core.cache import caches
from django.db import connection

from generations.models import ProviderAccount, SearchIndex
from generations.providers.base import AccountRefused, Busy, ProviderError
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


def embed_query(index: SearchIndex, text: str, *, seconds: float = 2.0) -> Vector | None:
    """A vector to compare with those of an index, within so many seconds; None where nobody can be asked now.

    Never raises. May be called from several threads at once; the thread's database connection goes back.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if not plain:
        return None
    try:
        return _kept(index, plain) or _asked(index, plain, time.monotonic() + seconds)
    except Exception as error:  # the boundary: who searches gets what words find
        log_failure("a vector for a search", error)
        return None
    finally:
        _give_back()


def _kept(index: SearchIndex, plain: str) -> Vector | None:
    kept = caches[CACHE].get(_key(index, plain))
    return tuple(array("f", kept)) if kept else None


def _asked(index: SearchIndex, plain: str, ends_at: float) -> Vector | None:
    """Those who are free are asked one after the other, as long as there is time."""
    for server in serving.embedders(index):
        left = ends_at - time.monotonic()
        if left < LEAST_SECONDS:
            break
        if server.is_free and not caches[CACHE].get(_rest_key(server.account)):
            vector = _ask(server, plain, left)
            if vector and len(vector) == (index.dims or len(vector)):
                caches[CACHE].set(_key(index, plain), array("f", vector).tobytes(), KEPT_SECONDS)
                return vector
    return None


def _ask(server: serving.Server[TextEmbedder], plain: str, seconds: float) -> Vector | None:
    """Its failures are no word on whether it is down: it had less time than it may take."""
    if not budget.take(server.account):
        return None
    _give_back()
    try:
        return server.adapter.embed_texts([plain], total_seconds=seconds)[0]
    except (AccountRefused, Busy) as error:
        braking.note(server.account, error)
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

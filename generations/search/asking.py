"""The vector of what somebody is looking for, at once or not at all."""

import hashlib
import time
import unicodedata
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.core.cache import caches

from generations import words
from generations.models import ProviderAccount, SearchIndex
from generations.providers.base import AccountRefused, Busy, ProviderError, Refused
from generations.providers.embedding import TextEmbedder, Vector
from generations.submitting import budget
from project.caches import PROCESS
from project.connections import give_back_connection
from project.due import log_failure

from . import backoff, serving

KEPT_SECONDS = 24 * 3600
# An account that did not answer in time is not asked again for so long, so that the next key pressed waits for nothing.
REST_SECONDS = 10
LEAST_SECONDS = 0.2
# So many texts of a team's that nobody has asked about yet go to providers in a minute: others search too, and each may
# cost something.
MOST_A_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The text's vectors, and the indexes whose provider could not be asked or brought none.

    `is_too_fast` where nobody was asked, as the team has had its new texts of this minute.
    """

    vectors: Sequence[tuple[SearchIndex, Vector]] = ()
    unanswered: Sequence[SearchIndex] = ()
    is_too_fast: bool = False


def ask_all(indexes: Sequence[SearchIndex], text: str, *, team_id: UUID) -> Answers:
    """The text's vector for each of the indexes. All of their providers are asked at once."""
    plain = _plain(text)
    if not _tells_something(plain):
        return Answers()
    vectors = {index: _kept(index, plain) for index in indexes}
    unknown = [index for index, vector in vectors.items() if vector is None]
    is_too_fast = bool(unknown) and not _take_turn(team_id)
    if unknown and not is_too_fast:
        vectors.update(_ask_each(unknown, plain))
    return Answers(
        vectors=[(index, vector) for index, vector in vectors.items() if vector],
        unanswered=[index for index, vector in vectors.items() if not vector],
        is_too_fast=is_too_fast,
    )


def embed_query(index: SearchIndex, text: str, *, seconds: float = 2.0) -> Vector | None:
    """A vector to compare with those of an index, within so many seconds; None where nobody can be asked now.

    Never raises. May be called from several threads at once; the thread's database connection goes back.
    """
    plain = _plain(text)
    if not plain:
        return None
    try:
        return _kept(index, plain) or _asked(index, plain, time.monotonic() + seconds)
    except Exception as error:  # the boundary: who searches gets what words find
        log_failure("a vector for a search", error)
        return None
    finally:
        give_back_connection()


def keep(index: SearchIndex, plain: str, vector: Sequence[float]) -> None:
    """The text's vector, so that nobody is asked for it again today; `plain` has no spaces but single ones in it."""
    caches[PROCESS].set(_key(index, plain), array("f", vector).tobytes(), KEPT_SECONDS)


def _kept(index: SearchIndex, plain: str) -> Vector | None:
    kept = caches[PROCESS].get(_key(index, plain))
    return tuple(array("f", kept)) if kept else None


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _tells_something(plain: str) -> bool:
    """A single letter is a word that has only been begun; a single character of Chinese may be a whole one."""
    return len(plain) > 1 or any(is_unspaced for is_unspaced, _run in words.runs(plain))


def _take_turn(team_id: UUID) -> bool:
    """Whether the team may have one more text, which is counted, over all processes; of two at once one may count."""
    key = f"asked:{team_id.hex}:{int(time.time() // 60)}"
    counts = caches["default"]
    return counts.add(key, 1, 120) or counts.incr(key) <= MOST_A_MINUTE


def _ask_each(indexes: Sequence[SearchIndex], plain: str) -> dict[SearchIndex, Vector | None]:
    give_back_connection()  # while the threads, which have connections of their own, wait for providers
    with ThreadPoolExecutor(len(indexes)) as threads:
        return dict(zip(indexes, threads.map(partial(embed_query, text=plain), indexes), strict=True))


def _asked(index: SearchIndex, plain: str, ends_at: float) -> Vector | None:
    """Those who are free are asked one after the other, as long as there is time."""
    for server in serving.embedders(index, for_a_search=True):
        if ends_at - time.monotonic() < LEAST_SECONDS:
            break
        if server.is_free and not caches[PROCESS].get(_rest_key(server.account)):
            try:
                vector = _ask(index, server, plain, ends_at)
            except Refused:  # the text is: that says nothing of the account, and another would say the same
                return None
            if vector and len(vector) == (index.dims or len(vector)):
                keep(index, plain, vector)
                return vector
    return None


def _ask(index: SearchIndex, server: serving.Server[TextEmbedder], plain: str, ends_at: float) -> Vector | None:
    """Its failures are no word on whether it is down: it had less time than it may take. Raises Refused."""
    if not budget.take(server.account):
        return None
    give_back_connection()
    seconds = max(ends_at - time.monotonic(), LEAST_SECONDS)
    try:
        return server.adapter.embed_texts([plain], total_seconds=seconds)[0]
    except Refused:
        raise
    except (AccountRefused, Busy) as error:
        backoff.note(index, server, error)
    except ProviderError:
        caches[PROCESS].set(_rest_key(server.account), True, REST_SECONDS)
    return None


def _key(index: SearchIndex, plain: str) -> str:
    """What differs in upper and lower case alone has one vector: whoever asked first says which."""
    return f"query:{index.pk}:{hashlib.sha256(plain.casefold().encode()).hexdigest()}"


def _rest_key(account: ProviderAccount) -> str:
    return f"rest:{account.pk}"

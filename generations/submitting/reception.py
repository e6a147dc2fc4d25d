"""Where what providers send us comes in: it is kept as it came, and that is all that happens at once.

One statement keeps it or counts it as a repeat. How much is kept for one address, and of what was sent to none, is
bounded; a few more may be kept when many come at once. Where an address has no room left, the oldest that was judged
makes some.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import connection
from uuid_utils.compat import uuid7

from generations.models import Callback, ProviderAccount, Submission
from generations.providers import signatures
from project.celery import nudge

log = logging.getLogger(__name__)

BODY_BYTES = 256 * 1024
HEADERS = 50
HEADER_CHARACTERS = 2000
# For each submission. What is forged has a room of its own, so that it can't take that of the real ones.
ROOM = {
    Callback.Proof.NONE: 100,
    Callback.Proof.GOOD: 100,
    Callback.Proof.UNCHECKED: 100,
    Callback.Proof.STALE: 20,
    Callback.Proof.BAD: 20,
}
# Of what came to an address that nobody was given, whose senders are anybody: so many in an hour, and little of each.
UNADDRESSED_AN_HOUR = 200
UNADDRESSED_BYTES = 4 * 1024
UNADDRESSED_HEADERS = 20
UNADDRESSED_HEADER_CHARACTERS = 200
# A repeat of these is told by their signatures too, so that the real one is not taken for a copy that came before it.
TOLD_BY_SIGNATURE = {Callback.Proof.BAD, Callback.Proof.STALE, Callback.Proof.UNCHECKED}
VERDICTS = {Callback.Proof.BAD: Callback.Verdict.FORGED, Callback.Proof.STALE: Callback.Verdict.STALE}
_SECRET_HEADERS = {"authorization", "cookie", "x-api-key"}

_COLUMNS = "id, submission_id, provider, headers, body, proof, verdict, next_at, received_at, provider_task_id,"
_COLUMNS += " attempt_count, repeat_count, scheme, signature_digest"
_VALUES = "%(id)s, %(submission_id)s, %(provider)s, %(headers)s, %(body)s, %(proof)s, %(verdict)s, %(next_at)s, %(at)s,"
_VALUES += " '', 0, 0, %(scheme)s, %(signature_digest)s"
_COUNTED = "repeat_count = kept.repeat_count + 1, last_received_at = %(at)s"
# A foreign task may have become known since, or be ours by now: told of again, it is looked into again.
_AGAIN = "kept.verdict = 'foreign' AND kept.next_at IS NULL"
_SAME = "submission_id = %(submission_id)s AND proof = %(proof)s"
# As many go as there are too many. An array, as that is made once: what is locked and limited must not be asked twice.
_KEEP = f"""
WITH known AS (
    SELECT 1 FROM generations_callback
    WHERE {_SAME} AND digest = %(digest)s AND signature_digest = %(signature_digest)s
), surplus AS (
    SELECT count(*) - %(room)s + 1 AS count FROM generations_callback WHERE {_SAME}
), gone AS (
    DELETE FROM generations_callback
    WHERE id = ANY (ARRAY(
        SELECT id FROM generations_callback
        WHERE {_SAME} AND verdict <> '' AND next_at IS NULL AND NOT EXISTS (SELECT 1 FROM known)
        ORDER BY received_at, id LIMIT (SELECT greatest(count, 0) FROM surplus) FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
INSERT INTO generations_callback AS kept ({_COLUMNS})
SELECT {_VALUES}
WHERE (SELECT count FROM surplus) <= 0 OR EXISTS (SELECT 1 FROM gone) OR EXISTS (SELECT 1 FROM known)
ON CONFLICT (submission_id, proof, digest, signature_digest) DO UPDATE SET {_COUNTED},
    next_at = CASE WHEN {_AGAIN} THEN %(at)s ELSE kept.next_at END,
    attempt_count = CASE WHEN {_AGAIN} THEN 0 ELSE kept.attempt_count END
RETURNING repeat_count > 0, next_at = %(at)s, EXISTS (SELECT 1 FROM gone)
"""  # noqa: S608 -- of constants alone
_KEEP_UNADDRESSED = f"""
INSERT INTO generations_callback AS kept ({_COLUMNS})
SELECT {_VALUES}
WHERE (SELECT count(*) FROM generations_callback
       WHERE submission_id IS NULL AND received_at > %(at)s - interval '1 hour') < %(room)s
   OR EXISTS (SELECT 1 FROM generations_callback
              WHERE submission_id IS NULL AND provider = %(provider)s AND digest = %(digest)s)
ON CONFLICT (provider, digest) WHERE submission_id IS NULL DO UPDATE SET {_COUNTED}
"""  # noqa: S608 -- of constants alone


def receive(submission: Submission, headers: Mapping[str, str], body: bytes, at: datetime) -> Callback.Proof | None:
    """Keep what came at that moment to the submission's address, and have it looked into. Returns what it proved.

    None where it is not kept: the address has no room, and nothing that came there was judged yet. The submission comes
    with its account.
    """
    account, kept_headers = submission.account, shown_headers(headers)
    proof = proof_of(account, kept_headers, body, at)
    verdict = VERDICTS.get(proof, "")
    kept = _keep(
        _KEEP,
        submission_id=submission.id,
        provider=account.provider,
        scheme=account.signature_scheme,
        signature_digest=_signature_digest(account, kept_headers) if proof in TOLD_BY_SIGNATURE else b"",
        headers=kept_headers,
        body=body,
        proof=proof,
        verdict=verdict,
        next_at=None if verdict else at,
        at=at,
        room=ROOM[proof],
    )
    if kept is None:
        log.error("submission %s: no room for a callback, and none of those kept was judged yet", submission.id)
        return None
    is_repeat, is_due, took_room = kept
    if verdict and not (is_repeat or took_room):  # of those that push one another out nobody is told one by one
        log.warning("submission %s: a callback is %s", submission.id, verdict)
    if is_due:
        nudge("ingest")
    return proof


def receive_unaddressed(provider: str, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
    """Keep what came at that moment to an address that nobody was given."""
    _keep(
        _KEEP_UNADDRESSED,
        submission_id=None,
        provider=provider[:40],
        scheme="",
        signature_digest=b"",
        headers=shown_headers(headers, most=UNADDRESSED_HEADERS, characters=UNADDRESSED_HEADER_CHARACTERS),
        body=body[:UNADDRESSED_BYTES],
        proof=Callback.Proof.NONE,
        verdict=Callback.Verdict.UNADDRESSED,
        next_at=None,
        at=at,
        room=UNADDRESSED_AN_HOUR,
    )


def proof_of(account: ProviderAccount, headers: Mapping[str, str], body: bytes, at: datetime) -> Callback.Proof:
    """What the signature of something that came at that moment says. The same for what is kept as for what comes in."""
    scheme = account.signature_scheme
    if not scheme:
        return Callback.Proof.NONE
    try:
        secrets = account.callback_secrets(at)
    except InvalidToken:
        return Callback.Proof.UNCHECKED
    if signatures.key_of(scheme, secrets[0]) is None:
        return Callback.Proof.UNCHECKED
    return Callback.Proof(signatures.verify(scheme, secrets, headers, body, at, header=account.signature_header))


def shown_headers(
    headers: Mapping[str, str], *, most: int = HEADERS, characters: int = HEADER_CHARACTERS
) -> dict[str, str]:
    """What is kept of them, names in lower case: no credentials, and no NUL, which PostgreSQL takes in no text."""
    shown = [(name.lower(), value) for name, value in headers.items() if name.lower() not in _SECRET_HEADERS]
    return {name[:100]: value[:characters].replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in shown[:most]}


def _signature_digest(account: ProviderAccount, headers: Mapping[str, str]) -> bytes:
    """Of what it says by its headers that it was signed by."""
    names = signatures.headers_of(account.signature_scheme, account.signature_header)
    return hashlib.sha256(json.dumps([headers.get(name) for name in names]).encode()).digest()


def _keep(statement: str, *, headers: Mapping[str, str], body: bytes, **values: Any) -> tuple[Any, ...] | None:
    """What the statement returns; None where there was no room."""
    values |= {"id": uuid7(), "headers": json.dumps(headers), "body": body, "digest": hashlib.sha256(body).digest()}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[Any, ...] | None = cursor.fetchone() if cursor.description else None
    return row

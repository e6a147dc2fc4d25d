"""What makes a create safe to ask for twice."""

from dataclasses import dataclass

from .models import Generation, IdempotencyKey


class IdempotencyMismatch(Exception):
    """The Idempotency-Key was used for another request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """The Idempotency-Key header, and a digest of the request it came with."""

    key: str
    request_digest: str


def first_use(idempotency: Idempotency, generation: Generation) -> Generation | None:
    """The generation that this key made before, or None where the key is now ours. Raises IdempotencyMismatch.

    The unique index makes a second insert wait for the first one's commit; the foreign key is checked at commit.
    """
    IdempotencyKey.objects.bulk_create(
        [
            IdempotencyKey(
                team_id=generation.team_id,
                key=idempotency.key,
                request_digest=idempotency.request_digest,
                generation_id=generation.id,
                created_at=generation.created_at,
            )
        ],
        ignore_conflicts=True,
    )
    kept = IdempotencyKey.objects.get(team_id=generation.team_id, key=idempotency.key)
    if kept.generation_id == generation.id:
        return None
    if kept.request_digest != idempotency.request_digest:
        raise IdempotencyMismatch(idempotency.key)
    return kept.generation

"""Several takes of one request: as many generations with one batch_id, asked for together or not at all."""

from django.db import transaction
from uuid_utils.compat import uuid7

from accounts.refusals import InsufficientCredits

from . import lifecycle
from .catalog import Resolved
from .idempotency import Idempotency
from .lifecycle import Asker
from .models import Generation
from .pricing import Quote

MOST = 4


def create(
    resolved: Resolved,
    quote: Quote,
    *,
    count: int,
    asker: Asker,
    idempotency: Idempotency,
    retry_of: Generation | None = None,
) -> list[Generation]:
    """So many generations at `quote` each, in one transaction; a single one has no batch_id.

    The same Idempotency again answers the first ones. Raises as lifecycle.create() does; InsufficientCredits has the
    figures of all of them.
    """
    batch_id = uuid7() if count > 1 else None
    made: list[Generation] = []
    try:
        with transaction.atomic():
            for key in _keys(idempotency, count):
                generation, _is_new = lifecycle.create(
                    resolved, quote, asker=asker, idempotency=key, retry_of=retry_of, batch_id=batch_id
                )
                made.append(generation)
    except InsufficientCredits as error:
        raise InsufficientCredits(
            required=quote.total_credits * count,
            available=error.available + quote.total_credits * len(made),
            limit_source=error.limit_source,
            resets_at=error.resets_at,
        ) from error
    return made


def _keys(idempotency: Idempotency, count: int) -> list[Idempotency]:
    """One for each, all below the key of the whole. Another count is another request."""
    if count == 1:
        return [idempotency]
    return [
        Idempotency(key=f"{idempotency.key}:{number}/{count}", request_digest=idempotency.request_digest)
        for number in range(1, count + 1)
    ]

"""What makes a request safe to send twice: its Idempotency-Key."""

import hashlib
import json
import re
from typing import Any

from django.http import HttpRequest

from generations.idempotency import Idempotency
from generations.intake import InvalidParameter

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_of(request: HttpRequest, asked: Any) -> Idempotency | None:
    """The Idempotency-Key header, if there is one, with a digest of what is asked, whatever its spacing and order."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _VISIBLE_ASCII.fullmatch(key):
        message = "Idempotency-Key must be 1 to 255 visible ASCII characters."
        raise InvalidParameter("Idempotency-Key", "visible_ascii", message, limit=255, value=len(key))
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return Idempotency(key=key, request_digest=hashlib.sha256(canonical.encode()).hexdigest())

"""Reading a request: its JSON body within a bound, and its Idempotency-Key."""

import hashlib
import json
import re
from typing import Any

from django.http import HttpRequest

from accounts.api.answers import ApiError
from generations.intake import InvalidParameter, parse_json
from generations.lifecycle import Idempotency

MAX_BYTES = 1 << 20
_JSON_TYPE = re.compile(r"application/([a-z0-9.+-]+\+)?json")
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The object in the body. Raises ApiError for 413 and 415, InvalidParameter for what is not sound JSON."""
    if request.content_type and not _JSON_TYPE.fullmatch(request.content_type.lower()):
        message = "Send the body as JSON, with Content-Type: application/json."
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", message)
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        message = f"The body is larger than {MAX_BYTES} bytes."
        raise ApiError(413, "PAYLOAD_TOO_LARGE", message, details={"limit": MAX_BYTES})
    return parse_json(body)


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

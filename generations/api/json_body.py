"""Reading a JSON body: within a bound, and nothing that is not sound."""

import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest

from accounts.api.answers import ApiError
from generations.intake import InvalidParameter, parse_json

MAX_BYTES = 1 << 20
_JSON_TYPE = re.compile(r"application/([a-z0-9.+-]+\+)?json")
_ODD = re.compile("[\0\ud800-\udfff]")


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The object in the body. Raises ApiError for 413 and 415, InvalidParameter for what is not sound JSON."""
    if request.content_type and not _JSON_TYPE.fullmatch(request.content_type.lower()):
        message = "Send the body as JSON, with Content-Type: application/json."
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", message)
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise too_large()
    return parse_json(body)


def read_text_object(request: HttpRequest) -> dict[str, Any]:
    """As read_object(), for what takes any text: no name and no value in it holds what can't be stored or sent."""
    given = read_object(request)
    if any(_ODD.search(text) for text in _texts(given)):
        message = "The body holds a character that is not text (NUL or half a surrogate pair). Remove it."
        raise InvalidParameter("body", "text", message)
    return given


def too_large() -> ApiError:
    return ApiError(
        413, "PAYLOAD_TOO_LARGE", f"The body is larger than {MAX_BYTES} bytes.", details={"limit": MAX_BYTES}
    )


def _texts(given: Any) -> Iterator[str]:
    waiting = [given]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, dict):
            waiting.extend((*each, *each.values()))

"""How the faults of a task spoil the answer that told of it, and when and how the task ends."""

import math
from http import HTTPStatus

from sandbox.faults import Faults
from sandbox.oddities import ODDITIES, WELCOME_PAGE
from sandbox.settings import Settings
from sandbox.web import Cut, Raw, Reply, Response, Silence

__all__ = ["WELCOME_PAGE", "ending", "gateway_page", "spoiled", "spoiled_fetch"]

TIMED_OUT = "Generation timed out"
ODD_FETCHES = 2
GATEWAY_WORDS = {
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}


def gateway_page(status: int, **headers: str) -> Response:
    """What a proxy before the API says when it has no answer from it. Some have statuses of their own, as 520."""
    words = GATEWAY_WORDS.get(status, f"{status} Error")
    page = f"<html><head><title>{words}</title></head><body>{words}</body></html>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, page.encode(), "text/html", named)


# By names of their own.
PLAIN_ODDITIES = {"truncated": "truncated", "garbage": "html"}


def spoiled(answer: Response, faults: Faults) -> Reply:
    if "hang" in faults:
        return Silence()
    if "reset" in faults:
        return Cut()
    if "cut" in faults:
        return Raw(_cut(answer, faults["cut"]))
    if "drip" in faults:
        return Raw(_raw(answer), float(faults["drip"]))
    if "gateway" in faults:
        return gateway_page(int(float(faults["gateway"])))
    if "502_after_accepting" in faults:
        return gateway_page(502)
    odd = next((name for plain, name in PLAIN_ODDITIES.items() if plain in faults), faults.get("odd"))
    return ODDITIES[odd](answer) if odd else answer


def spoiled_fetch(answer: Response, faults: Faults, *, fetches: int) -> Reply:
    """The answer to the so-manieth fetch of a task."""
    is_odd = "odd_poll" in faults and fetches <= ODD_FETCHES
    return ODDITIES[faults["odd_poll"]](answer) if is_odd else answer


def _raw(answer: Response, *, missing: int = 0) -> bytes:
    """The whole answer as it goes over the wire, or one that promises so many bytes more than come."""
    phrase = HTTPStatus(answer.status).phrase
    headers = {"content-type": answer.content_type, "content-length": str(len(answer.body) + missing)} | answer.headers
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body


def _cut(answer: Response, place: str) -> bytes:
    whole = _raw(answer)
    match place:
        case "status":
            return whole[: len(b"HTTP/1.1 20")]
        case "headers":
            return whole[: whole.index(b"\r\n") + 10]
        case "body":
            return whole[: len(whole) - len(answer.body) // 2]
    return _raw(answer, missing=1)


def ending(faults: Faults, settings: Settings) -> tuple[float, str | None]:
    """Seconds until the task ends, and the error it ends with."""
    if "never" in faults:
        return math.inf, None
    seconds = 0.0 if "early_callback" in faults else float(faults.get("slow", settings.seconds))
    if seconds > settings.timeout_seconds:
        return settings.timeout_seconds, TIMED_OUT
    return seconds, faults.get("fail")

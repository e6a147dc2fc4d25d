"""How the faults of a task spoil the answer that told of it, and when and how the task ends."""

import math
from dataclasses import replace

from sandbox.faults import Faults
from sandbox.settings import Settings
from sandbox.web import Cut, Reply, Response, Silence

WELCOME_PAGE = b"<!doctype html><html><head><title>Welcome</title></head><body><p>It works!</p></body></html>"
TIMED_OUT = "Generation timed out"
GATEWAY_WORDS = {502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable"}


def gateway_page(status: int, **headers: str) -> Response:
    """What a proxy before the API says when it has no answer from it: 502 or 503."""
    words = GATEWAY_WORDS[status]
    page = f"<html><head><title>{words}</title></head><body>{words}</body></html>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, page.encode(), "text/html", named)


def spoiled(answer: Response, faults: Faults) -> Reply:
    if "hang" in faults:
        return Silence()
    if "reset" in faults:
        return Cut()
    if "truncated" in faults:
        return replace(answer, body=answer.body[: len(answer.body) // 2])
    if "garbage" in faults:
        return Response(200, WELCOME_PAGE, "text/html")
    if "502_after_accepting" in faults:
        return gateway_page(502)
    return answer


def ending(faults: Faults, settings: Settings) -> tuple[float, str | None]:
    """Seconds until the task ends, and the error it ends with."""
    if "never" in faults:
        return math.inf, None
    seconds = 0.0 if "early_callback" in faults else float(faults.get("slow", settings.seconds))
    if seconds > settings.timeout_seconds:
        return settings.timeout_seconds, TIMED_OUT
    return seconds, faults.get("fail")

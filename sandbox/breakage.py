"""How the faults of a task spoil the answer that told of it, and when and how the task ends."""

import math
from dataclasses import replace

from sandbox.faults import Faults
from sandbox.settings import Settings
from sandbox.web import Cut, Reply, Response, Silence

BAD_GATEWAY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
WELCOME_PAGE = b"<!doctype html><html><head><title>Welcome</title></head><body><p>It works!</p></body></html>"
TIMED_OUT = "Generation timed out"


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
        return Response(502, BAD_GATEWAY_PAGE, "text/html")
    return answer


def ending(faults: Faults, settings: Settings) -> tuple[float, str | None]:
    """Seconds until the task ends, and the error it ends with."""
    if "never" in faults:
        return math.inf, None
    seconds = 0.0 if "early_callback" in faults else float(faults.get("slow", settings.seconds))
    if seconds > settings.timeout_seconds:
        return settings.timeout_seconds, TIMED_OUT
    return seconds, faults.get("fail")

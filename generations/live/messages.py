"""Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html"""

import re

_LINE_END = re.compile(r"\r\n|\r|\n")

HEARTBEAT = b": \n\n"
RETRY = b"retry: 2000\n\n"


def message(event: str, data: str = "", *, at_ms: int | None = None) -> bytes:
    """One event, whatever line ends its data holds. `at_ms` is the cursor a page that reconnects goes on from."""
    cursor = [] if at_ms is None else [f"id: {at_ms}"]
    lines = [f"data: {line}" for line in _LINE_END.split(data)]
    return "\n".join([*cursor, f"event: {event}", *lines, "", ""]).encode()


END = message("end")
RELOAD = message("reload")

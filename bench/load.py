"""A lean HTTP load: keep-alive connections that send ready-made requests one after another."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass
class Load:
    """What came of it: durations in seconds, and how many answers had which status."""

    seconds: float = 0.0
    durations: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.durations) / self.seconds


def run(port: int, request_of: Callable[[int], bytes], *, connections: int, seconds: float) -> Load:
    """Send request_of(connection number) over each connection until the time is up."""
    return asyncio.run(_run(port, request_of, connections, seconds))


async def _run(port: int, request_of: Callable[[int], bytes], connections: int, seconds: float) -> Load:
    load = Load()
    started = time.perf_counter()
    await asyncio.gather(*(_one(port, request_of, load, started + seconds, number) for number in range(connections)))
    load.seconds = time.perf_counter() - started
    return load


async def _one(port: int, request_of: Callable[[int], bytes], load: Load, until: float, number: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (start := time.perf_counter()) < until:
        writer.write(request_of(number))
        status = await _answer(reader)
        load.durations.append(time.perf_counter() - start)
        load.statuses[status] = load.statuses.get(status, 0) + 1
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
    await reader.readexactly(length)
    return int(lines[0].split()[1])


def request(
    method: str,
    path: str,
    *,
    key: str = "",
    body: bytes = b"",
    cookie: str = "",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"Authorization: Bearer {key}"] if key else []
    lines += [f"Cookie: {cookie}"] if cookie else []
    lines += ["Content-Type: application/json"] if body else []
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

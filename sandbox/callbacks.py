"""Callbacks: unsigned JSON by POST, each sent once, whatever is answered, unless its vendor documents more tries."""

import asyncio

import httpx

SENT_AT_ONCE = 32
TIMEOUT_SECONDS = 10


class Callbacks:
    def __init__(self) -> None:
        self.sent = 0
        self.answered = 0
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False)
        self._turns = asyncio.Semaphore(SENT_AT_ONCE)
        self._waiting: set[asyncio.Task[None]] = set()

    def schedule(
        self, url: str, body: dict[str, object], *, after_seconds: float, again_after: tuple[float, ...] = ()
    ) -> None:
        """`again_after` are the seconds before each further try, made while no answer is 2xx."""
        waiting = asyncio.create_task(self._send_later(url, body, (after_seconds, *again_after)))
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)

    async def send(self, url: str, body: dict[str, object]) -> bool:
        """Whether the receiver has answered with 2xx."""
        async with self._turns:
            self.sent += 1
            try:
                # The answer's body is nobody's concern, and may be endless.
                async with (
                    asyncio.timeout(TIMEOUT_SECONDS),
                    self._client.stream("POST", url, json=body) as response,
                ):
                    self.answered += response.is_success
                    return response.is_success
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
                return False

    async def forget(self) -> None:
        """Drop all that wait to be sent, and count anew."""
        waiting = list(self._waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        self.sent = self.answered = 0

    async def close(self) -> None:
        await self.forget()
        await self._client.aclose()

    async def _send_later(self, url: str, body: dict[str, object], waits: tuple[float, ...]) -> None:
        for seconds in waits:
            await asyncio.sleep(seconds)
            if await self.send(url, body):
                return

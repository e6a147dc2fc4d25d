"""Callbacks: JSON by POST, each sent once, whatever is answered, unless its vendor documents more tries.

Unsigned, unless `signer` says otherwise: see signing.py.
"""

import asyncio
import json
import uuid

import httpx

from sandbox.signing import Signer

SENT_AT_ONCE = 32
TIMEOUT_SECONDS = 10


class Callbacks:
    def __init__(self) -> None:
        self.sent = 0
        self.answered = 0
        self.signer = Signer.from_environment()
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False)
        self._turns = asyncio.Semaphore(SENT_AT_ONCE)
        self._waiting: set[asyncio.Task[None]] = set()

    def schedule(
        self,
        url: str,
        body: dict[str, object],
        *,
        after_seconds: float,
        again_after: tuple[float, ...] = (),
        is_forged: bool = False,
    ) -> None:
        """`again_after` are the seconds before each further try, made while no answer is 2xx."""
        sending = self._send_later(url, body, (after_seconds, *again_after), is_forged=is_forged)
        waiting = asyncio.create_task(sending)
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)

    async def send(self, url: str, body: dict[str, object], *, message_id: str = "", is_forged: bool = False) -> bool:
        """Whether the receiver has answered with 2xx. Each try is signed anew, under the same id."""
        content = json.dumps(body, ensure_ascii=False).encode()
        async with self._turns:
            signer = self.signer.forger() if is_forged else self.signer
            headers = {"content-type": "application/json", **signer.headers(message_id or _new_id(), content)}
            self.sent += 1
            try:
                # The answer's body is nobody's concern, and may be endless.
                async with (
                    asyncio.timeout(TIMEOUT_SECONDS),
                    self._client.stream("POST", url, content=content, headers=headers) as response,
                ):
                    self.answered += response.is_success
                    return response.is_success
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
                return False

    async def forget(self) -> None:
        """Drop all that wait to be sent, count anew, and sign as at the start."""
        waiting = list(self._waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        self.sent = self.answered = 0
        self.signer = Signer.from_environment()

    async def close(self) -> None:
        await self.forget()
        await self._client.aclose()

    async def _send_later(
        self, url: str, body: dict[str, object], waits: tuple[float, ...], *, is_forged: bool
    ) -> None:
        message_id = _new_id()
        for seconds in waits:
            await asyncio.sleep(seconds)
            if await self.send(url, body, message_id=message_id, is_forged=is_forged):
                return


def _new_id() -> str:
    return f"msg_{uuid.uuid4().hex}"

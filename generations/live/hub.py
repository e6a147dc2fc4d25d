"""One hub per process: one LISTEN connection, one reader, and every open stream of the process.

An idle stream holds no database connection and asks the database nothing.
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from contextvars import Context
from types import FrameType
from typing import ParamSpec, TypeVar

import psycopg
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection

from generations.lifecycle import LIVE_CHANNEL
from project.notify import hints

from .changes import News, Reader, replay
from .messages import HEARTBEAT, RETRY
from .watching import Stream, Watcher

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # hints may be lost, and access is checked this often
HEARTBEAT_SECONDS = 15.0
RECONNECT_SECONDS = 1.0

P = ParamSpec("P")
R = TypeVar("R")


class Hub:
    """Runs while somebody watches."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self._reader = Reader()
        self._ready = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._heeds_signals = False

    async def join(self, watcher: Watcher) -> Stream:
        """A stream that misses nothing committed from now on."""
        stream = Stream(watcher)
        self.streams.add(stream)
        if self._running is None:
            self._reader, self._ready = Reader(), asyncio.Event()
            # A context of its own: the hub outlives the request that started it.
            self._running = asyncio.get_running_loop().create_task(self._run(), context=Context())
            self._let_go_with_the_server(asyncio.get_running_loop())
        await self._ready.wait()
        return stream

    def leave(self, stream: Stream) -> None:
        self.streams.discard(stream)
        if not self.streams and self._running:
            self._running.cancel()
            self._running = None

    def let_go(self) -> None:
        """End every stream without a word, so that its page comes back."""
        for stream in self.streams:
            stream.let_go()

    def _let_go_with_the_server(self, loop: asyncio.AbstractEventLoop) -> None:
        """A server that is told to end waits for its answers, and ours have no end of their own."""
        if self._heeds_signals or threading.current_thread() is not threading.main_thread():
            return
        self._heeds_signals = True
        for number in (signal.SIGTERM, signal.SIGINT):
            server_ends = signal.getsignal(number)

            def heed(number: int, frame: FrameType | None, server_ends: object = server_ends) -> None:
                loop.call_soon_threadsafe(self.let_go)
                if callable(server_ends):
                    server_ends(number, frame)

            signal.signal(number, heed)

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except (DatabaseError, psycopg.Error) as error:
                log.warning("live pages wait for the database: %s", type(error).__name__)
            except Exception:
                log.exception("live pages start anew")
            # What was read and not handed out is replayed when the pages come back.
            self.let_go()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _follow(self) -> None:
        checked_at = time.monotonic()
        async with aclosing(hints(LIVE_CHANNEL, every_seconds=LOOK_SECONDS)) as told:
            async for _hint in told:
                if self._reader.feed.last_id < 0:
                    await in_thread(self._reader.feed.start)
                self._ready.set()
                due = time.monotonic() - checked_at >= LOOK_SECONDS
                await self._look(check_access=due)
                checked_at = time.monotonic() if due else checked_at

    async def _look(self, *, check_access: bool) -> None:
        streams = list(self.streams)
        watchers = [stream.watcher for stream in streams]
        news = await in_thread(self._reader.look, watchers, check_access=check_access)
        # Whoever joined meanwhile is told by its own replay.
        self._hand_out(news, [stream for stream in streams if stream in self.streams])

    def _hand_out(self, news: News, streams: list[Stream]) -> None:
        for stream in streams:
            watcher = stream.watcher
            if watcher in news.shut_out:
                stream.end()
                self.streams.discard(stream)
                continue
            for change in news.changes:
                if change.generation.team_id == watcher.team_id and (message := change.message_for(watcher)):
                    stream.offer(message)
            if rail := news.rails.get((watcher.team_id, watcher.language)):
                stream.offer(rail)


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Database work off the event loop, on a connection that goes back to the pool at once."""

    def run() -> R:
        try:
            return work(*args, **kwargs)
        finally:
            connection.close()

    return await sync_to_async(run, thread_sensitive=False)()


async def stream_to(watcher: Watcher, *, after_ms: int) -> AsyncIterator[bytes]:
    """What one page is sent: first what it may have missed, then every change, until it leaves or is shut out."""
    stream = await hub.join(watcher)
    try:
        yield RETRY
        for message in await in_thread(replay, watcher, after_ms):
            yield message
        while True:
            try:
                waiting = await stream.next(timeout_seconds=HEARTBEAT_SECONDS)
            except TimeoutError:
                waiting = HEARTBEAT
            if waiting is None:
                return
            yield waiting
    finally:
        hub.leave(stream)


hub = Hub()

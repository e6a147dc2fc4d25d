"""Who watches what: one open page, and whether it may go on."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import Membership
from generations.cards import Show
from generations.models import Generation

from .messages import END, RELOAD

MAX_WAITING = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """A signed-in page: `show` or `generation_id` say which cards it wants, neither that it wants none."""

    team_id: UUID
    user_id: UUID
    session_key: str
    password: str
    language: str
    show: Show | None = None
    generation_id: UUID | None = None

    def wants(self, generation: Generation) -> bool:
        """Whether a change of it concerns this page, be it only that its card has to go."""
        if self.generation_id:
            return generation.id == self.generation_id
        return self.show is not None

    def keeps(self, generation: Generation) -> bool:
        if generation.hidden_at:
            return False
        return self.show is None or self.show.fits(generation, self.user_id)


class Stream:
    """The messages waiting for one page. One that does not keep up is told to load itself anew."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue()

    def offer(self, message: bytes) -> None:
        if self._waiting.qsize() < MAX_WAITING:
            self._waiting.put_nowait(message)
        else:
            self._close(RELOAD)

    def end(self) -> None:
        self._close(END)

    def let_go(self) -> None:
        self._waiting.put_nowait(None)

    async def next(self, *, timeout_seconds: float) -> bytes | None:
        """The next message, or None after the last. Raises TimeoutError when none comes in time."""
        return await asyncio.wait_for(self._waiting.get(), timeout_seconds)

    def _close(self, last: bytes) -> None:
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(last)
        self._waiting.put_nowait(None)


def shut_out(watchers: Collection[Watcher]) -> set[Watcher]:
    """Those who have signed out, changed their password or left the team: two queries for all."""
    sessions = {watcher.session_key for watcher in watchers}
    open_sessions = set(
        Session.objects.filter(session_key__in=sessions, expire_date__gt=timezone.now()).values_list(
            "session_key", flat=True
        )
    )
    users = {watcher.user_id for watcher in watchers}
    members = set(
        Membership.objects.filter(user_id__in=users, user__is_active=True, team__closed_at=None).values_list(
            "team_id", "user_id", "user__password"
        )
    )
    return {
        watcher
        for watcher in watchers
        if watcher.session_key not in open_sessions
        or (watcher.team_id, watcher.user_id, watcher.password) not in members
    }

"""Who watches what: one open page, and whether it may go on."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.mfa import have_two_factor
from accounts.models import Membership
from accounts.roles import Action, can
from generations.cards import Show
from generations.models import Generation

from .messages import END, RELOAD

MAX_WAITING = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """A signed-in page: `show` or `generation_id` say which cards it wants, neither that it wants none.

    With `batch_id` it wants those of one batch alone.
    """

    team_id: UUID
    user_id: UUID
    role: str
    session_key: str
    password: str
    language: str
    show: Show | None = None
    generation_id: UUID | None = None
    batch_id: UUID | None = None

    def wants(self, generation: Generation) -> bool:
        """Whether a change of it concerns this page, be it only that its card has to go."""
        if self.generation_id:
            return generation.id == self.generation_id
        if self.batch_id and generation.batch_id != self.batch_id:
            return False
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
    """Those who may not go on as they are: two queries for all, and one more where a team asks for two factors.

    They have signed out, changed their password, left the team or lost their account; the team is being closed or asks
    for a second factor that they lack; or their role is another one now, on which the page's buttons depend.
    """
    sessions = {watcher.session_key for watcher in watchers}
    open_sessions = set(
        Session.objects.filter(session_key__in=sessions, expire_date__gt=timezone.now()).values_list(
            "session_key", flat=True
        )
    )
    admitted = _admitted({watcher.user_id for watcher in watchers})
    return {
        watcher
        for watcher in watchers
        if watcher.session_key not in open_sessions
        or (watcher.team_id, watcher.user_id, watcher.role, watcher.password) not in admitted
    }


def _admitted(user_ids: Collection[UUID]) -> set[tuple[UUID, UUID, str, str]]:
    """Team, user, role and password of everyone who may be in a team now."""
    members = Membership.objects.filter(user_id__in=user_ids, user__is_active=True, team__closing_at=None)
    rows = list(members.values_list("team_id", "user_id", "role", "user__password", "team__requires_two_factor"))
    needing = {user_id for _team, user_id, *_rest, needs in rows if needs}
    safe = set(have_two_factor().filter(user_id__in=needing)) if needing else set()
    return {
        (team_id, user_id, role, password)
        for team_id, user_id, role, password, needs in rows
        if (not needs or user_id in safe) and can(role, Action.VIEW)
    }

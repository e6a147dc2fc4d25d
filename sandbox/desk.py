"""What every vendor's API does alike: it admits keys, meets faults, makes tasks and arranges callbacks.

A vendor's own file turns a Trouble into its documented error, and a Task into its documented fields.
"""

import math
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.breakage import ending, gateway_page
from sandbox.clips import Piece
from sandbox.faults import HEADER, Faults, UnknownFault
from sandbox.received import Received
from sandbox.rules import parse_object
from sandbox.settings import public_url
from sandbox.state import Sandbox
from sandbox.tasks import Task
from sandbox.web import Cut, Handler, Reply, Request, Response

REFUSALS = ("reject", "401", "402", "429", "500", "502", "503")
FORBIDDEN_WORDS = ("forbidden", "违禁")
CONTENT_POLICY = "Content policy violation"
ATTACKERS_URL = "http://attacker.example/files/not-yours.mp4"

Body = dict[str, object]


class Trouble(Exception):
    """Nothing is served. `reason` is one of REFUSALS or "404"; `message` is empty where the vendor's own will do.

    `retry_after` is in seconds, as text.
    """

    def __init__(self, reason: str, message: str = "", *, retry_after: str = "") -> None:
        super().__init__(message or reason)
        self.reason, self.message, self.retry_after = reason, message, retry_after

    @property
    def headers(self) -> dict[str, str]:
        return {"retry_after": self.retry_after} if self.retry_after else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a create asks for; `notes` is what the vendor's answers need to know of it later."""

    model: str
    kind: str
    prompt: str
    pieces: tuple[Piece, ...]
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a key may still ask of one kind of call: `reset_at` in seconds since the epoch."""

    limit: int
    remaining: int
    reset_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One vendor's. A key is of its shape when it begins with one of `key_prefixes`; `refusals` are its troubles."""

    sandbox: Sandbox
    vendor: str
    key_prefixes: tuple[str, ...]
    refusals: tuple[str, ...] = REFUSALS

    def note_create(self, request: Request, body: dict[str, Any]) -> None:
        """Counts it and keeps its body; to be called before anything can refuse it."""
        prompt = body.get("prompt")
        self.sandbox.counters.count_create("" if prompt is None else str(prompt))
        self.sandbox.received.keep(Received(self.vendor, request.path, body))

    def admit(self, key: str, *, kind: str) -> str:
        """The key. Raises Trouble when it is refused, or asks too often for a second or a minute; `kind` is of call."""
        if not key or not key.startswith(self.key_prefixes) or self.sandbox.keys.get(key) == "refused":
            raise Trouble("401")
        self._keep_pace(key)
        limit = self.sandbox.settings.requests_a_minute
        name = self._window(key, kind)
        wait = self.sandbox.windows.retry_after(name, limit=limit, now=time.time()) if limit else 0
        if wait:
            raise Trouble("429", retry_after=str(math.ceil(wait)))
        return key

    def admit_post(self, key: str, request: Request) -> dict[str, Any]:
        """The body. Raises Trouble as admit() does, where the key is out of credits, and where it is no object."""
        self.admit(key, kind="creates")
        if self.is_out_of_credits(key):
            raise Trouble("402")
        try:
            return parse_object(request.body) if request.body else {}
        except ValueError as exc:
            raise Trouble("reject", str(exc)) from exc

    def quota(self, key: str, *, kind: str) -> Quota | None:
        """None where no limit holds."""
        limit = self.sandbox.settings.requests_a_minute
        if not limit:
            return None
        count, reset_at = self.sandbox.windows.standing(self._window(key, kind), now=time.time())
        return Quota(limit=limit, remaining=max(limit - count, 0), reset_at=reset_at)

    def is_out_of_credits(self, key: str) -> bool:
        return self.sandbox.keys.get(key) == "out_of_credits"

    def meet_faults(self, request: Request, prompt: str) -> Faults:
        """Raises Trouble where a fault is that nothing is made, or where it is not one of ours."""
        try:
            faults = self.sandbox.faults.meeting(
                prompt=prompt, header=request.headers.get(HEADER, ""), vendor=self.vendor
            )
        except UnknownFault as exc:
            raise Trouble("reject", str(exc)) from exc
        refused = next((name for name in self.refusals if name in faults), None)
        if refused is not None:
            raise Trouble(refused, retry_after=faults[refused])
        return faults

    def make_task(self, request: Request, key: str, order: Order, faults: Faults, *, id_prefix: str = "") -> Task:
        now = time.time()
        seconds, error = ending(faults, self.sandbox.settings)
        if any(word in order.prompt.lower() for word in FORBIDDEN_WORDS):
            error = error or CONTENT_POLICY
        task = Task(
            id=f"{id_prefix}{uuid.uuid4()}",
            owner=(self.vendor, key),
            model=order.model,
            kind=order.kind,
            prompt=order.prompt,
            pieces=order.pieces,
            notes=order.notes,
            origin=public_url() or request.origin,
            created_at=now,
            ends_at=now + seconds,
            error=error,
            faults=faults,
        )
        self.sandbox.tasks.add(task)
        self.sandbox.counters.count_accepted(order.prompt)
        return task

    def fetch(self, key: str, task_id: str) -> Task:
        """The key's own task. Raises Trouble when there is none, or while its faults have it so."""
        task = self.sandbox.tasks.of((self.vendor, key), task_id)
        if task is None:
            raise Trouble("404")
        task.fetches += 1
        for fault, reason in (("poll_404", "404"), ("poll_500", "500")):
            if task.fetches <= float(task.faults.get(fault, 0)):
                raise Trouble(reason)
        return task

    async def arrange_callbacks(
        self,
        task: Task,
        url: str,
        told: Callable[[Task], Body],
        forged: Sequence[Body],
        *,
        again_after: tuple[float, ...] = (),
    ) -> None:
        """What is told when the task has ended, as its faults have it; for `again_after` see Callbacks.schedule."""
        callbacks, left = self.sandbox.callbacks, task.ends_at - time.time()
        if "forged_callback" in task.faults:
            for body in forged:
                callbacks.schedule(url, body, after_seconds=min(left, 2) / 2, is_forged=True)
        if "lost_callback" in task.faults or left == math.inf:
            return
        late = float(task.faults.get("late_callback", 0))
        for _ in range(2 if "doubled_callback" in task.faults else 1):
            if "early_callback" in task.faults:
                await callbacks.send(url, told(task))
            else:
                callbacks.schedule(url, told(task), after_seconds=left + late, again_after=again_after)

    def documented(self, handler: Handler, *, own: Collection[str], refuse: Callable[[Trouble], Response]) -> Handler:
        """The handler, its troubles as `refuse` tells of the API's `own`, and of all others as a proxy's page."""

        async def answer(request: Request, **names: str) -> Reply:
            if self.sandbox.faults.is_down(self.vendor):
                return Cut()
            try:
                return await handler(request, **names)
            except Trouble as trouble:
                if trouble.reason in own:
                    return refuse(trouble)
                return gateway_page(int(trouble.reason), **trouble.headers)

        return answer

    def _keep_pace(self, key: str) -> None:
        """Raises Trouble."""
        a_second = self.sandbox.paces.count(f"{self.vendor} {key}", now=time.monotonic())
        self.sandbox.counters.note_pace(self.vendor, a_second)
        if 0 < self.sandbox.settings.requests_a_second < a_second:
            raise Trouble("429", retry_after="1")

    def _window(self, key: str, kind: str) -> str:
        return f"{self.vendor} {kind} {key}"


def bearer(request: Request) -> str:
    """The key of an Authorization header, or nothing."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" else ""

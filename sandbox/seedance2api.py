"""The seedance2api API as its document has it: Seedance videos, Seedream images, tasks, results and webhooks.

What the document leaves open or says twice:

- A missing key is answered UNAUTHORIZED, as in the table of codes, and a wrong one INVALID_API_KEY, as in the sample.
- There is no 402: an account out of credits is FORBIDDEN, 403. There is no 404 either: a task that does not exist,
  and the result of one that has not ended, are answered 404 with the nearest code, INVALID_REQUEST. The fault 502,
  which is in no table, is a page of a proxy before the API.
- Every success is a 200. Tasks and results are not in an envelope, as their samples show; a failed task has
  `error_message` in both.
- The rate-limit headers come while a limit holds, for each key and kind of call, in the sandbox's windows of a minute;
  RetryAfter is how long the window lasts. On a 429 or a 503 by fault it is the fault's argument.
- Defaults are 720p and 24 fps for videos, which are silent and 16:9, and 1024x1024, standard and one for images.
- Images come in the answer to their create, which takes as long as the task: one that fails is a 500, or a 400 where
  the content policy is why. The list of styles is open: any word is one.
- Webhooks are unsigned, as no scheme is given, unless the sandbox is told one, and tried three times. A task that takes
  time tells of half its way.
- Unknown fields are ignored, and null is as not given.
"""

import asyncio
import math
import time
from dataclasses import replace
from typing import Any

from sandbox.breakage import gateway_page, spoiled, spoiled_fetch
from sandbox.clips import RenderError
from sandbox.desk import CONTENT_POLICY, Desk, Order, Trouble, bearer
from sandbox.seedance2api_answers import (
    accepted,
    ended_event,
    forged_events,
    image,
    images_made,
    outcome,
    progress_event,
    standing,
)
from sandbox.seedance2api_request import Refusal, WantedImages, WantedVideo, parse_body
from sandbox.state import Sandbox
from sandbox.tasks import Task
from sandbox.web import Handler, Reply, Request, Response, Route, Silence, json_response

ANY_KEY = ("",)
ID_PREFIX = "task-"
TRIED_AGAIN_AFTER = (1.0, 4.0)
PROFESSIONAL_LIMIT = 1000
REFUSALS = {
    "reject": (400, "INVALID_REQUEST", "Invalid request parameters"),
    "401": (401, "INVALID_API_KEY", "API key is invalid or expired"),
    "402": (403, "FORBIDDEN", "The account is out of credits"),
    "404": (404, "INVALID_REQUEST", "Task not found"),
    "429": (429, "RATE_LIMITED", "Rate limit exceeded"),
    "500": (500, "INTERNAL_ERROR", "Internal server error"),
    "503": (503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable"),
}


class Seedance2api:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.desk = Desk(sandbox=sandbox, vendor="seedance2api", key_prefixes=ANY_KEY)

    def routes(self) -> list[Route]:
        served = (
            ("POST", "/v1/seedance/generate", "creates", self.create_video),
            ("POST", "/v1/seedream/generate", "creates", self.create_images),
            ("GET", "/v1/tasks/{task_id}", "reads", self.show_task),
            ("GET", "/v1/results/{task_id}", "reads", self.show_result),
        )
        too_large = _error(Refusal(400, "INVALID_REQUEST", "Request body too large"), connection="close")
        return [
            Route(method, path, self._documented(handler, kind=kind), too_large=too_large)
            for method, path, kind, handler in served
        ]

    async def create_video(self, request: Request) -> Reply:
        key, body = self._opened(request)
        wanted = WantedVideo.from_body(body)
        order = Order(
            model=wanted.model,
            kind="image_to_video" if wanted.image_input else "text_to_video",
            prompt=wanted.prompt,
            pieces=(wanted.clip,),
            notes={"duration": wanted.duration, "resolution": wanted.resolution},
        )
        task = self._task(request, key, order)
        if wanted.webhook_url is not None:
            await self._arrange_webhooks(task, wanted.webhook_url)
        await asyncio.sleep(float(task.faults.get("slow_answer", 0)))
        answer = json_response(200, accepted(task, wait_seconds=self.sandbox.settings.seconds))
        return spoiled(answer, task.faults)

    async def create_images(self, request: Request) -> Reply:
        key, body = self._opened(request)
        wanted = WantedImages.from_body(body)
        order = Order(
            model=wanted.model,
            kind="image",
            prompt=wanted.prompt,
            pieces=wanted.stills,
            notes={"resolution": wanted.resolution},
        )
        task = self._task(request, key, order)
        if task.ends_at == math.inf:
            return Silence()
        if task.error is None:
            await self._render(task)
        await asyncio.sleep(max(task.ends_at - time.time(), 0))
        if wanted.webhook_url is not None:
            await self._arrange_webhooks(task, wanted.webhook_url)
        await asyncio.sleep(float(task.faults.get("slow_answer", 0)))
        answer = json_response(200, images_made(task)) if task.error is None else _image_error(task.error)
        return spoiled(answer, task.faults)

    async def show_task(self, request: Request, task_id: str) -> Reply:
        task = self._fetched(request, task_id)
        return spoiled_fetch(json_response(200, standing(task, time.time())), task.faults, fetches=task.fetches)

    async def show_result(self, request: Request, task_id: str) -> Reply:
        task = self._fetched(request, task_id)
        if time.time() < task.ends_at:
            raise Trouble("404", "The task has no result yet")
        return spoiled_fetch(json_response(200, outcome(task)), task.faults, fetches=task.fetches)

    def _fetched(self, request: Request, task_id: str) -> Task:
        self.sandbox.counters.fetches += 1
        return self.desk.fetch(self._admitted(request, kind="reads"), task_id)

    def _opened(self, request: Request) -> tuple[str, dict[str, Any]]:
        """The key and the body of a create."""
        body = parse_body(request.body)
        self.desk.note_create(request, body)
        return self._admitted(request, kind="creates"), body

    def _admitted(self, request: Request, *, kind: str) -> str:
        key = _key_of(request)
        if not key:
            raise Refusal(401, "UNAUTHORIZED", "API key is missing")
        return self.desk.admit(key, kind=kind)

    def _task(self, request: Request, key: str, order: Order) -> Task:
        if self.desk.is_out_of_credits(key):
            raise Trouble("402")
        faults = self.desk.meet_faults(request, order.prompt)
        return self.desk.make_task(request, key, order, faults, id_prefix=ID_PREFIX)

    async def _render(self, task: Task) -> None:
        paths = await asyncio.gather(*(self.sandbox.clips.path(piece) for piece in task.pieces))
        task.notes["images"] = [
            image(task, number, size_bytes=path.stat().st_size) for number, path in enumerate(paths, 1)
        ]

    async def _arrange_webhooks(self, task: Task, url: str) -> None:
        halfway = (task.ends_at - time.time()) / 2
        if 0 < halfway < math.inf and "lost_callback" not in task.faults:
            told = progress_event(task, time.time() + halfway)
            self.sandbox.callbacks.schedule(url, told, after_seconds=halfway)
        forged = forged_events(task)
        await self.desk.arrange_callbacks(task, url, ended_event, forged, again_after=TRIED_AGAIN_AFTER)

    def _documented(self, handler: Handler, *, kind: str) -> Handler:
        """Refusals in the documented envelope, and every answer with the documented headers."""

        async def answer(request: Request, **names: str) -> Reply:
            retry_after = ""
            try:
                reply = await handler(request, **names)
            except Trouble as trouble:
                reply, retry_after = _troubled(trouble), trouble.retry_after
            except Refusal as refusal:
                reply = _error(refusal)
            except RenderError as exc:
                reply = _error(Refusal(500, "INTERNAL_ERROR", str(exc)))
            headers = self._limit_headers(_key_of(request), kind, retry_after=retry_after)
            return replace(reply, headers=reply.headers | headers) if isinstance(reply, Response) else reply

        return answer

    def _limit_headers(self, key: str, kind: str, *, retry_after: str) -> dict[str, str]:
        quota, now = self.desk.quota(key, kind=kind) if key else None, time.time()
        if quota is None and not retry_after:
            return {}
        reset_at = now + float(retry_after) if quota is None else quota.reset_at
        return {
            "x-ratelimit-limit": str(PROFESSIONAL_LIMIT if quota is None else quota.limit),
            "x-ratelimit-remaining": str(0 if quota is None or retry_after else quota.remaining),
            "x-ratelimit-reset": str(math.ceil(reset_at)),
            "x-ratelimit-retryafter": retry_after or str(math.ceil(reset_at - now)),
        }


def _key_of(request: Request) -> str:
    return bearer(request) or request.headers.get("x-api-key", "")


def _image_error(why: str) -> Response:
    if why == CONTENT_POLICY:
        details = {"field": "prompt", "constraint": "content_policy"}
        return _error(Refusal(400, "INVALID_PROMPT", why, details))
    return _error(Refusal(500, "INTERNAL_ERROR", why))


def _troubled(trouble: Trouble) -> Response:
    if trouble.reason not in REFUSALS:
        return gateway_page(int(trouble.reason))
    status, code, message = REFUSALS[trouble.reason]
    return _error(Refusal(status, code, trouble.message or message))


def _error(refusal: Refusal, **headers: str) -> Response:
    error: dict[str, object] = {"code": refusal.code, "message": refusal.message}
    if refusal.details:
        error["details"] = dict(refusal.details)
    return json_response(refusal.status, {"status": "error", "error": error}, **headers)

"""The vibegen API as version 1.0 of its document has it (2025-03-10): fields, statuses, errors, callbacks.

What the document leaves open: unknown fields are ignored, and a `limit` is from 1 to 100.
"""

import asyncio
import math
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.breakage import ending, spoiled
from sandbox.clips import Clip
from sandbox.faults import HEADER, Faults, UnknownFault
from sandbox.files import video_url
from sandbox.settings import public_url
from sandbox.state import Sandbox
from sandbox.tasks import Task
from sandbox.vibegen_request import STATUSES, Refusal, Wanted, parse_body, parse_number
from sandbox.web import Handler, Reply, Request, Response, Route, json_response

KEY_PREFIXES = ("sk-video-", "sandbox")
FORBIDDEN_WORDS = ("forbidden", "违禁")
CONTENT_POLICY = "Content policy violation"
HTTP_STATUSES = {
    "INVALID_PARAMETER": 400,
    "INVALID_API_KEY": 401,
    "INSUFFICIENT_CREDITS": 402,
    "TASK_NOT_FOUND": 404,
    "RATE_LIMIT_EXCEEDED": 429,
    "INTERNAL_ERROR": 500,
    "PROVIDER_ERROR": 502,
    # In the documented envelope, though not in the table of codes.
    "SERVICE_UNAVAILABLE": 503,
}
FAULT_REFUSALS = {
    "reject": Refusal("INVALID_PARAMETER", "Invalid parameter: prompt"),
    "401": Refusal("INVALID_API_KEY", "Invalid or missing API key"),
    "402": Refusal("INSUFFICIENT_CREDITS", "Insufficient credits. Required: 100, Available: 50"),
    "429": Refusal("RATE_LIMIT_EXCEEDED", "Rate limit exceeded"),
    "500": Refusal("INTERNAL_ERROR", "Internal server error"),
    "502": Refusal("PROVIDER_ERROR", "Third-party service error"),
    "503": Refusal("SERVICE_UNAVAILABLE", "Service temporarily unavailable"),
}
ATTACKERS_URL = "http://attacker.example/files/not-yours.mp4"


@dataclass(frozen=True, slots=True)
class Vibegen:
    sandbox: Sandbox

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/api/v1/generations", _documented(self.create)),
            Route("GET", "/api/v1/tasks", _documented(self.list_tasks)),
            Route("GET", "/api/v1/tasks/{task_id}", _documented(self.fetch)),
        ]

    async def create(self, request: Request) -> Reply:
        body = parse_body(request.body)
        self.sandbox.counters.count_create(str(body.get("prompt", "")))
        key = self._authenticate(request, "creates")
        wanted = Wanted.from_body(body)
        if self.sandbox.keys.get(key) == "out_of_credits":
            message = f"Insufficient credits. Required: {wanted.credits}, Available: 0"
            raise Refusal("INSUFFICIENT_CREDITS", message)
        faults = self._faults(request, wanted)
        task = self._make_task(request, key, wanted, faults)
        if wanted.callback_url is not None:
            await self._arrange_callbacks(task, wanted.callback_url)
        await asyncio.sleep(float(faults.get("slow_answer", 0)))
        return spoiled(json_response(201, {"success": True, "data": _created(task)}), faults)

    async def fetch(self, request: Request, task_id: str) -> Response:
        self.sandbox.counters.fetches += 1
        key = self._authenticate(request, "reads")
        task = self.sandbox.tasks.of(("vibegen", key), task_id)
        if task is None:
            raise Refusal("TASK_NOT_FOUND", "Task not found")
        task.fetches += 1
        if task.fetches <= float(task.faults.get("poll_404", 0)):
            raise Refusal("TASK_NOT_FOUND", "Task not found")
        if task.fetches <= float(task.faults.get("poll_500", 0)):
            raise FAULT_REFUSALS["500"]
        return json_response(200, {"success": True, "data": represent(task, time.time())})

    async def list_tasks(self, request: Request) -> Response:
        self.sandbox.counters.lists += 1
        key = self._authenticate(request, "reads")
        status, now = request.query.get("status"), time.time()
        if status is not None and status not in STATUSES:
            raise Refusal("INVALID_PARAMETER", f"status must be one of {', '.join(STATUSES)}")
        limit = parse_number(request.query, "limit", default=20, least=1, most=100)
        offset = parse_number(request.query, "offset", default=0, least=0, most=10**9)
        wanted = None if status is None else lambda task: task.status(now) == status
        tasks, total = self.sandbox.tasks.page(("vibegen", key), wanted, limit=limit, offset=offset)
        pagination = {
            "page": offset // limit + 1,
            "pageSize": limit,
            "total": total,
            "total_pages": math.ceil(total / limit),
        }
        listed = [represent(task, now) for task in tasks]
        return json_response(200, {"success": True, "data": {"tasks": listed, "pagination": pagination}})

    def _authenticate(self, request: Request, kind: str) -> str:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and key.startswith(KEY_PREFIXES)
        if not known or self.sandbox.keys.get(key) == "refused":
            raise FAULT_REFUSALS["401"]
        limit = self.sandbox.settings.requests_a_minute
        wait = self.sandbox.windows.retry_after(f"{kind} {key}", limit=limit, now=time.time()) if limit else 0
        if wait:
            raise Refusal("RATE_LIMIT_EXCEEDED", "Rate limit exceeded", retry_after=str(math.ceil(wait)))
        return key

    def _faults(self, request: Request, wanted: Wanted) -> Faults:
        """Raises Refusal where a fault is that nothing is made, or where it is not one of ours."""
        try:
            faults = self.sandbox.faults.meeting(prompt=wanted.prompt, header=request.headers.get(HEADER, ""))
        except UnknownFault as exc:
            raise Refusal("INVALID_PARAMETER", str(exc)) from exc
        refused = next((name for name in FAULT_REFUSALS if name in faults), None)
        if refused is not None:
            refusal = FAULT_REFUSALS[refused]
            raise Refusal(refusal.code, refusal.message, retry_after=faults[refused])
        return faults

    def _make_task(self, request: Request, key: str, wanted: Wanted, faults: Faults) -> Task:
        now = time.time()
        seconds, error = ending(faults, self.sandbox.settings)
        if any(word in wanted.prompt.lower() for word in FORBIDDEN_WORDS):
            error = error or CONTENT_POLICY
        width, height = wanted.size
        task = Task(
            owner=("vibegen", key),
            model=wanted.model,
            kind="image_to_video" if wanted.image_urls else "text_to_video",
            clip=Clip(wanted.prompt, width, height, wanted.duration, wanted.generate_audio),
            origin=public_url() or request.origin,
            created_at=now,
            ends_at=now + seconds,
            error=error,
            faults=faults,
        )
        self.sandbox.tasks.add(task)
        self.sandbox.counters.count_accepted(wanted.prompt)
        return task

    async def _arrange_callbacks(self, task: Task, url: str) -> None:
        callbacks, left = self.sandbox.callbacks, task.ends_at - time.time()
        if "forged_callback" in task.faults:
            for body in _forged_bodies(task):
                callbacks.schedule(url, body, after_seconds=min(left, 2) / 2)
        if "lost_callback" in task.faults or left == math.inf:
            return
        late = float(task.faults.get("late_callback", 0))
        for _ in range(2 if "doubled_callback" in task.faults else 1):
            if "early_callback" in task.faults:
                await callbacks.send(url, callback_body(task))
            else:
                callbacks.schedule(url, callback_body(task), after_seconds=left + late)


def represent(task: Task, now: float) -> dict[str, object]:
    """The task as a fetch and the list show it."""
    status = task.status(now)
    completed = status == "completed"
    ended = completed or status == "failed"
    return {
        "id": task.id,
        "status": status if ended else task.faults.get("status_word", status),
        "model": task.model,
        "task_type": task.kind,
        "prompt": task.clip.prompt,
        "video_url": video_url(task) if completed else None,
        "created_at": _iso(task.created_at),
        "completed_at": _iso(task.ends_at) if completed else None,
        "error": task.error if status == "failed" else None,
    }


def callback_body(task: Task) -> dict[str, object]:
    """What is sent when the task has ended."""
    created_at, ended_at = _iso(task.created_at), _iso(task.ends_at)
    if task.error is None:
        told: dict[str, object] = {"event": "task.completed", "task_id": task.id, "status": "completed"}
        return told | {"video_url": video_url(task), "created_at": created_at, "completed_at": ended_at}
    told = {"event": "task.failed", "task_id": task.id, "status": "failed"}
    return told | {"error_message": task.error, "created_at": created_at, "failed_at": ended_at}


def _forged_bodies(task: Task) -> tuple[dict[str, object], dict[str, object]]:
    body: dict[str, object] = {
        "event": "task.completed",
        "task_id": task.id,
        "status": "completed",
        "video_url": ATTACKERS_URL,
        "created_at": _iso(task.created_at),
        "completed_at": _iso(task.created_at),
    }
    return body | {"task_id": str(uuid.uuid4())}, body


def _created(task: Task) -> dict[str, object]:
    return {
        "id": task.id,
        "status": "pending",
        "model": task.model,
        "task_type": task.kind,
        "created_at": _iso(task.created_at),
    }


def _documented(handler: Handler) -> Handler:
    """Refusals in the documented envelope."""

    async def answer(request: Request, **names: str) -> Reply:
        try:
            return await handler(request, **names)
        except Refusal as refusal:
            headers = {"retry_after": refusal.retry_after} if refusal.retry_after else {}
            content = {"error": {"code": refusal.code, "message": refusal.message}}
            return json_response(HTTP_STATUSES[refusal.code], content, **headers)

    return answer


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""The vibegen API as version 1.0 of its document has it (2025-03-10): fields, statuses, errors, callbacks.

What the document leaves open: unknown fields are ignored, and a `limit` is from 1 to 100.
"""

import asyncio
import math
import time
import uuid

from sandbox.breakage import spoiled, spoiled_fetch
from sandbox.clips import Clip
from sandbox.desk import ATTACKERS_URL, Desk, Order, Trouble, bearer
from sandbox.files import video_url
from sandbox.state import Sandbox
from sandbox.tasks import Task, iso
from sandbox.vibegen_request import STATUSES, Refusal, Wanted, parse_body, parse_number
from sandbox.web import Handler, Reply, Request, Response, Route, json_response

KEY_PREFIXES = ("sk-video-", "sandbox")
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
REFUSALS = {
    "reject": ("INVALID_PARAMETER", "Invalid parameter: prompt"),
    "401": ("INVALID_API_KEY", "Invalid or missing API key"),
    "402": ("INSUFFICIENT_CREDITS", "Insufficient credits. Required: 100, Available: 50"),
    "404": ("TASK_NOT_FOUND", "Task not found"),
    "429": ("RATE_LIMIT_EXCEEDED", "Rate limit exceeded"),
    "500": ("INTERNAL_ERROR", "Internal server error"),
    "502": ("PROVIDER_ERROR", "Third-party service error"),
    "503": ("SERVICE_UNAVAILABLE", "Service temporarily unavailable"),
}
TOO_LARGE = json_response(
    400,
    {"error": {"code": "INVALID_PARAMETER", "message": "Request body too large"}},
    connection="close",
)


class Vibegen:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.desk = Desk(sandbox=sandbox, vendor="vibegen", key_prefixes=KEY_PREFIXES)

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/api/v1/generations", _documented(self.create), too_large=TOO_LARGE),
            Route("GET", "/api/v1/tasks", _documented(self.list_tasks), too_large=TOO_LARGE),
            Route("GET", "/api/v1/tasks/{task_id}", _documented(self.fetch), too_large=TOO_LARGE),
        ]

    async def create(self, request: Request) -> Reply:
        body = parse_body(request.body)
        self.desk.note_create(request, body)
        key = self.desk.admit(bearer(request), kind="creates")
        wanted = Wanted.from_body(body)
        if self.desk.is_out_of_credits(key):
            raise Trouble("402", f"Insufficient credits. Required: {wanted.credits}, Available: 0")
        faults = self.desk.meet_faults(request, wanted.prompt)
        task = self.desk.make_task(request, key, _order(wanted), faults)
        if wanted.callback_url is not None:
            await self.desk.arrange_callbacks(task, wanted.callback_url, callback_body, _forged_bodies(task))
        await asyncio.sleep(float(faults.get("slow_answer", 0)))
        return spoiled(json_response(201, {"success": True, "data": _created(task)}), faults)

    async def fetch(self, request: Request, task_id: str) -> Reply:
        self.sandbox.counters.fetches += 1
        key = self.desk.admit(bearer(request), kind="reads")
        task = self.desk.fetch(key, task_id)
        answer = json_response(200, {"success": True, "data": represent(task, time.time())})
        return spoiled_fetch(answer, task.faults, fetches=task.fetches)

    async def list_tasks(self, request: Request) -> Response:
        self.sandbox.counters.lists += 1
        key = self.desk.admit(bearer(request), kind="reads")
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


def _order(wanted: Wanted) -> Order:
    width, height = wanted.size
    return Order(
        model=wanted.model,
        kind="image_to_video" if wanted.image_urls else "text_to_video",
        prompt=wanted.prompt,
        pieces=(Clip(wanted.prompt, width, height, wanted.duration, wanted.generate_audio),),
    )


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
        "prompt": task.prompt,
        "video_url": video_url(task) if completed else None,
        "created_at": iso(task.created_at),
        "completed_at": iso(task.ends_at) if completed else None,
        "error": task.error if status == "failed" else None,
    }


def callback_body(task: Task) -> dict[str, object]:
    """What is sent when the task has ended."""
    created_at, ended_at = iso(task.created_at), iso(task.ends_at)
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
        "created_at": iso(task.created_at),
        "completed_at": iso(task.created_at),
    }
    return body | {"task_id": str(uuid.uuid4())}, body


def _created(task: Task) -> dict[str, object]:
    return {
        "id": task.id,
        "status": "pending",
        "model": task.model,
        "task_type": task.kind,
        "created_at": iso(task.created_at),
    }


def _documented(handler: Handler) -> Handler:
    """Refusals in the documented envelope."""

    async def answer(request: Request, **names: str) -> Reply:
        try:
            return await handler(request, **names)
        except Trouble as trouble:
            code, message = REFUSALS[trouble.reason]
            return _refused(code, trouble.message or message, trouble.retry_after)
        except Refusal as refusal:
            return _refused(refusal.code, refusal.message)

    return answer


def _refused(code: str, message: str, retry_after: str = "") -> Response:
    headers = {"retry_after": retry_after} if retry_after else {}
    return json_response(HTTP_STATUSES[code], {"error": {"code": code, "message": message}}, **headers)

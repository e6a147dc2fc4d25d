"""The SEE2AI API as its document has it (2026-03-23): `see2ai_video_generation_v1`, and the status of its tasks.

What the document leaves open: every answer, errors too, is of the output schema, and an error's `state` is failed.
State words are pending, processing, succeeded and failed. A create without sync is answered at once; with it, when the
task has ended: 500 where it failed, and 504 after `polling_seconds`, the task being alive and told by its id. A status
no task has is answered 404. A prompt may be missing where there is an image or a video. URLs need not be public.
Unknown fields are ignored; watermark and enable_web_search change nothing to be seen. The fault 503, which is in no
table of the document, is answered as 502 is: by a proxy before the API.
"""

import asyncio
import math
import time
from typing import Any

from sandbox.breakage import gateway_page, spoiled, spoiled_fetch
from sandbox.clips import Clip
from sandbox.desk import Desk, Order, Trouble, bearer
from sandbox.files import video_url
from sandbox.rules import parse_object
from sandbox.see2ai_request import BadParameter, Wanted
from sandbox.state import Sandbox
from sandbox.tasks import Task
from sandbox.web import Handler, Reply, Request, Response, Route, json_response

KEY_PREFIXES = ("sk-", "sandbox")
SOURCE = "see2ai"
PROVIDER_CONFIG_ID = 1
STATES = {"pending": "pending", "processing": "processing", "completed": "succeeded", "failed": "failed"}
REFUSALS = {
    "reject": (400, "参数错误"),
    "401": (401, "API Key 无效或未授权"),
    "402": (402, "账号余额不足"),
    "404": (404, "任务不存在"),
    "429": (429, "请求超限，达到速率限制"),
    "500": (500, "上游服务器内部错误或生成失败"),
}
POLLED_TOO_LONG = "任务轮询超时"

Output = dict[str, object]
# The document's, field for field, with its defaults.
NOTHING: Output = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "model": "",
    "source": "",
    "cost_points": None,
    "result_urls": [],
    "task_id": "",
    "cost_time": None,
    "state": "failed",
    "provider_config_id": None,
    "error_message": None,
    "warnings": None,
}
TOO_LARGE = json_response(400, NOTHING | {"error_message": "参数错误: Request body too large"}, connection="close")


class See2ai:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.desk = Desk(sandbox=sandbox, vendor="see2ai", key_prefixes=KEY_PREFIXES)

    def routes(self) -> list[Route]:
        create, fetch = _documented(self.create), _documented(self.fetch)
        return [
            Route("POST", "/api/v1/actions/see2ai_video_generation_v1", create, too_large=TOO_LARGE),
            Route("GET", "/api/v1/status/{task_id}", fetch, too_large=TOO_LARGE),
            Route("GET", "/status/{task_id}", fetch, too_large=TOO_LARGE),
        ]

    async def create(self, request: Request) -> Reply:
        body = _parsed(request.body)
        self.desk.note_create(request, body)
        key = self.desk.admit(bearer(request), kind="creates")
        wanted = _wanted(body)
        if self.desk.is_out_of_credits(key):
            raise Trouble("402")
        faults = self.desk.meet_faults(request, wanted.prompt)
        task = self.desk.make_task(request, key, _order(wanted), faults)
        answer = await self._waited_for(task) if wanted.sync else _pending(task)
        await asyncio.sleep(float(faults.get("slow_answer", 0)))
        return spoiled(answer, faults)

    async def fetch(self, request: Request, task_id: str) -> Reply:
        self.sandbox.counters.fetches += 1
        key = self.desk.admit(bearer(request), kind="reads")
        task = self.desk.fetch(key, task_id)
        return spoiled_fetch(json_response(200, represent(task, time.time())), task.faults, fetches=task.fetches)

    async def _waited_for(self, task: Task) -> Response:
        """The answer to a create that waits for its task's end."""
        left, patience = task.ends_at - time.time(), self.sandbox.settings.polling_seconds
        await asyncio.sleep(max(min(left, patience), 0))
        if left > patience:
            return json_response(504, represent(task, time.time()) | {"error_message": POLLED_TOO_LONG})
        return json_response(200 if task.error is None else 500, represent(task, task.ends_at))


def _pending(task: Task) -> Response:
    return json_response(200, represent(task, -math.inf) | {"state": "pending"})


def represent(task: Task, now: float) -> Output:
    """The task in the documented output schema; what it costs is told once it has succeeded."""
    status = task.status(now)
    ended = status in ("completed", "failed")
    told = NOTHING | {
        "task_id": task.id,
        "state": STATES[status] if ended else task.faults.get("status_word", STATES[status]),
        "model": task.model,
        "source": SOURCE,
        "provider_config_id": PROVIDER_CONFIG_ID,
        "warnings": task.notes["warnings"],
        "cost_time": round((task.ends_at - task.created_at) * 1000) if ended else None,
        "error_message": task.error if status == "failed" else None,
    }
    return told | {"result_urls": [video_url(task)], **task.notes["cost"]} if status == "completed" else told


def _order(wanted: Wanted) -> Order:
    width, height = wanted.size
    cost = {
        "input_tokens": wanted.input_tokens,
        "output_tokens": wanted.output_tokens,
        "total_tokens": wanted.input_tokens + wanted.output_tokens,
        "cost_points": wanted.cost_points,
    }
    return Order(
        model=wanted.model_name,
        kind=wanted.kind,
        prompt=wanted.prompt,
        pieces=(Clip(wanted.prompt, width, height, wanted.duration, wanted.generate_audio),),
        notes={"warnings": wanted.warnings or None, "cost": cost},
    )


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        return parse_object(body)
    except ValueError as exc:
        raise Trouble("reject", str(exc)) from exc


def _wanted(body: dict[str, Any]) -> Wanted:
    try:
        return Wanted.from_body(body)
    except BadParameter as exc:
        raise Trouble("reject", str(exc)) from exc


def _documented(handler: Handler) -> Handler:
    """Troubles as the documented status codes, in the output schema."""

    async def answer(request: Request, **names: str) -> Reply:
        try:
            return await handler(request, **names)
        except Trouble as trouble:
            headers = {"retry_after": trouble.retry_after} if trouble.retry_after else {}
            if trouble.reason not in REFUSALS:
                return gateway_page(int(trouble.reason), **headers)
            status, words = REFUSALS[trouble.reason]
            message = f"{words}: {trouble.message}" if trouble.message else words
            return json_response(status, NOTHING | {"error_message": message}, **headers)

    return answer

"""vibegen.art, API v1: POST /generations, GET /tasks/{id}, GET /tasks; callbacks, with no word of a signature.

Its links and files die 24 hours after completion. Its list shows model and prompt, so a lost answer can be looked up.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from generations.intake import GenerationRequest

from . import answers
from .base import AccountRefused, Busy, Progress, ProviderError, ProviderReport, Refused, TaskMissing, Unclear
from .http import Answer, Exchange
from .retry_after import retry_after_seconds
from .signatures import HMAC_SHA256, STANDARD_WEBHOOKS
from .words import failure_code, read_outcome

LINK_LIFE = timedelta(hours=24)
PAGE = 20  # the document's default; it names no other size that is surely allowed
ERROR_CODES = {
    "INVALID_API_KEY",
    "INVALID_PARAMETER",
    "INSUFFICIENT_CREDITS",
    "TASK_NOT_FOUND",
    "RATE_LIMIT_EXCEEDED",
    "PROVIDER_ERROR",
    "INTERNAL_ERROR",
}


class Vibegen:
    OPTIONS = ()
    SIGNATURES = (STANDARD_WEBHOOKS, HMAC_SHA256)
    lists_tasks = True

    def __init__(self, base_url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._http = Exchange(base_url, headers={"Authorization": f"Bearer {key}"}, transport=transport)

    def submit(self, request: GenerationRequest, *, model: str, callback_url: str) -> ProviderReport:
        body = {
            "model": model,
            "prompt": request.prompt,
            "image_urls": list(request.image_urls) or None,
            "duration": request.duration,
            "aspect_ratio": request.aspect_ratio,
            "resolution": request.resolution,
            "generate_audio": request.generate_audio,
            "callback_url": callback_url,
        }
        sent = {name: value for name, value in body.items() if value is not None}
        return _report(_data(self._http.call("POST", "/generations", json=sent)))

    def fetch(self, provider_task_id: str) -> ProviderReport:
        report = _report(_data(self._http.call("GET", f"/tasks/{quote(provider_task_id, safe='')}")))
        if report.provider_task_id != provider_task_id:
            raise Unclear("answered for another task")
        return report

    def list_tasks(self, *, offset: int) -> list[ProviderReport]:
        tasks = _data(self._http.call("GET", "/tasks", params={"limit": PAGE, "offset": offset})).get("tasks")
        if not isinstance(tasks, list):
            raise Unclear("a list without tasks")
        return [_report(task) for task in tasks if isinstance(task, dict)]

    def read_callback(self, *, headers: Mapping[str, str], body: bytes) -> str:
        return answers.task_id(answers.callback_object(body).get("task_id"))


def _data(answer: Answer) -> dict[str, Any]:
    """`data` of a documented success; a documented error is the provider's word, anything else is unclear."""
    body = answer.json or {}
    if 200 <= answer.status < 300:
        if body.get("success") is True and isinstance(body.get("data"), dict):
            data: dict[str, Any] = body["data"]
            return data
        raise Unclear(f"{answer.status} without the documented body")
    error = body.get("error")
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        raise Unclear(f"{answer.status} without the documented error")
    raise _refusal(answer, error)


def _refusal(answer: Answer, error: dict[str, Any]) -> ProviderError:
    code = error.get("code")
    if answer.status in (429, 503) or code == "RATE_LIMIT_EXCEEDED":
        return Busy(retry_after_seconds(answer.headers, datetime.now(UTC)))
    if code not in ERROR_CODES:
        return Unclear(f"{answer.status} with an undocumented code")
    if code in ("INVALID_API_KEY", "INSUFFICIENT_CREDITS"):
        return AccountRefused(str(code))
    if code == "TASK_NOT_FOUND":
        return TaskMissing(str(code))
    otherwise = "INVALID_REQUEST" if code == "INVALID_PARAMETER" else "PROVIDER_ERROR"
    return Refused(failure_code(error.get("message"), otherwise=otherwise))


def _report(data: dict[str, Any]) -> ProviderReport:
    try:
        task_id = answers.task_id(data.get("id"))
    except ValueError as error:
        raise Unclear("a task without an id") from error
    urls = answers.links([data.get("video_url")])
    progress, unknown_word = read_outcome(data.get("status"), urls)
    now = datetime.now(UTC)
    return ProviderReport(
        provider_task_id=task_id,
        progress=progress,
        output_urls=urls,
        link_expires_at=min(answers.moment(data.get("completed_at")) or now, now) + LINK_LIFE,
        failure_code=failure_code(data.get("error")) if progress == Progress.FAILED else "",
        unknown_word=unknown_word,
        prompt=answers.text(data.get("prompt")),
        model=answers.text(data.get("model")),
        created_at=answers.moment(data.get("created_at")),
    )

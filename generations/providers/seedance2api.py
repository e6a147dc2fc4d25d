"""seedance2api.com: POST /v1/seedance/generate for video, /v1/seedream/generate for images; /v1/tasks, /v1/results.

Images come in the answer to their create. A video's progress is told in /v1/tasks, its link in /v1/results. There is no
list. Callbacks are said to be signed, by no documented scheme: they stay hints, but where an account is given one.

That user data is deleted after 30 days bounds how long a file can be there, not how long its link works, of which
nothing is said: a day, as elsewhere, so that our copy is made in time.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from generations.intake import GenerationRequest

from . import answers
from .base import AccountRefused, Busy, Progress, ProviderError, ProviderReport, Refused, TaskMissing, Unclear
from .http import READ_SECONDS, TOTAL_SECONDS, Answer, Exchange
from .retry_after import retry_after_seconds
from .signatures import HMAC_SHA256, STANDARD_WEBHOOKS
from .words import failure_code, read_outcome, read_status

LINK_LIFE = timedelta(hours=24)
ACCOUNT_CODES = ("UNAUTHORIZED", "INVALID_API_KEY", "FORBIDDEN")
REFUSALS = {
    "INVALID_REQUEST": "INVALID_REQUEST",
    "INVALID_PROMPT": "INVALID_REQUEST",
    "INTERNAL_ERROR": "PROVIDER_ERROR",
}


class Seedance2api:
    OPTIONS = ()
    SIGNATURES = (STANDARD_WEBHOOKS, HMAC_SHA256)
    lists_tasks = False

    def __init__(self, base_url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._http = Exchange(base_url, headers={"Authorization": f"Bearer {key}"}, transport=transport)

    def submit(self, request: GenerationRequest, *, model: str, callback_url: str) -> ProviderReport:
        family = model.partition("-")[0]
        if family not in _BODIES:
            raise Refused("PROVIDER_ERROR")
        body = {"prompt": request.prompt, "model": model, **_BODIES[family](request, callback_url)}
        sent = {name: value for name, value in body.items() if value is not None}
        # Nothing is heard of images before they are made.
        read_seconds = TOTAL_SECONDS if family == "seedream" else READ_SECONDS
        path = f"/v1/{family}/generate"
        return _report(_data(self._http.call("POST", path, json=sent, read_seconds=read_seconds)))

    def fetch(self, provider_task_id: str) -> ProviderReport:
        """How the task stands, and of a finished one its link: two requests then."""
        task = self._get("tasks", provider_task_id)
        report = _report(task)
        if read_status(task.get("status"))[0] != Progress.SUCCEEDED:
            return report
        try:
            result = _report(self._get("results", provider_task_id))
        except TaskMissing:
            return report  # its link comes later: the task is known
        return replace(result, created_at=report.created_at)

    def list_tasks(self, *, offset: int) -> list[ProviderReport]:
        raise Unclear("no list is documented")

    def read_callback(self, *, headers: Mapping[str, str], body: bytes) -> str:
        data = answers.callback_object(body).get("data")
        return answers.task_id(data.get("task_id") if isinstance(data, dict) else None)

    def _get(self, what: str, provider_task_id: str) -> dict[str, Any]:
        answer = self._http.call("GET", f"/v1/{what}/{quote(provider_task_id, safe='')}")
        # Undocumented, but what else could it say of a task? A proxy's own 404 is still nobody's word.
        if answer.status == 404 and _error(answer):
            raise TaskMissing("404")
        data = _data(answer)
        if data["task_id"] != provider_task_id:
            raise Unclear("answered for another task")
        return data


def _video(request: GenerationRequest, callback_url: str) -> dict[str, Any]:
    return {
        "duration": request.duration,
        "resolution": request.resolution,
        "fps": request.fps,
        "image_input": next(iter(request.image_urls), None),
        "webhook_url": callback_url or None,
    }


def _images(request: GenerationRequest, callback_url: str) -> dict[str, Any]:
    return {
        "resolution": request.resolution,
        "quality": request.quality,
        "num_images": request.count,
        "seed": request.seed,
        "style": request.style,
    }


_BODIES: Mapping[str, Callable[[GenerationRequest, str], dict[str, Any]]] = {"seedance": _video, "seedream": _images}


def _data(answer: Answer) -> dict[str, Any]:
    """What a success tells of a task; a documented error is the provider's word, anything else is unclear.

    The document shows it in the envelope, as `data`, and also without one: in its samples of /v1/tasks and /v1/results.
    """
    body = answer.json or {}
    if 200 <= answer.status < 300:
        data = body["data"] if isinstance(body.get("data"), dict) else body
        try:
            return {**data, "task_id": answers.task_id(data.get("task_id"))}
        except ValueError as not_an_id:
            raise Unclear("a task without an id") from not_an_id
    if error := _error(answer):
        raise _refusal(answer, error)
    raise Unclear(f"{answer.status} without the documented error")


def _error(answer: Answer) -> dict[str, Any] | None:
    """What the documented envelope of an error holds, or None."""
    body = answer.json or {}
    error = body.get("error")
    is_documented = body.get("status") == "error" and isinstance(error, dict) and isinstance(error.get("code"), str)
    return error if is_documented else None


def _refusal(answer: Answer, error: dict[str, Any]) -> ProviderError:
    code = error["code"]
    if code == "RATE_LIMITED" or answer.status == 429:
        return Busy(retry_after_seconds(answer.headers, datetime.now(UTC)))
    if code == "SERVICE_UNAVAILABLE" or answer.status == 503:
        # Every answer tells of the quota; of an outage only Retry-After does.
        told = {name: value for name, value in answer.headers.items() if name == "retry-after"}
        return Busy(retry_after_seconds(told, datetime.now(UTC)))
    if code in ACCOUNT_CODES:
        return AccountRefused(code)
    if code not in REFUSALS:
        return Unclear(f"{answer.status} with an undocumented code")
    if _is_prompt_too_long(error.get("details")):
        return Refused("PROMPT_TOO_LONG")
    return Refused(failure_code(error.get("message"), otherwise=REFUSALS[code]))


def _is_prompt_too_long(details: Any) -> bool:
    return isinstance(details, dict) and (details.get("field"), details.get("constraint")) == ("prompt", "max_length")


def _report(data: dict[str, Any]) -> ProviderReport:
    urls = _links(data)
    # A create's answer that brings images has no status of its own.
    word = data.get("status", "completed" if "images" in data else None)
    progress, unknown_word = read_outcome(word, urls)
    now = datetime.now(UTC)
    return ProviderReport(
        provider_task_id=data["task_id"],
        progress=progress,
        percent=answers.whole_number(data.get("progress"), most=100),
        output_urls=urls,
        link_expires_at=min(answers.moment(data.get("completed_at")) or now, now) + LINK_LIFE,
        failure_code=failure_code(data.get("error_message")) if progress == Progress.FAILED else "",
        unknown_word=unknown_word,
        model=answers.text(data.get("model")),
        created_at=answers.moment(data.get("created_at")),
    )


def _links(data: dict[str, Any]) -> tuple[str, ...]:
    """Every image of a set in its order, or the one video."""
    images = data.get("images")
    if isinstance(images, list):
        return answers.links([image.get("url") if isinstance(image, dict) else None for image in images])
    result = data.get("result")
    return answers.links([result.get("video_url")] if isinstance(result, dict) else [])

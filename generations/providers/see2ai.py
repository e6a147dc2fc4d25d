"""SEE2AI, see2ai_video_generation_v1 (2026-03-23): POST /api/v1/actions/…, and the status of a task.

The document names the path of the status in passing only, so it is an option of the account. It has neither a list nor
a callback: a create whose answer is lost is not found again. How long links live it does not say; a day, as elsewhere.
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
from .words import failure_code, read_outcome, read_status

CREATE_PATH = "/api/v1/actions/see2ai_video_generation_v1"
STATUS_PATH = "/api/v1/status/{task_id}"
LINK_LIFE = timedelta(hours=24)
COSTS = ("cost_points", "input_tokens", "output_tokens", "total_tokens")
TRACES = ("cost_time", "provider_config_id")  # milliseconds; and which of their own configurations made it
ACCOUNT_REASONS = {401: "INVALID_API_KEY", 402: "INSUFFICIENT_CREDITS"}
REFUSALS = {400: "INVALID_REQUEST", 500: "PROVIDER_ERROR"}


class See2ai:
    OPTIONS = ("status_path",)
    SIGNATURES = ()
    lists_tasks = False

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        status_path: str = STATUS_PATH,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not status_path.startswith("/") or not status_path.isprintable() or "{task_id}" not in status_path:
            raise ValueError(f"status_path must be a path that holds {{task_id}}, such as {STATUS_PATH}")
        self._status_path = status_path
        self._http = Exchange(base_url, headers={"Authorization": f"Bearer {key}"}, transport=transport)

    def submit(self, request: GenerationRequest, *, model: str, callback_url: str) -> ProviderReport:
        return _report(_output(self._http.call("POST", CREATE_PATH, json=_input(request, model))))

    def fetch(self, provider_task_id: str) -> ProviderReport:
        answer = self._http.call("GET", self._status_path.replace("{task_id}", quote(provider_task_id, safe="")))
        # Undocumented, but what else could it say of a task? A proxy's own 404 is still nobody's word.
        if answer.status == 404 and _says_no(answer.json or {}):
            raise TaskMissing("404")
        report = _report(_output(answer))
        if report.provider_task_id != provider_task_id:
            raise Unclear("answered for another task")
        return report

    def list_tasks(self, *, offset: int) -> list[ProviderReport]:
        raise Unclear("no list is documented")

    def read_callback(self, *, headers: Mapping[str, str], body: bytes) -> str:
        raise ValueError("no callback is documented")


def _input(request: GenerationRequest, model: str) -> dict[str, Any]:
    """The documented input with what the request has set. Left alone, `sync` would keep the answer until the end."""
    chosen = {
        **_one_or_many("non_face_image_url", request.image_urls),
        "face_image_url": request.face_image_url or None,
        **_one_or_many("video_url", request.video_urls),
        **_one_or_many("audio_url", request.audio_urls),
        "first_frame_url": request.first_frame_url or None,
        "last_frame_url": request.last_frame_url or None,
        "duration": request.duration,
        "resolution": request.resolution,
        "aspect_ratio": request.aspect_ratio,
        "watermark": request.watermark,
        "generate_audio": request.generate_audio,
        "enable_web_search": request.enable_web_search,
        "force_asset_upload": request.force_asset_upload,
    }
    sent = {name: value for name, value in chosen.items() if value is not None}
    return {"model_name": model, "prompt": request.prompt or None, "sync": False, **sent}


def _one_or_many(name: str, urls: tuple[str, ...]) -> dict[str, Any]:
    """One link has a parameter of its own, several go in a list under the plural."""
    if not urls:
        return {}
    return {name: urls[0]} if len(urls) == 1 else {f"{name}s": list(urls)}


def _output(answer: Answer) -> dict[str, Any]:
    """The documented output of a success; a documented error is the provider's word, anything else is unclear."""
    body = answer.json or {}
    if 200 <= answer.status < 300:
        return body
    if not _says_no(body):
        raise Unclear(f"{answer.status} without the documented output")
    raise _refusal(answer, body)


def _says_no(body: dict[str, Any]) -> bool:
    """Whether an error's body is of the output schema, and does not say that the task lives."""
    progress, unknown_word = read_status(body.get("state"))
    lives = isinstance(body.get("state"), str) and progress != Progress.FAILED and not unknown_word
    return not lives and any(isinstance(body.get(name), str) for name in ("error_message", "state"))


def _refusal(answer: Answer, body: dict[str, Any]) -> ProviderError:
    if answer.status == 429:
        return Busy(retry_after_seconds(answer.headers, datetime.now(UTC)))
    if answer.status in ACCOUNT_REASONS:
        return AccountRefused(ACCOUNT_REASONS[answer.status])
    if answer.status in REFUSALS:
        return Refused(failure_code(body.get("error_message"), otherwise=REFUSALS[answer.status]))
    return Unclear(f"{answer.status} is no documented refusal")


def _report(output: dict[str, Any]) -> ProviderReport:
    try:
        task_id = answers.task_id(output.get("task_id"))
    except ValueError as error:
        raise Unclear("a task without an id") from error
    urls = answers.links(output.get("result_urls"))
    progress, unknown_word = read_outcome(output.get("state"), urls)
    return ProviderReport(
        provider_task_id=task_id,
        progress=progress,
        output_urls=urls,
        link_expires_at=datetime.now(UTC) + LINK_LIFE,
        failure_code=failure_code(output.get("error_message")) if progress == Progress.FAILED else "",
        unknown_word=unknown_word,
        model=answers.text(output.get("model")) or None,
        cost=_cost(output),
        warnings=answers.remarks(output.get("warnings")),
    )


def _cost(output: dict[str, Any]) -> dict[str, int | str]:
    """What it charged us, and what it gives to trace that by: its source is the maker behind it."""
    numbers = {name: answers.whole_number(output.get(name)) for name in (*COSTS, *TRACES)}
    source = answers.remarks([output.get("source")])
    told: dict[str, int | str] = {name: number for name, number in numbers.items() if number is not None}
    return told | ({"source": source[0]} if source and source[0] else {})

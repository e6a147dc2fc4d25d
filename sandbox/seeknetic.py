"""The Seeknetic API as its document has it: vectors of texts and clips in one space, tags of clips, tensors for both.

What the document leaves open: vectors have 512 dimensions. An error is {"detail": …}, as its "OpenAPI request model"
hints. A status has the fields of the documented samples, and of a tagging `tags`, by kind: the document gives no schema
of them. `POST /video_tagging`, which only its part on keys shows, answers with the tags at once. An upload's keys are
`r2_keys`, named as the tensor mode takes them. A request no key has made is answered 404. Links need not be public. All
answers say that this is the sandbox, as their `model`.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

from sandbox import tags, vectors
from sandbox.breakage import ending, spoiled, spoiled_fetch
from sandbox.desk import Desk, Trouble, bearer
from sandbox.faults import Faults
from sandbox.looks import CannotLook
from sandbox.readings import Found, Reading
from sandbox.received import Received
from sandbox.rules import is_url
from sandbox.seeknetic_request import Missing, Wanted, upload_of
from sandbox.seen import Look
from sandbox.state import Sandbox
from sandbox.web import BODY_LIMIT, Handler, Reply, Request, Response, Route, json_response

VENDOR = "seeknetic"
DIMS = 512
UPLOAD_BYTES = 16 * 1024 * 1024
ERRORS = {
    "reject": (400, "请求参数错误"),
    "401": (401, "API 密钥无效"),
    "402": (402, "Quota exceeded"),
    "404": (404, "Request not found"),
    "413": (413, "Payload too large"),
    "422": (422, "Validation error"),
    "429": (429, "超过速率限制"),
    "500": (500, "服务器内部错误"),
    "502": (502, "外部 API 错误"),
    "504": (504, "请求超时"),
}
REFUSALS = (*(reason for reason in ERRORS if reason != "404"), "503")
TOO_LARGE = json_response(413, {"detail": "Payload too large"}, connection="close")


class Seeknetic:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        # Any key will do that is one.
        self.desk = Desk(sandbox=sandbox, vendor=VENDOR, key_prefixes=("",), refusals=REFUSALS)

    def routes(self) -> list[Route]:
        def route(methods: str, path: str, handler: Handler, body_limit: int = BODY_LIMIT) -> Route:
            return Route(methods, path, self._documented(handler), too_large=TOO_LARGE, body_limit=body_limit)

        return [
            route("POST", "/video_embedding/encode_text", self.encode_text),
            route("POST", "/video_embedding/encode_video/async", self.encode_video),
            route("POST", "/video_tagging/async", self.tag_video),
            route("GET POST", "/video_tagging", self.tag_now),
            route("GET", "/async_status/{request_id}", self.status),
            route("POST", "/files/upload/tensors", self.upload, UPLOAD_BYTES),
        ]

    async def encode_text(self, request: Request) -> Reply:
        self.sandbox.counters.text_calls += 1
        body = self._admitted(request)[1]
        text = body.get("text")
        if not isinstance(text, str) or not text.strip():
            raise Missing("text")
        faults = self.desk.meet_faults(request, text)
        self.sandbox.counters.count_text(text)
        vector = vectors.of_text(text, dims=DIMS, model=VENDOR)
        return spoiled(json_response(200, {"embedding": vector, "model": vectors.MODEL}), faults)

    async def encode_video(self, request: Request) -> Reply:
        return await self._begin(request, "embedding", _embedded)

    async def tag_video(self, request: Request) -> Reply:
        return await self._begin(request, "tagging", _tagged)

    async def tag_now(self, request: Request) -> Reply:
        wanted, _key, faults = self._wanted(request, "tagging")
        try:
            found = _tagged(await self._look(wanted))
        except CannotLook as exc:
            raise Trouble("502", str(exc)) from exc
        return spoiled(json_response(200, {"status": "completed", **found, "model": vectors.MODEL}), faults)

    async def status(self, request: Request, request_id: str) -> Reply:
        self.sandbox.counters.status_calls += 1
        key = self.desk.admit(key_of(request), kind="reads")
        reading = self.sandbox.readings.of(key, request_id)
        if reading is None:
            raise Trouble("404")
        reading.fetches += 1
        for fault, reason in (("poll_404", "404"), ("poll_500", "500")):
            if reading.fetches <= float(reading.faults.get(fault, 0)):
                raise Trouble(reason)
        return spoiled_fetch(json_response(200, _told(reading, time.time())), reading.faults, fetches=reading.fetches)

    async def upload(self, request: Request) -> Reply:
        self.sandbox.counters.uploads += 1
        _key, body = self._admitted(request)
        upload = upload_of(body)
        faults = self.desk.meet_faults(request, upload.request_id)
        folder = f"tensors/{upload.request_id or uuid.uuid4()}-{uuid.uuid4().hex[:8]}"
        keys = {f"{name}_key": f"{folder}/{name}.json" for name in upload.parts}
        for name, part in upload.parts.items():
            self.sandbox.tensors.keep(keys[f"{name}_key"], part if name == "video_input" else None)
        return spoiled(json_response(200, {"r2_keys": keys, "model": vectors.MODEL}), faults)

    async def _begin(self, request: Request, kind: str, represent: Callable[[Look], Found]) -> Reply:
        wanted, key, faults = self._wanted(request, kind)
        seconds, error = ending(faults, self.sandbox.settings)

        async def work() -> Found:
            return represent(await self._look(wanted))

        reading = self.sandbox.readings.begin(key, work(), seconds=seconds, error=error, faults=faults)
        told = {"request_id": reading.id, "status": "queued", "model": vectors.MODEL}
        return spoiled(json_response(200, told), faults)

    def _wanted(self, request: Request, kind: str) -> tuple[Wanted, str, Faults]:
        """What a POST about a clip asks for, its key, and what goes wrong; raises Trouble or Missing."""
        self.sandbox.counters.clip_calls += 1
        key, body = self._admitted(request)
        wanted = Wanted.from_body(body, kind)
        if unknown := [each for each in wanted.tensor_keys if each not in self.sandbox.tensors]:
            raise Trouble("reject", f"Unknown tensor key: {unknown[0]}")
        if wanted.video_url and not is_url(wanted.video_url):
            raise Trouble("reject", "video_url must be a URL")
        faults = self.desk.meet_faults(request, wanted.video_url)
        self.sandbox.counters.count_clip(kind, wanted.video_url)
        return wanted, key, faults

    def _admitted(self, request: Request) -> tuple[str, dict[str, Any]]:
        """The key and the body of a POST, which is kept; raises Trouble."""
        key = key_of(request)
        body = self.desk.admit_post(key, request)
        self.sandbox.asked.keep(Received(VENDOR, request.path, _without_data(body)))
        return key, body

    async def _look(self, wanted: Wanted) -> Look:
        """Raises CannotLook."""
        if wanted.video_url:
            return await self.sandbox.looks.look(wanted.video_url)
        look = self.sandbox.tensors.look(wanted.tensor_keys[0])
        if look is None:
            raise CannotLook("Tensor data does not fit its shape")
        return look

    def _documented(self, handler: Handler) -> Handler:
        """Troubles, and what is missing, as the documented status codes."""

        async def answer(request: Request, **names: str) -> Reply:
            try:
                return await handler(request, **names)
            except Missing as missing:
                missed = {"loc": ["body", missing.name], "msg": "Field required", "type": "missing"}
                return json_response(422, {"detail": [missed]})

        return self.desk.documented(answer, own=ERRORS, refuse=_refused)


def key_of(request: Request) -> str:
    """By either of the documented headers."""
    return request.headers.get("x-api-key") or bearer(request)


def _refused(trouble: Trouble) -> Response:
    status, words = ERRORS[trouble.reason]
    message = f"{words}: {trouble.message}" if trouble.message else words
    return json_response(status, {"detail": message}, **trouble.headers)


def _embedded(look: Look) -> Found:
    return {"embedding": vectors.of_clip(look.comment, look.colours, dims=DIMS, model=VENDOR)}


def _tagged(look: Look) -> Found:
    return {"tags": tags.of_look(look)}


def _told(reading: Reading, now: float) -> Found:
    """The documented fields, and of a completed request what was found."""
    status = reading.status(now)
    ended = status in ("completed", "failed")
    told: Found = {
        "request_id": reading.id,
        "status": status if ended else reading.faults.get("status_word", status),
        "error_message": reading.failure if status == "failed" else None,
        "embedding": None,
        "model": vectors.MODEL,
    }
    return told | reading.found if status == "completed" else told


def _without_data(body: dict[str, Any]) -> dict[str, Any]:
    """A tensor is too long to keep: of its data only how long it was."""
    return {
        name: value | {"data": len(value["data"])}
        if isinstance(value, dict) and isinstance(value.get("data"), str)
        else value
        for name, value in body.items()
    }

"""Seeknetic: vectors of texts and clips in one space, tags of clips, tensors in place of links.

Its document names no model, and no size of its vectors: the model's name is the account's own, never sent, and says
which vectors belong together. Requests about clips are answered by a request id, told of at /async_status.

All that the document has is here, tensors too: Filmgate itself sends links, and whoever has frames and no link for them
uploads these first.

Its table of errors has statuses and no envelope. Nothing asked for here is lost by asking again, so "later" needs no
proof; a refusal, which is for good, and a word on our account need an object as their body, or they are a proxy's.

    400 422      Refused, with an object as the body
    413          Refused, whoever said so: the same request will not pass again
    401 402      AccountRefused, with an object as the body
    429 502 503  Busy: the limit of the key, or what it stands on is away. That goes for every request, so the account
                 is to wait. 503 is in no table
    404          TaskMissing of a request id, with an object as the body; it is in no table
    500 504      Unclear: may be about this one clip ("a smaller video"), and the others should go on. As all the rest
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from . import answers
from .base import AccountRefused, Busy, Progress, ProviderError, Refused, TaskMissing, Unclear
from .clip_tags import read_tags
from .embedding import CALL_SECONDS, TEXT_SECONDS, ClipReport, Vector
from .http import Answer, Exchange
from .retry_after import retry_after_seconds
from .vectors import model_option, number_option, of_one_size, read_vector
from .words import failure_code, read_status

MODEL = "seeknetic"
KEY_HEADERS = ("x-api-key", "bearer")
ACCOUNT_REASONS = {401: "INVALID_API_KEY", 402: "INSUFFICIENT_CREDITS"}
UPLOAD_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Tensor:
    """`data` as it goes over the wire is base64; `dtype` is such as uint8 or float32."""

    data: bytes
    shape: tuple[int, ...]
    dtype: str

    def as_json(self) -> dict[str, Any]:
        return {"data": base64.b64encode(self.data).decode(), "shape": list(self.shape), "dtype": self.dtype}


class Seeknetic:
    OPTIONS = ("key_header", "model", "version")
    dims = 0
    most_texts = 1
    takes_model = False

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        key_header: str = KEY_HEADERS[0],
        model: str = MODEL,
        version: str = "1",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if key_header not in KEY_HEADERS:
            raise ValueError(f"key_header must be one of: {', '.join(KEY_HEADERS)}")
        self.model = model_option(model)
        self.version = number_option("version", version, least=1, most=9999)
        headers = {"X-API-Key": key} if key_header == "x-api-key" else {"Authorization": f"Bearer {key}"}
        self._http = Exchange(base_url, headers=headers, transport=transport)

    def embed_texts(self, texts: Sequence[str], *, total_seconds: float = TEXT_SECONDS) -> list[Vector]:
        """One call for each, as the API has it: more than `most_texts` of them take that much longer."""
        return of_one_size([self._embed_text(text, total_seconds) for text in texts])

    def begin_embedding(self, video_url: str = "", *, tensor: Mapping[str, str] | None = None) -> str:
        """`tensor` in place of the link: the keys that upload_tensors returned."""
        return self._begin("/video_embedding/encode_video/async", video_url, tensor)

    def begin_tagging(self, video_url: str = "", *, tensor: Mapping[str, str] | None = None) -> str:
        return self._begin("/video_tagging/async", video_url, tensor)

    def fetch(self, request_id: str) -> ClipReport:
        answer = self._http.call("GET", f"/async_status/{quote(request_id, safe='')}", total_seconds=CALL_SECONDS)
        if answer.status == 404 and answer.json is not None:
            raise TaskMissing("404")
        return _report(request_id, _object(answer))

    def upload_tensors(
        self,
        *,
        service: str,
        request_id: str,
        video_input: Tensor,
        audio_input: Tensor | None = None,
        video_kwargs: Mapping[str, Any] | None = None,
    ) -> dict[str, str]:
        """The keys, as a begin_ takes them: {"video_input_key": "…", "audio_input_key": "…"}.

        `service` is embedding or tagging.
        """
        parts = {
            "video_input": video_input.as_json(),
            "audio_input": audio_input.as_json() if audio_input else None,
            "video_kwargs": dict(video_kwargs) if video_kwargs is not None else None,
        }
        sent = {name: part for name, part in parts.items() if part is not None}
        body = {"service": service, "request_id": request_id, **sent}
        answer = self._http.call("POST", "/files/upload/tensors", json=body, total_seconds=UPLOAD_SECONDS)
        return _keys(_object(answer), tuple(sent))

    def _embed_text(self, text: str, total_seconds: float) -> Vector:
        answer = self._http.call(
            "POST",
            "/video_embedding/encode_text",
            json={"text": text},
            read_seconds=total_seconds,
            total_seconds=total_seconds,
        )
        return read_vector(_object(answer).get("embedding"))

    def _begin(self, path: str, video_url: str, tensor: Mapping[str, str] | None) -> str:
        body: dict[str, Any] = {"video_url": video_url} if tensor is None else {"tensor": dict(tensor)}
        try:
            answer = self._http.call("POST", path, json=body, total_seconds=CALL_SECONDS)
            return answers.task_id(_object(answer).get("request_id"))
        except ValueError as error:
            raise Unclear("a request without an id") from error


def _object(answer: Answer) -> dict[str, Any]:
    """What a success brought; raises as the table of errors at the top has it."""
    if 200 <= answer.status < 300 and answer.json is not None:
        return answer.json
    raise _refusal(answer)


def _refusal(answer: Answer) -> ProviderError:
    if answer.status in (429, 502, 503):
        return Busy(retry_after_seconds(answer.headers, datetime.now(UTC)))
    if answer.status == 413:
        return Refused("INVALID_REQUEST")
    if answer.json is not None and answer.status in ACCOUNT_REASONS:
        return AccountRefused(ACCOUNT_REASONS[answer.status])
    if answer.json is not None and answer.status in (400, 422):
        return Refused(failure_code(answer.json.get("detail"), otherwise="INVALID_REQUEST"))
    return Unclear(f"{answer.status} is no documented answer")


def _report(request_id: str, body: dict[str, Any]) -> ClipReport:
    """A status word that nobody knows is still running."""
    if body.get("request_id") not in (None, request_id):
        raise Unclear("answered for another request")
    progress, _unknown_word = read_status(body.get("status"))
    if progress == Progress.FAILED:
        return ClipReport(
            request_id=request_id, progress=progress, failure_code=failure_code(body.get("error_message"))
        )
    if progress == Progress.RUNNING:
        return ClipReport(request_id=request_id, progress=progress)
    tags = read_tags(body)
    has_vector = tags is None or isinstance(body.get("embedding"), list)
    vector = read_vector(body.get("embedding")) if has_vector else ()
    return ClipReport(request_id=request_id, progress=progress, vector=vector, tags=tags or ())


def _keys(body: dict[str, Any], parts: Sequence[str]) -> dict[str, str]:
    """A key for each part that was sent, by the names of the tensor mode; raises Unclear where one is not there.

    The document calls them r2_keys and does not show them: by these names, or by the parts'.
    """
    told = body["r2_keys"] if isinstance(body.get("r2_keys"), dict) else body
    given = {f"{part}_key": told.get(f"{part}_key", told.get(part)) for part in parts}
    keys = {name: key for name, key in given.items() if isinstance(key, str) and key}
    if len(keys) != len(parts):
        raise Unclear("an upload without its keys")
    return keys

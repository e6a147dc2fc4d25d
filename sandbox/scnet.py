"""SCNet's embeddings as its document has them, which is OpenAI's API: POST /api/llm/v1/embeddings.

What the document leaves open: errors are in OpenAI's envelope. Its model has 4,096 dimensions and takes no others, by
the name `dimensions` or, as its table has it, `dimension`, a number or, as its sample has it, the digits. A few more
models are here than it names, of other sizes and with a choice of them, as other servers of that API have; a name that
is none is answered 404. What is told in `model` is that this is the sandbox.
"""

import base64
import struct
import time
import uuid
from dataclasses import dataclass
from typing import Any

from sandbox import vectors
from sandbox.breakage import spoiled
from sandbox.desk import Desk, Trouble, bearer
from sandbox.grams import tokens
from sandbox.received import Received
from sandbox.rules import is_whole
from sandbox.state import Sandbox
from sandbox.web import Reply, Request, Response, Route, json_response

VENDOR = "scnet"
PATH = "/api/llm/v1/embeddings"
# Dimensions by model.
MODELS = {
    "Qwen3-Embedding-8B": 4096,
    "Qwen3-Embedding-4B": 2560,
    "Qwen3-Embedding-0.6B": 1024,
    "text-embedding-3-small": 1536,
}
FIXED = ("Qwen3-Embedding-8B",)
LEAST_DIMS = 32
MOST_TEXTS = 5
MOST_TOKENS = 8192
# OpenAI's types by status.
ERRORS = {
    "reject": (400, "invalid_request_error", "参数错误"),
    "401": (401, "invalid_api_key", "Incorrect API key provided"),
    "402": (402, "insufficient_balance", "Insufficient balance"),
    "404": (404, "model_not_found", "The model does not exist"),
    "413": (413, "invalid_request_error", "Request body too large"),
    "422": (422, "invalid_request_error", "Unprocessable request"),
    "429": (429, "rate_limit_exceeded", "Rate limit reached for requests"),
    "500": (500, "server_error", "The server had an error while processing your request"),
    "504": (504, "timeout", "Request timed out"),
}
REFUSALS = (*(reason for reason in ERRORS if reason != "404"), "502", "503")


@dataclass(frozen=True, slots=True)
class Wanted:
    model: str
    texts: tuple[str, ...]
    dims: int
    is_base64: bool

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> "Wanted":
        """Raises Trouble."""
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise Trouble("reject", "model is required")
        if model not in MODELS:
            raise Trouble("404", f"The model `{model}` does not exist")
        encoding = body.get("encoding_format", "float")
        if encoding not in ("float", "base64"):
            raise Trouble("reject", "encoding_format must be float or base64")
        return cls(model, _texts(body.get("input")), _dims(body, model), encoding == "base64")


class Scnet:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        # Any key will do that is one.
        self.desk = Desk(sandbox=sandbox, vendor=VENDOR, key_prefixes=("",), refusals=REFUSALS)

    def routes(self) -> list[Route]:
        embed = self.desk.documented(self.embed, own=ERRORS, refuse=_refused)
        return [Route("POST", PATH, embed, too_large=_refused(Trouble("413")))]

    async def embed(self, request: Request) -> Reply:
        counters = self.sandbox.counters
        counters.text_calls += 1
        body = self.desk.admit_post(bearer(request), request)
        self.sandbox.asked.keep(Received(VENDOR, request.path, body))
        wanted = Wanted.from_body(body)
        faults = self.desk.meet_faults(request, "\n".join(wanted.texts))
        for text in wanted.texts:
            counters.count_text(text)
        return spoiled(json_response(200, _represent(wanted)), faults)


def _represent(wanted: Wanted) -> dict[str, object]:
    found = [vectors.of_text(text, dims=wanted.dims, model=wanted.model) for text in wanted.texts]
    told = [_packed(vector) if wanted.is_base64 else vector for vector in found]
    count = sum(tokens(text) for text in wanted.texts)
    return {
        "id": f"embd-{uuid.uuid4().hex}",
        "object": "list",
        "created": int(time.time()),
        "model": vectors.MODEL,
        "data": [{"index": place, "object": "embedding", "embedding": each} for place, each in enumerate(told)],
        "usage": {
            "prompt_tokens": count,
            "completion_tokens": 0,
            "total_tokens": count,
            "prompt_tokens_details": None,
            "completion_tokens_details": None,
            "prompt_cache_hit_tokens": None,
            "prompt_cache_miss_tokens": None,
        },
    }


def _packed(vector: vectors.Vector) -> str:
    """Little-endian numbers of four bytes, as OpenAI has them."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _texts(given: object) -> tuple[str, ...]:
    listed = given if isinstance(given, list) else [given]
    texts = [text for text in listed if isinstance(text, str) and text]
    if not texts or len(texts) != len(listed):
        raise Trouble("reject", "input must be a string or an array of strings, none of them empty")
    if len(texts) > MOST_TEXTS:
        raise Trouble("reject", f"input may have at most {MOST_TEXTS} strings")
    if any(tokens(text) > MOST_TOKENS for text in texts):
        raise Trouble("reject", f"This model's maximum length is {MOST_TOKENS} tokens")
    return tuple(texts)


def _dims(body: dict[str, Any], model: str) -> int:
    whole = MODELS[model]
    given = body.get("dimensions", body.get("dimension"))
    if given is None:
        return whole
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 6:
        given = int(given)
    if not is_whole(given) or not LEAST_DIMS <= given <= whole or (model in FIXED and given != whole):
        raise Trouble("reject", f"{model} does not support {given!r} as dimensions")
    return int(given)


def _refused(trouble: Trouble) -> Response:
    """OpenAI's envelope."""
    status, code, words = ERRORS[trouble.reason]
    error = {"message": trouble.message or words, "type": code, "param": None, "code": code}
    return json_response(status, {"error": error}, **trouble.headers)

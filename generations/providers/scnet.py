"""SCNet's embeddings, and those of any other server of OpenAI's API: POST /embeddings below the base URL.

A model has one size of vectors, `dims`: SCNet's has 4,096 and takes no other, so `dimensions` is sent only where an
operator set another, and then as an integer (the `dimension` and the digits in its document's samples are slips). With
0 none is sent and any size is taken, for a model that has no choice of sizes.

The document has no errors. OpenAI's, and those of servers like it, are objects; what is none is a proxy's word.

    400 413 422  Refused
    401 402 403  AccountRefused, and 429 where the code says that a quota is used up
    404          AccountRefused: there is no such model, or nothing at that address, and both are the account's settings
    429 502 503  Busy, whoever said so: nothing is lost by waiting
    all the rest Unclear
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from .base import AccountRefused, Busy, ProviderError, Refused, Unclear
from .embedding import TEXT_SECONDS, Vector
from .http import Answer, Exchange
from .retry_after import retry_after_seconds
from .vectors import MOST_DIMS, indexed_vectors, model_option, number_option, of_one_size
from .words import failure_code

MODEL = "Qwen3-Embedding-8B"
DIMS = 4096
PATH = "/embeddings"
ENCODINGS = ("float", "base64")
MOST_TEXTS = 5
ACCOUNT_REASONS = {
    401: "INVALID_API_KEY",
    402: "INSUFFICIENT_CREDITS",
    403: "FORBIDDEN",
    404: "NO_SUCH_MODEL",
}
SPENT = ("insufficient_quota", "insufficient_balance", "billing_hard_limit_reached")


class Scnet:
    OPTIONS = ("model", "dims", "encoding", "version")
    most_texts = MOST_TEXTS
    takes_model = True

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        model: str = MODEL,
        dims: str = "",
        encoding: str = ENCODINGS[0],
        version: str = "1",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of: {', '.join(ENCODINGS)}")
        self.model = model_option(model)
        self.dims = number_option("dims", dims or _usual_dims(self.model), least=0, most=MOST_DIMS)
        self.version = number_option("version", version, least=1, most=9999)
        self._encoding = encoding
        # The document's own Python sample has the whole address as its base URL.
        base_url = base_url.rstrip("/").removesuffix(PATH)
        self._http = Exchange(base_url, headers={"Authorization": f"Bearer {key}"}, transport=transport)

    def embed_texts(self, texts: Sequence[str], *, total_seconds: float = TEXT_SECONDS) -> list[Vector]:
        """One call for each five of them."""
        calls = [texts[start : start + MOST_TEXTS] for start in range(0, len(texts), MOST_TEXTS)]
        return of_one_size([vector for few in calls for vector in self._embed(list(few), total_seconds)])

    def _embed(self, texts: list[str], total_seconds: float) -> list[Vector]:
        body: dict[str, Any] = {"model": self.model, "input": texts, "encoding_format": self._encoding}
        if self.dims and (self.model, self.dims) != (MODEL, DIMS):
            body["dimensions"] = self.dims
        answer = self._http.call("POST", PATH, json=body, read_seconds=total_seconds, total_seconds=total_seconds)
        if not 200 <= answer.status < 300 or answer.json is None:
            raise _refusal(answer)
        return indexed_vectors(answer.json.get("data"), len(texts), dims=self.dims)


def _usual_dims(model: str) -> str:
    return str(DIMS) if model == MODEL else "0"


def _refusal(answer: Answer) -> ProviderError:
    error = (answer.json or {}).get("error")
    told: dict[str, Any] = error if isinstance(error, dict) else answer.json or {}
    if answer.status == 429 and (told.get("code") in SPENT or told.get("type") in SPENT):
        return AccountRefused("INSUFFICIENT_CREDITS")
    if answer.status in (429, 502, 503):
        return Busy(retry_after_seconds(answer.headers, datetime.now(UTC)))
    if answer.json is None:
        return Unclear(f"{answer.status} without an object")
    if answer.status in ACCOUNT_REASONS:
        return AccountRefused(ACCOUNT_REASONS[answer.status])
    if answer.status in (400, 413, 422):
        return Refused(failure_code(told.get("message"), otherwise="INVALID_REQUEST"))
    return Unclear(f"{answer.status} is no documented answer")

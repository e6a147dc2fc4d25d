"""What every provider adapter speaks: our words in, our words out.

An adapter translates. It knows the request, its answer and httpx; never the database, credits, sleeping or retrying.

    ProviderError
      NotSent             the request surely did not reach the provider
      Refused             the provider said no, and made nothing
      Busy                the provider said "later" (429, 503)
      AccountRefused      our own account can't be used: turned away (401, 402, 403), or key or options unusable
      TaskMissing         the provider does not know that id (yet)
      Unclear             anything else after the bytes left: it may or may not have been accepted
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from generations.intake import GenerationRequest


class Progress(StrEnum):
    """How far the provider says it is. A word we don't know is RUNNING, with the word kept."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReport:
    """The provider's word on one task. `prompt`, `model` and `created_at`, where told, are there to match a task by.

    `cost` is what the provider says it charged us, in units of its own: {"cost_points": 120, "total_tokens": 90000},
    and whatever else it tells of how that came about, for asking it: {"cost_time": 41000, "source": "…"}.
    `warnings` are its remarks on a request that it took; like all its words they are the operator's alone.
    """

    provider_task_id: str
    progress: Progress
    percent: int | None = None
    output_urls: tuple[str, ...] = ()
    link_expires_at: datetime | None = None
    failure_code: str = ""
    unknown_word: str = ""
    prompt: str | None = None
    model: str | None = None
    created_at: datetime | None = None
    cost: Mapping[str, int | str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class ProviderError(Exception):
    """A call to a provider that brought no report."""


class NotSent(ProviderError):
    """Connect error, connect or pool time-out, DNS, TLS."""


class Refused(ProviderError):
    def __init__(self, failure_code: str) -> None:
        super().__init__(failure_code)
        self.failure_code = failure_code


class Busy(ProviderError):
    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"retry after {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class AccountRefused(ProviderError):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TaskMissing(ProviderError):
    pass


class Unclear(ProviderError):
    pass


class Provider(Protocol):
    """One account of one upstream API. Every method raises ProviderError, and nothing else, when it has no report.

    OPTIONS names what an account may set besides its URL and key: keywords of the constructor, each a string with a
    default. It raises ValueError for one that can't be. SIGNATURES names the schemes of signatures.py that an account's
    callbacks may be signed by; none where there are no callbacks.
    """

    OPTIONS: ClassVar[tuple[str, ...]]
    SIGNATURES: ClassVar[tuple[str, ...]]
    lists_tasks: bool

    def submit(self, request: GenerationRequest, *, model: str, callback_url: str) -> ProviderReport: ...

    def fetch(self, provider_task_id: str) -> ProviderReport: ...

    def list_tasks(self, *, offset: int) -> Sequence[ProviderReport]:
        """One page of the account's tasks, newest first, after so many; empty after the last. Only where `lists_tasks`.

        One request each: reads are counted, and it is for the caller to say how many pages are worth it.
        """
        ...

    def read_callback(self, *, headers: Mapping[str, str], body: bytes) -> str:
        """The provider's task id that a callback names; raises ValueError for a body that names none."""
        ...
